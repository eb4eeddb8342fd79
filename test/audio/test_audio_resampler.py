from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.resampler import Resampler

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000]


def in_chunks(samples: NDArray[np.float32], rate: int, chunk: int) -> NDArray[np.float32]:
    resampler = Resampler(rate)
    return np.concatenate([resampler.resample(samples[i:i + chunk]) for i in range(0, len(samples), chunk)])


@settings(max_examples=20, deadline=None)
@given(rate=st.sampled_from(RATES), chunk=st.integers(1, 5000))
def test_chunks_equal_the_whole(rate: int, chunk: int) -> None:
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, rate // 2).astype(np.float32)
    got = in_chunks(noise, rate, max(chunk, rate // 1000))
    whole = noise if rate == 48_000 else soxr.resample(noise, rate, 48_000)
    assert np.abs(got - whole[:len(got)]).max() < 1e-4


@pytest.mark.parametrize('rate', RATES)
def test_sine_stays_clean_and_in_time(rate: int) -> None:
    t = np.arange(rate) / rate
    got = in_chunks(np.sin(2 * np.pi * 997 * t).astype(np.float32), rate, 777)
    expected = np.sin(2 * np.pi * 997 * np.arange(len(got)) / 48_000)
    error = (got - expected)[2400:]  # the beginning, where silence becomes sine, is no steady sine
    assert np.sqrt(np.mean(error ** 2)) < 1e-5


@pytest.mark.parametrize('rate', RATES)
def test_impulse_is_not_delayed(rate: int) -> None:
    impulse = np.zeros(rate, np.float32)
    impulse[rate // 3] = 1
    got = in_chunks(impulse, rate, 256)
    assert abs(np.argmax(np.abs(got)) - rate // 3 * 48_000 / rate) <= 0.5


@pytest.mark.parametrize('rate', RATES)
def test_little_is_held_back(rate: int) -> None:
    got = in_chunks(np.zeros(2 * rate, np.float32), rate, rate // 100)
    assert 2 - len(got) / 48_000 < (0.041 if rate >= 16_000 else 0.181)
