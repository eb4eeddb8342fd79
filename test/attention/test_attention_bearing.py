from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.bearing import (
    Bearing,
    angle,
    axes,
    azimuth_elevation,
    direction,
    orientation,
    rotate,
    spread,
    turned,
    turns,
)

OPTICAL_TO_BODY = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


def _unit(values: tuple[float, float, float]) -> np.ndarray:
    return np.array(values) / np.linalg.norm(values)


numbers = st.floats(-1, 1, allow_subnormal=False)
vectors = st.tuples(numbers, numbers, numbers).filter(lambda v: np.linalg.norm(v) > 0.1).map(_unit)
rotations = st.integers(0, 2**32 - 1).map(lambda seed: Rotation.random(random_state=seed).as_matrix())
covariances = st.tuples(st.floats(1e-5, 0.1), st.floats(1e-5, 0.1), st.floats(-0.9, 0.9)).map(
    lambda s: np.array([[s[0]**2, s[0] * s[1] * s[2]], [s[0] * s[1] * s[2], s[1]**2]]))


@given(vectors)
def test_orientation_turns_the_x_axis_onto_the_vector_without_roll(vector):
    rotation = Rotation.from_quat(orientation(vector)).as_matrix()
    np.testing.assert_allclose(rotation[:, 0], vector, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(rotation), 1)
    level = 1 if abs(vector[2]) > math.sqrt(0.5) else 2
    assert abs(rotation[level, 1]) < 1e-9


@given(vectors)
def test_direction_undoes_orientation(vector):
    np.testing.assert_allclose(direction(orientation(vector)), vector, atol=1e-9)


@pytest.mark.parametrize('vector', [(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0.8, 0, 0.6)])
def test_in_a_body_frame_y_is_left_and_z_up(vector):
    frame = axes(np.array(vector, float))
    np.testing.assert_allclose(frame[:, 1], np.cross((0, 0, 1), vector) / math.hypot(*vector[:2]), atol=1e-12)
    assert frame[2, 2] > 0


def test_in_an_optical_frame_ahead_is_level_too():
    frame = axes(np.array([0.0, 0.0, 1.0]))
    np.testing.assert_array_equal(frame[:, 1], [-1, 0, 0])  # left in the image
    np.testing.assert_array_equal(frame[:, 2], [0, -1, 0])  # up in the image


def test_in_an_optical_frame_the_own_frame_is_rolled_beyond_45_degrees():
    frames = [axes(np.array([math.sin(turn), 0.0, math.cos(turn)])) for turn in map(math.radians, (44, 46))]
    np.testing.assert_allclose([frame[1, 2] for frame in frames], [-1, 0], atol=1e-12)  # z: up, then not
    np.testing.assert_allclose([frame[:, 1] @ frame[:, 0] for frame in frames], 0, atol=1e-12)


def test_azimuth_and_elevation_are_those_of_rep_103():
    left, up = math.radians(30), math.radians(20)
    body = np.array([math.cos(up) * math.cos(left), math.cos(up) * math.sin(left), math.sin(up)])
    assert azimuth_elevation(body) == pytest.approx((left, up))
    assert azimuth_elevation(OPTICAL_TO_BODY.T @ body, optical=True) == pytest.approx((left, up))


@given(vectors)
def test_optical_and_body_angles_agree(vector):
    optical = azimuth_elevation(vector, optical=True)
    body = azimuth_elevation(OPTICAL_TO_BODY @ vector)
    np.testing.assert_allclose(np.exp(1j * np.array(optical)), np.exp(1j * np.array(body)), atol=1e-9)


@given(vectors, vectors)
def test_turns_are_undone(start, end):
    if angle(start, end) < math.pi - 1e-3:
        by = turns(start, end)
        assert np.linalg.norm(by) == pytest.approx(angle(start, end), abs=1e-9)
        np.testing.assert_allclose(turned(start, by), end, atol=1e-7)


@given(vectors, st.floats(-0.5, 0.5), st.sampled_from([0, 1]))
def test_a_turn_is_one_about_the_bearings_own_axis(start, by, which):
    own = axes(start)
    expected = Rotation.from_rotvec(by * own[:, 1 + which]).apply(start)
    np.testing.assert_allclose(turned(start, np.eye(2)[which] * by), expected, atol=1e-9)


@given(vectors, covariances, rotations)
def test_rotating_there_and_back_changes_nothing(vector, covariance, rotation):
    bearing = Bearing(vector, covariance)
    back = rotate(rotate(bearing, rotation), rotation.T)
    np.testing.assert_allclose(back.vector, vector, atol=1e-9)
    if abs(abs(vector[2]) - math.sqrt(0.5)) > 1e-6:
        np.testing.assert_allclose(back.covariance, covariance, atol=1e-12)


@given(vectors, covariances, rotations)
def test_rotating_keeps_the_size_of_the_uncertainty(vector, covariance, rotation):
    rotated = rotate(Bearing(vector, covariance), rotation)
    size, before = np.linalg.eigvalsh(rotated.covariance), np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(size, before, atol=1e-12)
    np.testing.assert_allclose(spread(rotated) @ rotated.vector, 0, atol=1e-12)


def test_uncertain_to_the_sides_stays_so_in_every_frame():
    ahead = Bearing(np.array([0.0, 0.0, 1.0]), np.diag([0.01, 0.09]))  # optical frame
    body = rotate(ahead, OPTICAL_TO_BODY)
    np.testing.assert_allclose(body.vector, [1, 0, 0])
    np.testing.assert_allclose(body.covariance, np.diag([0.01, 0.09]), atol=1e-12)
    np.testing.assert_allclose(spread(body), np.diag([0, 0.09, 0.01]), atol=1e-12)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_the_covariance_is_that_of_samples(seed):
    rng = np.random.default_rng(seed)
    vector = Rotation.random(random_state=seed).apply([1, 0, 0])
    covariance = np.diag([4e-4, 1e-4])
    samples = [turned(vector, by) for by in rng.multivariate_normal([0, 0], covariance, 400)]
    np.testing.assert_allclose(np.cov(np.array(samples).T), spread(Bearing(vector, covariance)), atol=1.5e-4)
