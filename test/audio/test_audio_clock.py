from __future__ import annotations

import numpy as np
import pytest

from ros2_avloc.audio.clock import SampleClock

T0 = 1_700_000_000_000_000_000
CHUNK = 4_800


def errors_ms(*, seconds: float, drift_ppm: float, late: bool,
              spread_ms: float) -> tuple[np.ndarray, SampleClock]:
    """Error of the line at each chunk of a card that drifts; observations spread by `spread_ms`."""
    rng = np.random.default_rng(0)
    card = 48_000 * (1 + drift_ppm * 1e-6)
    clock, errors = None, []
    for index in range(0, int(seconds * 48_000), CHUNK):
        truth = T0 + round(index / card * 1e9)
        noise = rng.uniform(0 if late else -spread_ms, spread_ms)
        observed = truth + round(noise * 1e6)
        if clock is None:
            clock = SampleClock(index, observed, late=late)
        else:
            clock.observe(index, observed)
        errors.append((clock.time_at(index) - truth) * 1e-6)
    assert clock is not None
    return np.abs(errors), clock


def test_time_and_index_are_inverse() -> None:
    clock = errors_ms(seconds=20, drift_ppm=150, late=False, spread_ms=1)[1]
    for index in (0.0, 12_345.5, 1e6, 1e8):
        assert clock.index_at(clock.time_at(index)) == pytest.approx(index, abs=1e-3)


@pytest.mark.parametrize('drift_ppm', [200, -200, 0])
@pytest.mark.parametrize('spread_ms', [0, 1, 5])
def test_stamps_are_followed_for_ten_minutes(drift_ppm: float, spread_ms: float) -> None:
    errors, clock = errors_ms(seconds=600, drift_ppm=drift_ppm, late=False, spread_ms=spread_ms)
    assert errors[30:].max() < 2
    assert errors[3000:].max() < 0.6  # the error does not grow, it shrinks
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=5)


@pytest.mark.parametrize('drift_ppm', [200, -200, 0])
def test_arrivals_are_followed_for_ten_minutes(drift_ppm: float) -> None:
    errors, clock = errors_ms(seconds=600, drift_ppm=drift_ppm, late=True, spread_ms=10)
    assert errors[50:].max() < 5
    assert errors[3000:].max() < 3
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=20)


def test_arrivals_follow_the_earliest_not_the_mean() -> None:
    errors = errors_ms(seconds=30, drift_ppm=0, late=True, spread_ms=60)[0]
    assert np.median(errors[100:]) < 15  # the mean is 30 late


def test_jitter_is_measured() -> None:
    clock = errors_ms(seconds=60, drift_ppm=0, late=False, spread_ms=6)[1]
    assert clock.jitter == pytest.approx(6e-3 / np.sqrt(3), rel=0.3)


def test_one_odd_stamp_hardly_pulls() -> None:
    clock = errors_ms(seconds=30, drift_ppm=0, late=False, spread_ms=0)[1]
    index = 30 * 48_000
    clock.observe(index, T0 + 30_000_000_000 + 40_000_000)
    assert abs(clock.time_at(index) - T0 - 30_000_000_000) < 1_000_000


def test_lateness_that_lasts_moves_the_line_of_arrivals() -> None:
    clock = errors_ms(seconds=10, drift_ppm=0, late=True, spread_ms=0)[1]
    for index in range(10 * 48_000, 13 * 48_000, CHUNK):
        clock.observe(index, T0 + round(index / 48_000 * 1e9) + 64_000_000)
    assert clock.residual(13 * 48_000, T0 + 13_064_000_000) == pytest.approx(0, abs=1e-3)


def test_step_moves_the_line() -> None:
    clock = SampleClock(0, T0, late=False)
    clock.step(-0.02)
    assert clock.time_at(0) == T0 - 20_000_000
