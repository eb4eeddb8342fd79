"""Any frame and any second of a video file is the one that it says it is."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.audio.chunk import Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import SOUND_SAMPLES, Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.video import VideoWriter
from ros2_avloc.recordings.video_file import VideoFile
from ros2_avloc.vision.frame import Frame

RNG = np.random.default_rng(3)
EVEN = [number / 25 for number in range(100)]
UNEVEN = np.cumsum(RNG.choice([0.02, 0.033, 0.1, 0.4], 60)).round(3).tolist()
FILES = {
    'even.mp4': (EVEN, ('libx264', 'aac')),
    'uneven.mp4': (UNEVEN, ('libx264', 'aac')),
    'uneven.mkv': (UNEVEN, ('libx264', 'libopus')),
    'even.ts': (EVEN, ('libx264', 'aac')),
    'even.mov': (EVEN, ('mpeg4', 'pcm_s16le')),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory, truth):
    root = tmp_path_factory.mktemp('videos')
    for name, (times, codecs) in FILES.items():
        options = {} if codecs[0] == 'mpeg4' else None
        truth.write_video(root / name, times, sound=truth.noise_of(4.0), codecs=codecs, options=options)
    return root


@pytest.mark.parametrize('name', FILES)
def test_stamps_are_the_times_of_the_frames(folder, truth, name):
    times = np.array(FILES[name][0])
    stamps = VideoFile(folder / name).stamps
    beginning = times[0] if name == 'even.ts' else 0.0  # a transport stream begins at any time
    # Matroska counts milliseconds; the encoders' delay moves the sound of some files before the beginning.
    np.testing.assert_allclose((stamps - truth.ZERO) / truth.NS, times - beginning, atol=0.025)
    np.testing.assert_allclose(np.diff(stamps) / truth.NS, np.diff(times), atol=1.1e-3)


@pytest.mark.parametrize('name', FILES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_frames_in_any_order_are_those_asked_for(folder, truth, name, data):
    video = VideoFile(folder / name)
    wanted = data.draw(st.lists(st.integers(0, len(video.stamps) - 1), min_size=1, max_size=6))
    frames = list(video.frames(wanted))
    assert [truth.number_of(frame.rgb) for frame in frames] == wanted
    assert [frame.stamp for frame in frames] == video.stamps[wanted].tolist()


@pytest.mark.parametrize(('rate', 'channels'), [
    (48_000, 1), (48_000, 2), (44_100, 2), (16_000, 1), (8_000, 1)])
def test_seconds_are_right_to_the_sample_at_any_rate(tmp_path, truth, rate, channels):
    sound = truth.noise_of(14.0, rate)
    path = truth.write_video(tmp_path / 'clip.mov', [0.0, 0.04], sound=sound, rate=rate, channels=channels,
                             codecs=('libx264', 'pcm_s16le'))
    whole = truth.noise_of(14.0)
    untils = [truth.ZERO + round(second * truth.NS) for second in (1.4, 1.41, 2.0, 9.3, 13.5)]
    for until, second in zip(untils, VideoFile(path).sounds(untils), strict=True):
        assert second.end == (until - truth.ZERO) * 48 // 1_000_000 // 240 * 240
        assert second.samples.dtype == np.float32
        np.testing.assert_allclose(second.samples, whole[second.end - SOUND_SAMPLES:second.end], atol=2e-3)


@pytest.mark.parametrize('name', ['even.mp4', 'uneven.mkv', 'even.ts'])
def test_seconds_of_coded_sound_lie_where_they_were(folder, truth, name):
    whole, video = truth.noise_of(4.0), VideoFile(folder / name)
    untils = [truth.ZERO + round(second * truth.NS) for second in (1.5, 2.2, 3.3)]
    lags = set()
    for second in video.sounds(untils):
        lag, alike = truth.lag_of(second.samples, whole[second.end - SOUND_SAMPLES:second.end])
        lags.add(lag)
        assert alike > 0.95
    # A file may begin a little before its first picture; all of it is moved by the same then.
    shift = round((video.stamps[0] - truth.ZERO) * 48e-6 - FILES[name][0][0] * 48_000)
    assert max(abs(lag - shift) for lag in lags) <= 48


def test_seconds_do_not_depend_on_which_are_asked_for(folder, truth):
    video = VideoFile(folder / 'even.mov')
    untils = [truth.ZERO + round(second * truth.NS) for second in (1.2, 1.9, 2.6, 3.9)]
    together = list(video.sounds(untils))
    for until, second in zip(untils, together, strict=True):
        alone, = video.sounds([until])
        assert alone.end == second.end
        np.testing.assert_array_equal(alone.samples, second.samples)


def test_what_has_no_sound_is_not_audible(tmp_path, truth):
    path = truth.write_video(tmp_path / 'late.mov', EVEN, sound=truth.noise_of(2.0), sound_begins=0.7,
                             codecs=('libx264', 'pcm_s16le'))
    video, untils = VideoFile(path), truth.ZERO + (np.arange(0, 40) * truth.NS // 10)
    audible = video.audible(untils)
    assert audible.tolist() == [1.705 <= tenth / 10 <= 2.7 for tenth in range(40)]
    found = list(video.sounds(untils.tolist()))
    assert [isinstance(one, Sound) for one in found] == audible.tolist()
    assert Counter(one for one in found if isinstance(one, Missing)) == {
        Missing.NO_AUDIO: 18, Missing.NOT_YET: 12}
    whole, second = truth.noise_of(2.0), found[20]
    begin = second.end - SOUND_SAMPLES - 33_600
    np.testing.assert_allclose(second.samples, whole[begin:begin + SOUND_SAMPLES], atol=1e-3)


def test_files_may_lack_sound_or_pictures(tmp_path, truth):
    silent = VideoFile(truth.write_video(tmp_path / 'silent.mp4', EVEN))
    assert list(silent.sounds([2 * truth.NS])) == [Missing.NO_AUDIO]
    assert not silent.audible(silent.stamps).any()
    blind = VideoFile(truth.write_video(tmp_path / 'blind.mp4', None, sound=truth.noise_of(2.0)))
    assert len(blind.stamps) == 0
    assert blind.audible(np.array([truth.ZERO + 3 * truth.NS // 2])).all()
    assert all(isinstance(item, Chunk) for item in blind.arrivals())


@pytest.mark.parametrize(('degrees', 'matrix'), [
    (90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))])
def test_a_camera_held_otherwise_is_turned_upright(tmp_path, truth, degrees, matrix):
    path = truth.write_video(tmp_path / 'turned.mp4', EVEN[:3])
    content = bytearray(path.read_bytes())
    # The transformation of a track (ISO 14496-12, 8.3.2): 16.16 numbers, turning clockwise.
    place = content.index(b'tkhd') + 4 + 40
    for offset, value in zip((0, 4, 12, 16), matrix, strict=True):
        content[place + offset:place + offset + 4] = (value << 16).to_bytes(4, 'big', signed=True)
    path.write_bytes(content)
    rgb = next(VideoFile(path).frames([2])).rgb
    upright = truth.picture_of(2)
    expected = np.rot90(upright, -degrees // 90)
    assert rgb.shape == expected.shape
    assert np.abs(rgb.astype(int) - expected).mean() < 12


def test_what_the_writer_writes_is_read_again(tmp_path, truth):
    stamps = [5 * truth.NS, 5 * truth.NS + 70_000_000, 6 * truth.NS]
    with VideoWriter(tmp_path / 'out.mp4', 96, 64, 15.0) as video:
        for number, stamp in enumerate(stamps):
            video.write(truth.picture_of(7 * number)[..., ::-1], stamp)
    read = VideoFile(tmp_path / 'out.mp4')
    np.testing.assert_allclose(read.stamps - read.begin, np.array(stamps) - stamps[0], atol=12_000)
    assert [truth.number_of(frame.rgb) for frame in read.frames(range(3))] == [0, 7, 14]


def test_what_arrives_is_heard_as_it_is_read(folder, truth):
    video, hearing, frames = VideoFile(folder / 'even.mov'), Hearing(), []
    last = 0
    for item in video.arrivals():
        arrival = item.stamp if isinstance(item, Frame) else item.arrival
        assert arrival >= last
        last = arrival
        if isinstance(item, Frame):
            frames.append(truth.number_of(item.rgb))
        else:
            hearing.hear(item)
    assert frames == list(range(100))
    until = truth.ZERO + 3 * truth.NS
    second, = video.sounds([until])
    np.testing.assert_allclose(hearing.timeline.second(until).samples, second.samples, atol=1e-6)


def test_damage_is_told_in_one_sentence(tmp_path, folder):
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'text.mp4').write_text('no video')
    whole = (folder / 'even.mp4').read_bytes()
    (tmp_path / 'cut.mp4').write_bytes(whole[:len(whole) // 2])
    for name in ('empty.mp4', 'text.mp4', 'cut.mp4', 'absent.mp4'):
        with pytest.raises(InputError, match=f'{name} cannot be read as a video'):
            VideoFile(tmp_path / name)


def test_a_file_that_lost_its_middle_names_itself(tmp_path, folder):
    content = bytearray((folder / 'even.ts').read_bytes())
    content[len(content) // 4:] = bytes(len(content) - len(content) // 4)
    (tmp_path / 'holed.ts').write_bytes(content)
    with pytest.raises(InputError, match='holed.ts'):
        list(VideoFile(tmp_path / 'holed.ts').frames([99]))
