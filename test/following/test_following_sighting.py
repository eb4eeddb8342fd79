"""Bearings in body axes: REP-103's conventions, and what the covariance says of the azimuth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.bearing import Bearing, axes, orientation
from ros2_avloc.errors import InputError
from ros2_avloc.following.sighting import OLDEST, OPTICAL_TO_BODY, sight
from ros2_avloc.vision.camera import Camera


def test_left_of_the_image_is_positive_and_right_negative():
    camera = Camera.from_hfov(640, 480, 1.2)
    for x, sign in ((100.0, 1.0), (600.0, -1.0)):
        ray = camera.rays([(x, 239.5)])[0]
        sighting = sight(0, orientation(ray), np.zeros(36), OPTICAL_TO_BODY)
        assert math.copysign(1.0, sighting.azimuth) == sign
        assert abs(sighting.azimuth) < 0.6


def test_above_the_middle_of_the_image_is_up():
    ray = Camera.from_hfov(640, 480, 1.2).rays([(319.5, 10.0)])[0]
    vector = sight(0, orientation(ray), np.zeros(36), OPTICAL_TO_BODY).vector
    assert vector[2] > 0.3 and vector[0] > 0.8 and abs(vector[1]) < 1e-6


@given(yaw=st.floats(-3.1, 3.1), azimuth=st.floats(-0.6, 0.6), spread=st.floats(0.001, 0.2))
def test_frames_add_up_and_keep_the_deviation(yaw, azimuth, spread):
    """A level bearing with a known deviation to the sides, told in an optical frame that is turned."""
    body = np.array((math.cos(azimuth), math.sin(azimuth), 0.0))
    bearing = Bearing(OPTICAL_TO_BODY.T @ body, np.diag((0.01, spread**2)))
    across = axes(bearing.vector)[:, 1:]
    covariance = np.zeros((6, 6))
    covariance[3:, 3:] = across @ bearing.covariance @ across.T
    rotation = Rotation.from_rotvec((0.0, 0.0, yaw)).as_matrix() @ OPTICAL_TO_BODY
    sighting = sight(7, orientation(bearing.vector), covariance.ravel(), rotation)
    assert math.remainder(sighting.azimuth - azimuth - yaw, math.tau) == pytest.approx(0.0, abs=1e-6)
    assert sighting.deviation == pytest.approx(spread, rel=1e-6)
    assert sighting.stamp == 7


def test_what_was_so_long_ago_is_refused_and_what_comes_late_is_not():
    sighting = sight(7 * 10**9, (0.0, 0.0, 0.0, 1.0), np.zeros(36), np.eye(3))
    for age in (-1.0, 0.0, 0.9 * OLDEST):
        sighting.check_age(sighting.stamp + round(age * 1e9))
    with pytest.raises(InputError, match='tells of 3.0 s ago'):
        sighting.check_age(10 * 10**9)


@pytest.mark.parametrize('quaternion', [(0.0,) * 4, (0.0, 0.0, 0.0, math.nan), (1.0,) * 4])
def test_what_is_no_orientation_is_refused(quaternion):
    with pytest.raises(InputError, match='no unit quaternion'):
        sight(0, quaternion, np.zeros(36), OPTICAL_TO_BODY)


def test_a_covariance_that_is_none_is_never_certain():
    quaternion = (0.0, 0.0, 0.0, 1.0)
    assert sight(0, quaternion, np.full(36, math.nan), np.eye(3)).deviation == math.inf
    assert sight(0, quaternion, -np.eye(6).ravel(), np.eye(3)).deviation == math.inf
