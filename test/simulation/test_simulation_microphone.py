from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.microphone import GAIN, KNEE, Microphone, Room, Source, soft_clip

EMPTY = np.zeros(0, np.float32)


def tone(seconds: float, amplitude: float = 0.5) -> NDArray[np.float32]:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def level(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def microphone() -> Microphone:
    return Microphone(np.random.default_rng(0))


def moving(time: float) -> float:
    return 2.0 + np.sin(3 * time)


@pytest.mark.parametrize('distance', [1.0, 2.0, 4.0, 8.0])
def test_direct_sound_falls_with_distance(distance: float) -> None:
    source = Source(0, tone(1.0), EMPTY, lambda time: distance)
    heard = microphone().hear([source], 0, SAMPLE_RATE)
    expected = level(GAIN * tone(1.0)) - 20 * np.log10(distance)
    assert level(heard) == pytest.approx(expected, abs=0.1)


def test_sound_at_the_microphone_stays_finite() -> None:
    heard = microphone().hear([Source(0, tone(1.0), EMPTY, lambda time: 0.0)], 0, SAMPLE_RATE)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0


def test_direct_and_reverberant_sound_are_equal_at_the_critical_distance() -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        room = Room.draw(rng)
        noise = rng.standard_normal(2 * SAMPLE_RATE).astype(np.float32)
        wet = room.reverberate(noise)
        direct = noise / np.float32(room.critical_distance)
        assert wet.size == noise.size + room.response.size - 1
        assert level(wet[SAMPLE_RATE : 2 * SAMPLE_RATE]) == pytest.approx(level(direct), abs=0.5)


def test_room_decays_in_its_rt60() -> None:
    for seed in range(5):
        room = Room.draw(np.random.default_rng(seed))
        assert 0.1 <= room.rt60 <= 0.5
        backward = np.cumsum(room.response[::-1].astype(np.float64) ** 2)[::-1]
        decay = 10 * np.log10(backward / backward[0])
        early, late = np.argmax(decay < -5), np.argmax(decay < -25)
        assert 3 * (late - early) / SAMPLE_RATE == pytest.approx(room.rt60, rel=0.2)


@given(cuts=st.lists(st.integers(1, 59_999), max_size=6), start=st.integers(-1000, 50_000))
def test_blocks_join_without_a_trace(cuts: list[int], start: int) -> None:
    ear = microphone()
    room = Room.draw(np.random.default_rng(1))
    dry = tone(0.6)
    sources = [Source(20_000, dry, room.reverberate(dry), moving), Source(5_000, EMPTY, tone(0.3), moving)]
    whole = ear.hear(sources, start, 60_000)
    borders = [0, *sorted(set(cuts)), 60_000]
    parts = [ear.hear(sources, start + a, b - a) for a, b in zip(borders[:-1], borders[1:], strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_loudness_moves_without_steps() -> None:
    steady = Source(0, np.full(SAMPLE_RATE, 0.5, np.float32), EMPTY, moving)
    heard = microphone().hear([steady], 0, SAMPLE_RATE)
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    np.testing.assert_allclose(heard, 0.5 * GAIN / moving(time), atol=0.005)


def test_self_noise_is_quiet_white_and_never_repeats() -> None:
    noise = microphone().hear([], 0, 3 * SAMPLE_RATE)
    assert -90 < level(noise) < -60
    first, second, third = noise.reshape(3, -1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert abs(np.corrcoef(first, third)[0, 1]) < 0.05
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.05


@given(st.lists(st.floats(-100, 100, width=32), min_size=1))
def test_soft_clip_keeps_small_signals_order_and_bounds(values: list[float]) -> None:
    samples = np.sort(np.array(values, np.float32))
    clipped = soft_clip(samples)
    assert np.abs(clipped).max() <= 1.0
    assert (np.diff(clipped) >= 0).all()
    small = np.abs(samples) <= KNEE
    np.testing.assert_array_equal(clipped[small], samples[small])
