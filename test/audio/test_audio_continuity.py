from __future__ import annotations

import pytest

from ros2_avloc.audio.continuity import Timing, Tolerance, Verdict, judge, lasting_shift

STAMPS = Tolerance.of_stamps(1e-3)
ARRIVALS = Tolerance.of_arrivals(1e-3)
LENGTH = 0.064


def verdict(residuals: list[float], tolerance: Tolerance = STAMPS, apart: float = LENGTH) -> Verdict:
    timings = [Timing(residual, LENGTH, round(place * apart * 1e9))
               for place, residual in enumerate(residuals)]
    return judge(timings, tolerance, longest_hole=10.0)


@pytest.mark.parametrize(('residuals', 'expected'), [
    ([0.0], Verdict.CONTINUE),
    ([0.004], Verdict.CONTINUE),
    ([0.064], Verdict.WAIT),
    ([0.064, 0.001], Verdict.CONTINUE),
    ([0.064, 0.064], Verdict.LOST),
    ([0.030, 0.031], Verdict.LOST),
    ([0.064, 0.128], Verdict.WAIT),
    ([0.064, 0.128, 0.128], Verdict.LOST),
    ([-0.064, -0.064], Verdict.REPEATED),
    ([-0.020, -0.020], Verdict.STEPPED),
    ([-3.0, -3.0], Verdict.RESTART),
    ([11.0, 11.0], Verdict.RESTART),
    ([1e9, 0.0], Verdict.CONTINUE),
    ([0.1 * k for k in range(1, 9)], Verdict.WAIT),
    ([0.1 * k for k in range(1, 10)], Verdict.RESTART),
])
def test_stamped(residuals: list[float], expected: Verdict) -> None:
    assert verdict(residuals) is expected


def test_delivery_that_stalls_and_catches_up_is_no_loss() -> None:
    residuals = [0.6]
    while residuals[-1] > 0.1:
        assert verdict(residuals, ARRIVALS, apart=0.001) is Verdict.WAIT
        residuals.append(residuals[-1] - LENGTH + 0.001)
    assert verdict(residuals, ARRIVALS, apart=0.001) is Verdict.CONTINUE


def test_large_gap_of_arrivals_that_lasts_is_a_loss() -> None:
    assert verdict([0.32] * 5, ARRIVALS) is Verdict.WAIT
    assert verdict([0.32] * 6, ARRIVALS) is Verdict.LOST


def test_small_lateness_of_arrivals_is_jitter() -> None:
    assert verdict([0.064], ARRIVALS) is Verdict.CONTINUE


@pytest.mark.parametrize(('residuals', 'expected'), [
    ([0.010] * 16, 0.010),
    ([0.006, 0.014] * 8, 0.010),
    ([0.010] * 15, 0.0),
    ([0.004] * 16, 0.0),
    ([-0.010] * 16, 0.0),
    ([-0.010, 0.030] * 8, 0.0),
])
def test_small_loss_shows_in_the_mean(residuals: list[float], expected: float) -> None:
    assert lasting_shift(residuals) == pytest.approx(expected)


def test_tolerance_grows_with_the_jitter() -> None:
    assert Tolerance.of_stamps(5e-3).seconds == pytest.approx(0.02)
    assert Tolerance.of_stamps(0).seconds == pytest.approx(0.005)
