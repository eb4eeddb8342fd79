"""What a person asks for is what is compared."""

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.retrieval.query import read_query

RATE = 48_000


def pitch(samples):
    """The strongest frequency, Hz."""
    return np.argmax(np.abs(np.fft.rfft(samples[240:])))


def test_a_photo(make, tmp_path):
    query = read_query(str(make.photo(tmp_path / 'a.png', 'red')), tmp_path)
    assert query.name == 'a.png' and query.samples is None
    np.testing.assert_array_equal(query.rgb, np.full((60, 90, 3), make.RGB['red']))


@pytest.mark.parametrize('time', ['2.5', '0:2.5', '0:00:02.5'])
def test_a_moment_of_a_recording_seen_and_heard(make, tmp_path, time):
    sound = np.concatenate([make.tone(500, 2.0), make.tone(9_000, 2.0)])
    pictures = [np.full((48, 64, 3), 5 * number, np.uint8) for number in range(40)]
    make.write(tmp_path / 'a.mp4', pictures, sound)
    query = read_query(f'a.mp4@{time}', tmp_path)
    assert query.name == 'a.mp4@2.5' and query.note == ''
    assert np.abs(query.rgb.astype(int) - 125).max() < 5
    assert query.samples.shape == (48_240,) and pitch(query.samples) == 9_000


def test_here_comes_before_the_folder(make, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_query('red.mp4@2', folder).rgb.mean(axis=(0, 1)).argmax() == 0
    make.video(tmp_path / 'red.mp4', 'blue')
    assert read_query('red.mp4@2', folder).rgb.mean(axis=(0, 1)).argmax() == 2


def test_a_path_with_an_at_sign(make, tmp_path):
    make.photo(tmp_path / 'a@3.png', 'red')
    make.video(tmp_path / 'b@home.mp4', 'blue')
    assert read_query('a@3.png', tmp_path).name == 'a@3.png'
    assert read_query('b@home.mp4@1.5', tmp_path).name == 'b@home.mp4@1.5'


def test_the_loudest_second_of_a_sound(make, tmp_path):
    parts = [make.tone(500, 3.0, 0.05), make.tone(3_000, 1.5, 0.5), make.tone(9_000, 3.0, 0.1)]
    make.write(tmp_path / 'a.wav', None, np.concatenate(parts))
    assert pitch(read_query('a.wav', tmp_path).samples) == 3_000
    assert pitch(read_query('a.wav@6', tmp_path).samples) == 9_000


def test_a_short_sound_is_followed_by_silence(make, tmp_path):
    make.write(tmp_path / 'bark.wav', None, make.tone(3_000, 0.4))
    samples = read_query('bark.wav', tmp_path).samples
    assert samples.shape == (48_240,) and pitch(samples) == 3_000
    assert np.abs(samples[:240]).max() == 0 and np.abs(samples[240 + round(0.4 * RATE) + 2:]).max() == 0
    assert np.abs(samples[240:240 + round(0.4 * RATE)]).max() == pytest.approx(0.3, abs=0.01)


def test_a_moment_that_is_silent_or_at_the_edge_is_seen_alone(make, tmp_path):
    make.video(tmp_path / 'a.mp4', 'red', 4.0, np.zeros(4 * RATE, np.float32))
    query = read_query('a.mp4@2', tmp_path)
    assert query.samples is None and query.rgb is not None and 'a.mp4@2 is silent' in query.note
    make.video(tmp_path / 'b.mp4', 'red', 4.0)
    query = read_query('b.mp4@0', tmp_path)
    assert query.samples is None and 'no whole second of sound' in query.note


@pytest.mark.parametrize(('text', 'sentence'), [
    ('none.mp4@3', 'There is no none.mp4, neither here nor in'),
    ('none.png', 'There is no none.png'),
    ('', 'There is no'),
    ('@3', 'There is no'),
    ('a.mp4', 'Say which moment of .*a.mp4 is meant, in seconds, as in a.mp4@12.5'),
    ('a.mp4@soon', "'soon' in a.mp4@soon is no time"),
    ('a.mp4@-1', 'is no time'),
    ('a.mp4@nan', 'is no time'),
    ('a.mp4@inf', 'is no time'),
    ('a.mp4@1e300', 'is no time'),
    ('a.mp4@', 'is no time'),
    ('a.mp4@77', 'a.mp4 ends after 3.9 s; give a moment in it, not 77'),
    ('a.png@3', 'is a photo and has no moments; leave out @3'),
    ('a.wav@77', 'has no whole second of sound around 77 s'),
    ('silent.wav', 'silent.wav@.* is silent .*give something that sounds'),
    ('broken.mp4@1', 'broken.mp4 cannot be read'),
    ('notes.txt@1', 'notes.txt cannot be read'),
])
def test_what_cannot_be_searched_for_is_said_in_a_sentence(make, tmp_path, text, sentence):
    make.video(tmp_path / 'a.mp4', 'red')
    make.photo(tmp_path / 'a.png', 'red')
    make.write(tmp_path / 'a.wav', None, make.tone(500, 3.0))
    make.write(tmp_path / 'silent.wav', None, np.zeros(3 * RATE, np.float32))
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    (tmp_path / 'notes.txt').write_text('no recording')
    with pytest.raises(InputError, match=sentence):
        read_query(text, tmp_path)
