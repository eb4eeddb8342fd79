"""Directions that are heard, from maps of plane waves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import angle, azimuth_elevation, turns
from ros2_avloc.attention.heard import Heard, find_heard
from ros2_avloc.audio.array import SPEED_OF_SOUND, Array, PowerMap
from ros2_avloc.audio.sound import SAMPLE_RATE

TETRAHEDRON = 0.04 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, -1, 1], [-1, 1, -1]])
SQUARE = 0.05 * np.array([[1.0, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0]])
PAIR = np.array([[0, 0.08, 0], [0, -0.08, 0]])
ARRAYS = {name: Array(places) for name, places in
          (('tetrahedron', TETRAHEDRON), ('square', SQUARE), ('pair', PAIR))}


def towards(azimuth: float, elevation: float = 0.0) -> NDArray[np.float64]:
    """Direction to the left and upwards, degrees; x forward, y left, z up."""
    left, up = math.radians(azimuth), math.radians(elevation)
    return np.array([math.cos(up) * math.cos(left), math.cos(up) * math.sin(left), math.sin(up)])


def hear(name: str, *directions: NDArray[np.float64], noise: float = 0.01) -> PowerMap:
    """A map of white noises of equal level from far away, and of noise of the microphones' own."""
    array, rng, count = ARRAYS[name], np.random.default_rng(0), 12_288
    frequencies = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    heard = noise * rng.standard_normal((count, len(array.positions)))
    for direction in directions:
        early = array.positions @ direction / SPEED_OF_SOUND
        spectrum = np.fft.rfft(0.1 * rng.standard_normal(count))
        heard += np.fft.irfft(spectrum * np.exp(2j * np.pi * np.outer(early, frequencies)), count).T
    power = array.listen(heard.astype(np.float32))
    assert power is not None
    return power


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-80, 80))
def test_a_source_is_heard_where_it_is_within_its_covariance(azimuth: float, elevation: float) -> None:
    truth = towards(azimuth, elevation)
    one, = find_heard(hear('tetrahedron', truth), 3)
    away = turns(one.bearing.vector, truth)
    assert np.linalg.norm(away) < math.radians(3)
    assert away @ np.linalg.solve(one.bearing.covariance, away) < 4
    assert np.sqrt(np.linalg.eigvalsh(one.bearing.covariance)).max() < math.radians(6)


@pytest.mark.parametrize('elevation', [-30, 0, 10, 30])
def test_a_flat_array_tells_the_azimuth_and_how_little_it_knows_of_the_height(elevation: float) -> None:
    one, = find_heard(hear('square', towards(130, elevation)), 3)
    azimuth, height = (math.degrees(part) for part in azimuth_elevation(one.bearing.vector))
    assert azimuth == pytest.approx(130, abs=3)
    assert height == pytest.approx(0, abs=1)
    about_y, about_z = np.degrees(np.sqrt(np.diag(one.bearing.covariance)))
    assert about_z < 6
    assert about_y > 0.9 * abs(elevation)


def test_what_a_flat_array_cannot_tell_from_its_mirror_image_is_no_direction() -> None:
    assert find_heard(hear('square', towards(130, 60)), 3) == []


def test_two_microphones_have_directions_only_near_their_line() -> None:
    assert find_heard(hear('pair', towards(20)), 3) == []
    one, = find_heard(hear('pair', towards(80)), 3)
    assert math.degrees(angle(one.bearing.vector, towards(90))) < 3
    assert np.sqrt(np.linalg.eigvalsh(one.bearing.covariance)).max() > math.radians(4)


def test_two_sources_are_two_directions() -> None:
    truths = towards(10), towards(-120, 15)
    heard = find_heard(hear('tetrahedron', *truths), 3)
    assert len(heard) == 2
    assert max(min(angle(one.bearing.vector, truth) for one in heard) for truth in truths) < math.radians(4)
    assert len(find_heard(hear('tetrahedron', *truths), 1)) == 1


@pytest.mark.parametrize('name', ARRAYS)
def test_noise_of_the_microphones_is_heard_nowhere(name: str) -> None:
    assert find_heard(hear(name), 3) == []


def test_what_is_heard_is_probable_not_certain() -> None:
    one, = find_heard(hear('tetrahedron', towards(0)), 3)
    assert isinstance(one, Heard) and 0.5 < one.probability < 1
