"""Aiming a head: angles, limits, speeds, and a camera that turns with it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.following.aiming import Aiming, HeadLimits, body_vector, joints_towards
from ros2_avloc.following.course import SHORTEST

MS = 1_000_000
WIDE = HeadLimits(pan=(-3.1, 3.1), tilt=(-1.4, 1.4))


@given(pan=st.floats(-3.0, 3.0), tilt=st.floats(-1.3, 1.3))
def test_what_is_straight_ahead_of_the_turned_camera_asks_for_its_own_angles(pan, tilt):
    foot = body_vector(np.array((pan, tilt)), np.array((1.0, 0.0, 0.0)))
    assert joints_towards(foot, WIDE) == pytest.approx((pan, tilt), abs=1e-9)


def test_tilt_is_positive_downwards():
    down = np.array((math.cos(0.3), 0.0, -math.sin(0.3)))
    assert joints_towards(down, WIDE) == pytest.approx((0.0, 0.3))


def test_a_joint_goes_as_far_as_it_can():
    behind = np.array((-1.0, 0.1, 0.0))
    assert joints_towards(behind, HeadLimits(pan=(-1.0, 1.2)))[0] == 1.2


def test_a_bearing_counts_from_where_the_head_was_when_the_picture_was_taken():
    aiming = Aiming(WIDE)
    for ms in range(0, 200, 10):  # the head turns by 1 rad/s
        aiming.feel(ms * MS, np.array((ms / 1000, 0.0)))
    left = np.array((math.cos(0.4), math.sin(0.4), 0.0))
    aiming.see(105 * MS, left, 200 * MS, from_camera=True)
    assert aiming.step(200 * MS).joints == pytest.approx((0.505, 0.0))


def test_a_bearing_from_the_foot_counts_as_it_is():
    aiming = Aiming(WIDE)
    aiming.feel(0, np.array((1.0, 0.2)))
    aiming.see(0, np.array((1.0, 0.0, 0.0)), 0, from_camera=False)
    assert aiming.step(0).joints == pytest.approx((0.0, 0.0))


@given(angle=st.floats(0.05, 3.0), speed=st.floats(0.1, 3.0), acceleration=st.floats(0.1, 10.0))
def test_a_cubic_from_rest_to_rest_keeps_speed_and_acceleration(angle, speed, acceleration):
    aiming = Aiming(HeadLimits(pan=(-3.1, 3.1), max_speed=speed, max_acceleration=acceleration))
    aiming.feel(0, np.zeros(2))
    aiming.see(0, np.array((math.cos(angle), math.sin(angle), 0.0)), 0, from_camera=True)
    duration = aiming.step(0).duration
    s = np.linspace(0.0, 1.0, 1001)
    course = angle * (3 * s**2 - 2 * s**3)
    seconds = duration / 1000
    assert np.gradient(course, seconds).max() <= speed * 1.001
    assert 6 * angle / duration**2 <= acceleration * 1.001


def test_a_goal_is_given_once_and_again_when_it_has_moved():
    aiming = Aiming(HeadLimits(dead_band=0.03))
    aiming.feel(0, np.zeros(2))
    given = []
    for number, angle in enumerate((0.2, 0.21, 0.22, 0.24, 0.24)):
        aiming.see(number, np.array((math.cos(angle), math.sin(angle), 0.0)), number, from_camera=True)
        given.append(aiming.step(number))
    assert [goal is not None for goal in given] == [True, False, False, True, False]


def test_when_bearings_cease_on_the_way_the_goal_is_where_the_head_comes_to_rest():
    aiming = Aiming(HeadLimits())
    aiming.feel(0, np.zeros(2))
    aiming.see(0, np.array((math.cos(1.0), math.sin(1.0), 0.0)), 0, from_camera=True)
    assert aiming.step(0) is not None
    for ms in range(400, 601, 20):  # it turns by 0.5 rad/s
        aiming.feel(ms * MS, np.array((ms / 2000, 0.0)))
    goal = aiming.step(610 * MS)
    assert goal.joints == pytest.approx((0.305 + 0.5 * SHORTEST / 2, 0.0))
    assert goal.duration == SHORTEST > 0.5 / HeadLimits().max_acceleration
    assert aiming.step(633 * MS) is None


def test_a_bearing_later_than_the_timeout_gives_a_goal_all_the_same():
    aiming = Aiming(HeadLimits(timeout=0.5))
    for ms in range(0, 1000, 10):
        aiming.feel(ms * MS, np.zeros(2))
    aiming.see(100 * MS, np.array((math.cos(0.4), math.sin(0.4), 0.0)), 1000 * MS, from_camera=True)
    assert aiming.step(1033 * MS).joints == pytest.approx((0.4, 0.0))


def test_when_bearings_cease_after_it_has_arrived_nothing_is_said():
    aiming = Aiming(HeadLimits())
    aiming.feel(0, np.zeros(2))
    aiming.see(0, np.array((math.cos(0.2), math.sin(0.2), 0.0)), 0, from_camera=True)
    aiming.step(0)
    aiming.feel(600 * MS, np.array((0.2, 0.0)))
    assert aiming.step(600 * MS) is None


def test_before_the_joints_are_known_nothing_is_said():
    aiming = Aiming(HeadLimits())
    aiming.see(0, np.array((0.8, 0.6, 0.0)), 0, from_camera=True)
    assert aiming.step(0) is None
    assert aiming.halt(0) is None
