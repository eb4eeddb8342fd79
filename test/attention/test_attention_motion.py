from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.bearing import Bearing, angle, turned, turns
from ros2_avloc.attention.motion import RATE, STEADY, WANDERS, Motion, begin, correct, predict, wander

NOISE = math.radians(2)
seeds, durations = st.integers(0, 2**32 - 1), st.floats(1e-3, 20.0)


def _anywhere(seed: int) -> np.ndarray:
    return Rotation.random(random_state=seed).apply([1.0, 0.0, 0.0])


def _sane(motion: Motion) -> bool:
    return (abs(np.linalg.norm(motion.vector) - 1) < 1e-9 and np.isfinite(motion.rate).all()
            and np.allclose(motion.covariance, motion.covariance.T)
            and np.linalg.eigvalsh(motion.covariance).min() > 0)


@settings(deadline=None)
@given(seeds, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), durations)
def test_it_turns_on_the_great_circle_by_its_rate_as_long_as_that_lasts(seed, up, left, seconds):
    start = begin(Bearing(_anywhere(seed), NOISE**2 * np.eye(2)))
    moving = Motion(start.vector, np.array([up, left]), start.covariance)
    moved = predict(moving, seconds)
    way = math.hypot(up, left) * STEADY * (1 - math.exp(-seconds / STEADY))
    expected = turned(start.vector, np.array([up, left]) * STEADY * (1 - math.exp(-seconds / STEADY)))
    assert angle(moved.vector, expected) < 1e-6
    assert np.linalg.norm(moved.rate) == pytest.approx(math.hypot(up, left) * math.exp(-seconds / STEADY))
    assert _sane(moved) or way > math.pi


@settings(deadline=None)
@given(seeds, durations)
def test_two_steps_are_one_long_step(seed, seconds):
    start = begin(Bearing(_anywhere(seed), NOISE**2 * np.eye(2)))
    once, twice = predict(start, seconds), predict(predict(start, 0.3 * seconds), 0.7 * seconds)
    np.testing.assert_allclose(once.covariance, twice.covariance, rtol=1e-6, atol=1e-12)


def test_a_rate_that_nobody_corrects_comes_back_to_its_spread():
    start = begin(Bearing(_anywhere(1), NOISE**2 * np.eye(2)))
    np.testing.assert_allclose(predict(start, 50.0).covariance[2:, 2:], RATE**2 * np.eye(2), atol=1e-9)


def test_out_of_view_it_stays_and_becomes_uncertain():
    moving = Motion(_anywhere(2), np.array([0.1, 0.2]), 0.01 * np.eye(4))
    away = wander(wander(moving, 4.0), 6.0)
    np.testing.assert_array_equal(away.vector, moving.vector)
    np.testing.assert_allclose(away.covariance[:2, :2], (0.01 + 10 * WANDERS) * np.eye(2))
    assert not away.rate.any()


def test_what_moves_evenly_is_followed_and_its_rate_is_found():
    rng, rate = np.random.default_rng(0), np.array([0.02, 0.12])
    start = _anywhere(3)
    motion = begin(Bearing(start, NOISE**2 * np.eye(2)))
    for number in range(1, 61):
        truth = turned(start, 0.1 * number * rate)
        seen = Bearing(turned(truth, rng.normal(0, NOISE, 2)), NOISE**2 * np.eye(2))
        motion = correct(predict(motion, 0.1), seen)
    assert angle(motion.vector, truth) < NOISE
    assert np.linalg.norm(motion.rate) == pytest.approx(np.linalg.norm(rate), abs=0.05)


def test_errors_agree_with_the_covariance():
    """Fed with noise as stated, what stands still is known at least as well as the filter says."""
    rng, distances = np.random.default_rng(1), []
    for _ in range(150):
        truth = _anywhere(int(rng.integers(2**31)))
        motion = begin(Bearing(turned(truth, rng.normal(0, NOISE, 2)), NOISE**2 * np.eye(2)))
        for _ in range(8):
            seen = Bearing(turned(truth, rng.normal(0, NOISE, 2)), NOISE**2 * np.eye(2))
            motion = correct(predict(motion, 0.1), seen)
        bearing = motion.bearing
        error = turns(bearing.vector, truth)
        distances.append(error @ np.linalg.solve(bearing.covariance, error))
    assert 0.8 < np.mean(distances) < 2.6


sights = st.tuples(durations, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.booleans())


@settings(deadline=None, max_examples=50)
@given(seeds, st.lists(sights, max_size=12))
def test_whatever_is_seen_it_stays_sane(seed, story):
    motion = begin(Bearing(_anywhere(seed), NOISE**2 * np.eye(2)))
    for seconds, up, left, seen in story:
        motion = predict(motion, seconds) if seen else wander(motion, seconds)
        if seen:
            where = turned(motion.vector, np.array([up, left]))
            motion = correct(motion, Bearing(where, NOISE**2 * np.eye(2)))
        assert _sane(motion)
