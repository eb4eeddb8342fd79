from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SOUND_SAMPLES, Sound
from ros2_avloc.audio.spectrogram import FRONT_END, AudioFrontEnd, SpectrogramStream, spectrogram
from ros2_avloc.errors import BundleError, InputError

GOLDEN = Path(__file__).parents[1] / 'data' / 'audio_spectrogram_golden.npz'


def chirp(count: int = SOUND_SAMPLES) -> NDArray[np.float32]:
    """Rising tone over a quiet hum, by formula alone."""
    t = np.arange(count) / 48_000
    rising = 0.5 * np.sin(2 * np.pi * (200 * t + 9000 * t ** 2))
    return (rising + 0.01 * np.sin(2 * np.pi * 50 * t)).astype(np.float32)


def by_definition(samples: NDArray[np.float32], column: int) -> NDArray[np.float64]:
    """One column in double precision, from the sum that defines the DFT."""
    n = np.arange(480)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 480)
    windowed = samples[240 * column:240 * column + 480].astype(np.float64) * hann
    dft = np.exp(-2j * np.pi * np.outer(np.arange(257), n) / 512) @ windowed
    power = np.abs(dft) ** 2 * (2 / hann.sum()) ** 2
    return (10 * np.log10(power + 1e-8) + 40) / 20


def bin_sine(amplitude: float, index: int = 40) -> NDArray[np.float32]:
    return (amplitude * np.sin(2 * np.pi * index / 512 * np.arange(SOUND_SAMPLES))).astype(np.float32)


def test_golden_array() -> None:
    golden = np.load(GOLDEN)
    got = spectrogram(chirp())[:, golden['columns']]
    assert np.abs(got - golden['values']).max() < 1e-3


def test_golden_array_is_the_definition() -> None:
    golden = np.load(GOLDEN)
    for place, column in enumerate(golden['columns']):
        assert np.allclose(golden['values'][:, place], by_definition(chirp(), int(column)), atol=1e-4)


def test_shape_and_layout() -> None:
    got = spectrogram(chirp())
    assert got.shape == (257, 200) and got.dtype == np.float32 and got.flags.c_contiguous


@pytest.mark.parametrize(('amplitude', 'value'), [(1.0, 2.0), (0.1, 1.0), (0.01, 0.0)])
def test_sine_on_a_bin_has_its_level(amplitude: float, value: float) -> None:
    got = spectrogram(bin_sine(amplitude))
    assert np.allclose(got[40], value, atol=1e-3)
    assert (got.argmax(axis=0) == 40).all()


def test_silence_is_the_floor() -> None:
    assert np.allclose(spectrogram(np.zeros(SOUND_SAMPLES, np.float32)), -2.0, atol=1e-6)


def test_column_looks_at_its_480_samples_alone() -> None:
    samples = np.zeros(SOUND_SAMPLES, np.float32)
    samples[240 * 100 + 240] = 1.0
    heard = (spectrogram(samples) > -1.9).any(axis=0)
    # The sample is the middle of column 100, and the first of column 101, where the window is 0.
    assert np.flatnonzero(heard).tolist() == [100]


@pytest.mark.parametrize('samples', [
    np.zeros(48_000, np.float32), np.zeros(SOUND_SAMPLES, np.float64),
    np.zeros((1, SOUND_SAMPLES), np.float32)])
def test_other_arrays_are_refused(samples: NDArray[np.float32]) -> None:
    with pytest.raises(InputError, match='48240 float32 samples'):
        spectrogram(samples)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-30, 260), min_size=1, max_size=8))
def test_stream_equals_whole(steps: list[int]) -> None:
    audio = np.random.default_rng(7).normal(scale=0.1, size=HOP * 3000).astype(np.float32)
    stream, end = SpectrogramStream(), HOP * 1000
    for step in steps:
        end += HOP * step
        samples = audio[end - SOUND_SAMPLES:end]
        assert np.allclose(stream.spectrogram(Sound(samples, end, 0)), spectrogram(samples), atol=1e-6)


def test_stream_computes_all_after_a_new_epoch() -> None:
    stream = SpectrogramStream()
    stream.spectrogram(Sound(chirp(), HOP * 300, 0))
    silence = np.zeros(SOUND_SAMPLES, np.float32)
    assert (stream.spectrogram(Sound(silence, HOP * 301, 1)) < -1.99).all()


def test_a_spectrogram_stays_as_it_is_when_the_next_one_is_made() -> None:
    stream = SpectrogramStream()
    first = stream.spectrogram(Sound(chirp(), HOP * 300, 0))
    second = stream.spectrogram(Sound(np.roll(chirp(), -3 * HOP), HOP * 303, 0))
    assert np.array_equal(first, spectrogram(chirp()))
    assert not np.array_equal(first, second)


def test_front_end_survives_a_bundle() -> None:
    assert AudioFrontEnd.from_dict(FRONT_END.as_dict()) == FRONT_END
    assert FRONT_END.bins == 257


def test_front_end_of_another_version_names_the_setting() -> None:
    settings = FRONT_END.as_dict()
    del settings['floor']
    with pytest.raises(BundleError, match='floor'):
        AudioFrontEnd.from_dict(settings)
