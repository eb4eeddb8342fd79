import av
import numpy as np
import pytest

from ros2_avloc.audio.sound import HOP, SOUND_SAMPLES, Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.film import Film
from ros2_avloc.recordings.video import VideoWriter


def test_frames_come_back_with_their_colours_and_times(tmp_path):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    stamps = [1_000_000_000, 1_100_000_000, 1_300_000_000]
    with VideoWriter(tmp_path / 'out.mp4', 65, 48, 15.0) as video:
        for colour, stamp in zip(colours, stamps, strict=True):
            video.write(np.full((48, 65, 3), colour, np.uint8), stamp)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * 3
    np.testing.assert_allclose([frame.time for frame in frames], [0.0, 0.1, 0.3], atol=1e-3)
    for frame, colour in zip(frames, colours, strict=True):
        np.testing.assert_allclose(frame.to_ndarray(format='bgr24')[20, 20], colour, atol=12)


def test_sound_begins_with_the_first_frame(tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)
    with VideoWriter(tmp_path / 'out.mp4', 64, 48, 10.0, sound=True) as video:
        for number in range(10):
            video.write(np.zeros((48, 64, 3), np.uint8), number * 100_000_000)
            video.hear(tone[4_800 * number:4_800 * (number + 1)])
    with av.open(str(tmp_path / 'out.mp4')) as container:
        blocks = list(container.decode(audio=0))
    assert abs(float(blocks[0].time)) < 0.03
    heard = np.concatenate([block.to_ndarray()[0] for block in blocks])
    spectrum = np.abs(np.fft.rfft(heard[4_800:43_200] * np.hanning(38_400)))
    assert spectrum.argmax() * 48_000 / 38_400 == pytest.approx(440, abs=1.3)
    assert len(heard) == pytest.approx(48_000, abs=2_100)


@pytest.mark.parametrize('name', ['no/such/folder/out.mp4', 'out.unknown'])
def test_a_file_that_cannot_be_made_is_named(tmp_path, name):
    with pytest.raises(InputError, match=f'{name} cannot be written .*mp4'):
        VideoWriter(tmp_path / name, 64, 48, 15.0)


class Tone:
    """A recording with sound in its second half, as far as a film asks."""

    stamps = np.arange(5, 2_000_000_006, 100_000_000)

    def sounds(self, untils):
        for until in untils:
            ends = (until - 5) * 48_000 // 1_000_000_000 // HOP * HOP
            there = 96_000 <= ends <= 144_000
            yield Sound(np.full(SOUND_SAMPLES, 0.3, np.float32), ends, 0) if there else Missing.NO_AUDIO


def test_a_film_has_the_size_of_its_first_picture_and_the_sound_of_the_recording(tmp_path):
    grey = np.full((48, 64, 3), 120, np.uint8)
    with Film(tmp_path / 'out.mp4', 10.0, Tone()) as film:
        for number, stamp in enumerate(Tone.stamps.tolist()):
            film.show(np.full((96, 128, 3), 120, np.uint8) if number == 1 else grey, stamp)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {(64, 48)}
    np.testing.assert_allclose(frames[1].to_ndarray(format='bgr24'), grey, atol=4)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        heard = np.concatenate([block.to_ndarray()[0] for block in container.decode(audio=0)])
    loud = np.flatnonzero(np.abs(heard) > 0.1)
    assert abs(loud[0] / 48_000 - 1.0) < 0.05 and abs(loud[-1] / 48_000 - 2.1) < 0.15
    with Film(tmp_path / 'none.mp4', 10.0, Tone()):
        pass
    assert not (tmp_path / 'none.mp4').exists()


def test_two_frames_within_a_tick_are_both_kept(tmp_path):
    with VideoWriter(tmp_path / 'out.mp4', 64, 48, 10.0) as video:
        for stamp in (0, 3_000, 7_000, 100_000_000):
            video.write(np.zeros((48, 64, 3), np.uint8), stamp)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        assert len(list(container.decode(video=0))) == 4
