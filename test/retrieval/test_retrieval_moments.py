"""Which moments of a recording there are, and what is kept of them."""

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.retrieval.material import Photo, find_material, open_material
from ros2_avloc.retrieval.moments import choose_moments, embed_moments, nearest

S = 1_000_000_000


def embedded(path, embedder, every=1.0):
    ticks = []
    moments = embed_moments(open_material(path), embedder, every, ticks.append)
    assert ticks == pytest.approx((np.arange(len(moments)) + 1) / len(moments))
    return moments


def test_a_video_has_a_moment_each_second_with_the_sound_around_it(make, embedder, tmp_path):
    moments = embedded(make.video(tmp_path / 'a.mp4', 'green', 4.0), embedder)
    np.testing.assert_array_equal(np.diff(moments.times), S)
    assert len(moments) == 3  # 3.9 s from the first frame to the last
    assert np.linalg.norm(moments.seen, axis=1) == pytest.approx(1)
    assert np.linalg.norm(moments.heard, axis=1) == pytest.approx(1)
    assert moments.seen[:, :3].argmax(axis=1).tolist() == [1, 1, 1]
    assert moments.heard[:, :3].argmax(axis=1).tolist() == [1, 1, 1]
    assert moments.levels == pytest.approx(10 * np.log10(0.3 ** 2 / 2), abs=0.5)


def test_the_second_is_centred_on_its_frame(make, embedder, tmp_path):
    sound = np.concatenate([make.tone(500, 2.0), make.tone(9_000, 2.0)])
    pictures = [np.full((48, 64, 3), 128, np.uint8)] * 40
    moments = embedded(make.write(tmp_path / 'a.mp4', pictures, sound), embedder, 0.5)
    low = moments.heard[:, 0] > moments.heard[:, 2]
    # The pitch changes at 2 s of the recording, at whose beginning the stamp is one second.
    times = moments.times / S - 1
    assert low[np.isfinite(moments.heard[:, 0]) & (times < 1.9)].all()
    assert not low[times > 2.1].any()


def test_silence_is_marked_and_not_embedded(make, embedder, tmp_path):
    sound = np.concatenate([make.tone(3_000, 2.0), np.zeros(4 * make.RATE, np.float32)])
    moments = embedded(make.video(tmp_path / 'a.mp4', 'green', 6.0, sound), embedder)
    silent = moments.times / S - 1 > 2.6
    assert silent.any() and (moments.levels[silent] < -60).all()
    assert np.isnan(moments.heard[silent]).all() and np.isfinite(moments.seen).all()
    assert np.isfinite(moments.heard[(moments.times / S - 1 > 0.6) & (moments.times / S - 1 < 1.4)]).all()


def test_a_video_without_sound_a_sound_and_a_photo(make, embedder, tmp_path):
    mute = embedded(make.video(tmp_path / 'mute.mp4', 'red', 3.0, None), embedder)
    assert np.isnan(mute.levels).all() and np.isnan(mute.heard).all() and np.isfinite(mute.seen).all()
    wav = embedded(make.write(tmp_path / 'a.wav', None, make.tone(500, 3.5)), embedder)
    assert np.isnan(wav.seen).all() and wav.heard[:, :3].argmax(axis=1).tolist() == [0, 0, 0]
    photo = embedded(make.photo(tmp_path / 'a.png', 'blue'), embedder)
    assert photo.seen[:, :3].argmax(axis=1).tolist() == [2] and np.isnan(photo.levels).all()


def test_a_long_sound_is_listened_to_until_its_end(make, tmp_path):
    recording = open_material(make.write(tmp_path / 'a.flac', None, make.tone(500, 150.0)))
    times = choose_moments(recording, 1.0)
    assert len(times) == 149  # the half column before a second makes the last one too long
    np.testing.assert_array_equal(np.diff(times), S)


def test_a_sound_too_short_for_a_second_is_said_so(make, embedder, tmp_path):
    path = make.write(tmp_path / 'short.wav', None, make.tone(500, 0.5))
    with pytest.raises(InputError, match=r'short\.wav has neither a frame nor a whole second of sound'):
        embedded(path, embedder)


def test_the_nearest_stamp_and_the_earlier_of_two():
    assert nearest(np.array([10, 20, 30]), np.array([-5, 14, 15, 16, 99])).tolist() == [0, 0, 0, 1, 2]
    assert nearest(np.array([7]), np.array([0, 7, 9])).tolist() == [0, 0, 0]


def test_what_is_searched_in_a_folder(make, folder):
    make.photo(folder / 'photo.PNG', 'red')
    make.photo(folder / 'avloc-search.png', 'red')
    (folder / 'notes.txt').write_text('no recording')
    (folder / 'bag').mkdir()
    (folder / 'bag' / 'metadata.yaml').write_text('')
    make.photo(folder / 'bag' / 'inside.png', 'red')
    names = [path.relative_to(folder).as_posix() for path in find_material(folder)]
    assert names == ['bag', 'deep/er/blue.mp4', 'deep/green.mkv', 'photo.PNG', 'red.mp4']


def test_a_folder_without_anything_and_none_are_said_so(tmp_path):
    with pytest.raises(InputError, match='holds no recording: neither'):
        find_material(tmp_path)
    with pytest.raises(InputError, match='does not exist'):
        find_material(tmp_path / 'none')


@pytest.mark.parametrize('content', [b'', b'no picture', b'\x89PNG\r\n\x1a\n' + bytes(40)])
def test_a_damaged_photo_is_said_so(tmp_path, content):
    path = tmp_path / 'broken.png'
    path.write_bytes(content)
    with pytest.raises(InputError, match=r'broken\.png .*replace the file or leave it out'):
        list(Photo(path).frames([0]))


def test_what_is_barely_heard_is_silent(make, embedder, tmp_path):
    # 62 dB below full scale, which this embedder would still tell from nothing.
    moments = embedded(make.write(tmp_path / 'a.wav', None, make.tone(3_000, 3.0, 1.1e-3)), embedder)
    assert moments.levels == pytest.approx(-62.2, abs=0.2) and np.isnan(moments.heard).all()
