"""The control law against a base that lags, bearings that come late, rarely and with noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.following.response import respond
from ros2_avloc.following.steering import Limits, Steering, Turned
from ros2_avloc.simulation.drive import Drive

MS = 1_000_000
TICK, FRAME = 33, 66
"""Milliseconds between two speeds, and between two frames."""

DEGREE = math.radians(1.0)


def close_loop(azimuth: float, *, seconds: float = 5.0, latency: int = 120, noise: float = 0.0,
               limits: Limits | None = None, sees: Callable[[int], bool] = lambda ms: True
               ) -> tuple[list[float], list[float | None]]:
    """Let a base turn to a thing that stands still; return the angles left by ms and the speeds by tick."""
    steering, drive = Steering(limits or Limits()), Drive()
    rng = np.random.default_rng(1)
    left: list[float] = []
    speeds: list[float | None] = []
    for ms in range(round(1000 * seconds)):
        left.append(azimuth - drive.yaw(ms / 1000))
        taken = ms - latency
        if taken >= 0 and taken % FRAME == 0 and sees(taken):
            told = math.remainder(left[taken] + rng.normal(0.0, noise), math.tau)
            steering.see(taken * MS, told, ms * MS)
        if ms % TICK == 0:
            speeds.append(steering.step(ms * MS))
            if speeds[-1] is not None:
                drive.command(ms / 1000, speeds[-1])
    return left, speeds


def of(left: list[float], middle: float = 5 * DEGREE):
    return respond([ms / 1000 for ms in range(len(left))], left, middle)


@given(azimuth=st.floats(-37 * DEGREE, 37 * DEGREE), latency=st.integers(20, 250),
       noise=st.floats(0.0, 1.5 * DEGREE))
@settings(max_examples=30, deadline=None)
def test_what_is_in_view_comes_to_the_middle_within_two_seconds(azimuth, latency, noise):
    left, _ = close_loop(azimuth, latency=latency, noise=noise)
    response = of(left[latency:])
    assert response.settled <= 2.0
    assert response.overshoot < 10 * DEGREE


@given(azimuth=st.floats(-math.pi, math.pi))
@settings(max_examples=20, deadline=None)
def test_whatever_is_round_about_is_faced(azimuth):
    left, speeds = close_loop(azimuth, seconds=8.0)
    assert abs(math.remainder(left[-1], math.tau)) <= 2.5 * DEGREE
    assert max(abs(speed) for speed in speeds if speed is not None) <= Limits().max_speed + 1e-9


def test_what_is_behind_is_turned_to_without_wavering():
    _, speeds = close_loop(math.pi, noise=5 * DEGREE, seconds=3.0)
    assert len({math.copysign(1.0, speed) for speed in speeds if speed}) == 1


@given(azimuth=st.floats(-math.pi, math.pi), acceleration=st.floats(0.5, 5.0))
@settings(max_examples=20, deadline=None)
def test_speed_changes_no_faster_than_allowed(azimuth, acceleration):
    _, speeds = close_loop(azimuth, limits=Limits(max_acceleration=acceleration), noise=DEGREE,
                           sees=lambda ms: not 1000 < ms < 2500)
    steps = np.diff([speed or 0.0 for speed in speeds])
    assert np.abs(steps).max() <= acceleration * TICK / 1000 + 1e-9


def test_a_slow_brake_does_not_swing_beyond():
    left, _ = close_loop(100 * DEGREE, limits=Limits(max_speed=1.5, max_acceleration=0.5), seconds=8.0)
    assert of(left).overshoot < 5 * DEGREE
    assert abs(left[-1]) < 5 * DEGREE


def test_a_bearing_later_than_the_timeout_turns_it_all_the_same():
    left, _ = close_loop(37 * DEGREE, latency=900, seconds=8.0)
    assert of(left[900:]).overshoot < 10 * DEGREE
    assert abs(left[-1]) < 2.5 * DEGREE


def test_when_bearings_cease_it_stops_says_so_once_and_is_silent():
    last = 660
    _, speeds = close_loop(37 * DEGREE, limits=Limits(max_speed=0.2), sees=lambda ms: ms <= last)
    told = [(number * TICK, speed) for number, speed in enumerate(speeds) if speed is not None]
    end, final = told[-1]
    limit = last + 120 + 500  # it came so late
    assert final == 0.0 and sum(speed == 0.0 for _, speed in told) == 1
    assert limit < end <= limit + 0.2 / 3.0 * 1000 + 2 * TICK
    assert all(speed is None for speed in speeds[end // TICK + 1:])
    assert all(speed >= 0.0 for _, speed in told)


def test_when_bearings_cease_in_the_middle_a_zero_is_said_before_silence():
    _, speeds = close_loop(0.0, sees=lambda ms: ms <= 660)
    told = [speed for speed in speeds if speed is not None]
    assert told and set(told) == {0.0}
    assert speeds[-1] is None


def test_before_anything_is_attended_nothing_is_said():
    _, speeds = close_loop(1.0, sees=lambda ms: False)
    assert set(speeds) == {None}


def test_in_the_dead_band_it_holds_still_and_goes_on_saying_so():
    limits = Limits(dead_band=3 * DEGREE)
    _, speeds = close_loop(2 * DEGREE, limits=limits)
    assert set(speeds[10:]) == {0.0}
    left, _ = close_loop(5 * DEGREE, limits=limits)
    assert abs(left[-1]) < 3 * DEGREE


def test_a_stamp_from_the_future_holds_no_longer_than_another():
    steering = Steering(Limits())
    steering.step(0)
    steering.see(10_000 * MS, 0.5, 10 * MS)
    assert steering.step(40 * MS) > 0.0
    assert [steering.step(2000 * MS), steering.step(2033 * MS)] == [0.0, None]


def test_when_time_jumps_back_it_stops():
    steering = Steering(Limits())
    for ms in range(10_000, 10_500, 33):
        steering.see(ms * MS, 1.0, ms * MS)
        steering.step(ms * MS)
    speeds = [steering.step(ms * MS) for ms in range(0, 500, 33)]
    assert 0.0 in speeds and speeds[-1] is None
    steering.see(500 * MS, 1.0, 500 * MS)
    assert steering.step(533 * MS) > 0.0


def test_the_turn_since_the_picture_is_taken_off():
    turned = Turned()
    turned.tell(0, 1.0)
    turned.tell(100 * MS, -0.5)
    turned.tell(300 * MS, 0.0)
    assert turned.between(0, 100 * MS) == pytest.approx(0.1)
    assert turned.between(50 * MS, 200 * MS) == pytest.approx(0.05 - 0.05)
    assert turned.between(-500 * MS, 1000 * MS) == pytest.approx(0.1 - 0.1)
    assert turned.between(400 * MS, 1000 * MS) == 0.0


def test_a_trail_counts_as_turned():
    plain, trailing = Steering(Limits(gain=1.0)), Steering(Limits(gain=1.0))
    for ms in range(0, 1000, 33):
        for steering, trail in ((plain, 0.0), (trailing, 0.2)):
            steering.see(ms * MS, 0.5, ms * MS, trail=trail)
            steering.step(ms * MS)
    assert trailing.step(1000 * MS) < plain.step(1000 * MS)
