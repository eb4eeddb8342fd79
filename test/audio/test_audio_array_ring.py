"""Channels of an array stay with the mono samples, and with each other, whatever happens to the stream."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import SOUND_SAMPLES, Missing, Sound
from ros2_avloc.errors import InputError

T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
CHANNELS = 4


def recording(rate: int, seconds: float, channels: int = CHANNELS) -> NDArray[np.int16]:
    """Noise of which each channel holds a later piece: three samples between two neighbours."""
    noise = np.random.default_rng(7).integers(-9000, 9000, round(rate * seconds) + 3 * channels)
    smooth = np.convolve(noise, np.ones(8) / 8, 'same').astype(np.int16)
    return np.stack([smooth[3 * k:3 * k + round(rate * seconds)] for k in range(channels)], axis=1)


def hear(hearing: Hearing, samples: NDArray[np.int16], rate: int, *, lost: range = range(0),
         jitter: float = 0.0) -> None:
    length = 1024
    rng = np.random.default_rng(1)
    for number, at in enumerate(range(0, len(samples) - length + 1, length)):
        stamp = T0 + round((at / rate + rng.uniform(-jitter, jitter)) * SECOND)
        if number not in lost:
            piece = samples[at:at + length].tobytes()
            hearing.hear(Chunk(piece, AudioFormat('pcm', 'S16LE', rate, samples.shape[1]), stamp, stamp))


def second(hearing: Hearing, until: float) -> Sound:
    sound = hearing.timeline.second(T0 + round(until * SECOND))
    assert isinstance(sound, Sound), sound
    return sound


@pytest.mark.parametrize('rate', [16_000, 44_100, 48_000])
@pytest.mark.parametrize(('lost', 'jitter'), [(range(0), 0.0), (range(20, 26), 0.0), (range(0), 3e-3)])
def test_mono_is_the_mean_of_the_channels_sample_by_sample(rate: int, lost: range, jitter: float) -> None:
    hearing = Hearing(array=CHANNELS)
    hear(hearing, recording(rate, 6.0), rate, lost=lost, jitter=jitter)
    sound = second(hearing, 5.5)
    assert sound.channels is not None and sound.channels.shape == (SOUND_SAMPLES, CHANNELS)
    assert np.std(sound.samples) > 0.01
    np.testing.assert_allclose(sound.channels.mean(axis=1), sound.samples, atol=2e-6)
    assert hearing.timeline.status.lost_samples == pytest.approx(len(lost) * 1024 * 48_000 / rate, abs=2)


@pytest.mark.parametrize('rate', [16_000, 48_000])
def test_channels_keep_their_delays(rate: int) -> None:
    hearing = Hearing(array=CHANNELS)
    hear(hearing, recording(rate, 4.0), rate, lost=range(10, 13))
    channels = second(hearing, 3.5).channels
    assert channels is not None
    apart = 3 * 48_000 // rate
    np.testing.assert_allclose(channels[apart:, 0], channels[:-apart, 1], atol=1e-4)


def test_the_order_is_that_of_audio_select() -> None:
    hearing = Hearing(select=(3, 1), array=2)
    samples = np.zeros((48_000 * 2, 4), np.int16)
    samples[:] = (1000, 2000, 3000, 4000)
    hear(hearing, samples, 48_000)
    sound = second(hearing, 1.9)
    assert sound.channels is not None
    np.testing.assert_allclose(sound.channels[-1] * 32768, (4000, 2000))
    assert sound.samples[-1] * 32768 == pytest.approx(3000)


def test_without_an_array_no_channels_are_kept_and_nothing_else_changes() -> None:
    samples = recording(44_100, 3.0)
    plain, array = Hearing(), Hearing(array=CHANNELS)
    for hearing in (plain, array):
        hear(hearing, samples, 44_100, lost=range(5, 8))
    assert second(plain, 2.5).channels is None
    np.testing.assert_array_equal(second(plain, 2.5).samples, second(array, 2.5).samples)
    assert plain.timeline.status == array.timeline.status


def test_as_many_channels_as_places_are_wanted() -> None:
    hearing = Hearing(array=4)
    with pytest.raises(InputError, match='audio.array places 4 microphones, but the audio has 2 channels'):
        hear(hearing, recording(48_000, 0.1, channels=2), 48_000)
    assert hearing.timeline.second(T0) is Missing.NO_AUDIO


def test_a_new_epoch_has_its_own_channels() -> None:
    hearing = Hearing(array=CHANNELS)
    hear(hearing, recording(16_000, 3.0), 16_000)
    hear(hearing, recording(48_000, 3.0), 48_000)
    sound = second(hearing, 2.5)
    assert sound.epoch == 1
    np.testing.assert_allclose(sound.channels.mean(axis=1), sound.samples, atol=2e-6)
