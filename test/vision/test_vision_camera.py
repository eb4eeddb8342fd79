"""Camera models against OpenCV's own functions, and against what a person can work out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.vision.camera import Camera

WIDTH, HEIGHT = 640, 480
K = (420.0, 0.0, 325.3, 0.0, 415.0, 236.8, 0.0, 0.0, 1.0)
MATRIX = np.reshape(K, (3, 3))

SMALL = st.floats(-0.005, 0.005)
PLUMB_BOB = st.tuples(st.floats(-0.4, 0.4), st.floats(-0.2, 0.2), SMALL, SMALL, st.floats(-0.1, 0.1))
RATIONAL = st.tuples(st.floats(-1, 1), st.floats(-0.5, 0.5), SMALL, SMALL, st.floats(-0.2, 0.2),
                     st.floats(-1, 1), st.floats(-0.5, 0.5), st.floats(-0.2, 0.2))
PRISM, TILT = st.floats(-0.001, 0.001), st.floats(-0.05, 0.05)
PRISM_AND_TILT = st.tuples(PRISM, PRISM, PRISM, PRISM, TILT, TILT)
ALL = st.tuples(PLUMB_BOB, st.just((0.1, -0.05, 0.02)), PRISM_AND_TILT).map(lambda parts: sum(parts, ()))
EQUIDISTANT = st.tuples(*[st.floats(-0.1, 0.1)] * 4)
LENSES = st.one_of(st.tuples(st.just('plumb_bob'), PLUMB_BOB),
                   st.tuples(st.just('rational_polynomial'), RATIONAL),
                   st.tuples(st.just('rational_polynomial'), ALL),
                   st.tuples(st.just('equidistant'), EQUIDISTANT))


def camera(model: str = 'plumb_bob', d: tuple[float, ...] = (), **more: object) -> Camera:
    return Camera.from_calibration(WIDTH, HEIGHT, model, d, K, **more)


def all_over_the_frame() -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-0.5, WIDTH - 0.5, 9), np.linspace(-0.5, HEIGHT - 0.5, 7))
    return np.column_stack([x.ravel(), y.ravel()])


def cone(widest: float) -> np.ndarray:
    """Unit rays up to an angle to the axis."""
    angle, turn = np.meshgrid(np.linspace(0, widest, 12), np.linspace(0, 2 * np.pi, 9))
    rays = [np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)]
    return np.stack(rays, -1).reshape(-1, 3)


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return 2 * np.arcsin(np.linalg.norm(a - b, axis=1) / 2)


@given(lens=LENSES)
@settings(max_examples=150, deadline=None)
def test_pixel_to_ray_to_pixel_to_ray(lens: tuple[str, tuple[float, ...]]) -> None:
    eye = camera(*lens)
    pixels = all_over_the_frame()
    rays = eye.rays(pixels)
    seen = np.isfinite(rays).all(axis=1)
    assert seen[np.hypot(*(pixels - (325.3, 236.8)).T) < 100].all()
    np.testing.assert_allclose(np.linalg.norm(rays[seen], axis=1), 1, atol=1e-12)
    there = eye.pixels(rays[seen])
    assert np.abs(there - pixels[seen]).max() < 1e-6 * 415
    assert angle_between(eye.rays(there), rays[seen]).max() < 1e-6


@given(lens=LENSES)
@settings(max_examples=150, deadline=None)
def test_ray_to_pixel_to_ray(lens: tuple[str, tuple[float, ...]]) -> None:
    eye = camera(*lens)
    rays = cone(1.0)
    pixels = eye.pixels(rays)
    seen = np.isfinite(pixels).all(axis=1)
    assert seen[angle_between(rays, np.array([0.0, 0.0, 1.0])) < 0.3].all()
    assert angle_between(eye.rays(pixels[seen]), rays[seen]).max() < 1e-6


@given(lens=LENSES)
@settings(max_examples=100, deadline=None)
def test_projection_is_opencvs(lens: tuple[str, tuple[float, ...]]) -> None:
    model, d = lens
    rays = cone(1.0)
    ours = camera(model, d).pixels(rays)
    project = cv2.fisheye.projectPoints if model == 'equidistant' else cv2.projectPoints
    theirs = project(rays[:, None], np.zeros(3), np.zeros(3), MATRIX, np.array(d))[0].reshape(-1, 2)
    seen = np.isfinite(ours).all(axis=1)
    np.testing.assert_allclose(ours[seen], theirs[seen], atol=1e-6)


@pytest.mark.parametrize('d', [(), (-0.28, 0.07, 0.001, -0.002), (-0.28, 0.07, 0.001, -0.002, 0.01),
                               (0.45, -2.54, 0.0007, -0.0003, 1.48, 0.33, -2.37, 1.41)])
def test_undistortion_is_opencvs(d: tuple[float, ...]) -> None:
    pixels = all_over_the_frame()
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    theirs = cv2.undistortPointsIter(pixels[:, None], MATRIX, np.array(d), None, None, criteria)
    rays = camera('plumb_bob', d).rays(pixels)
    np.testing.assert_allclose(rays[:, :2] / rays[:, 2:], theirs.reshape(-1, 2), atol=1e-6)


def test_fisheye_undistortion_is_opencvs() -> None:
    d = (-0.02, 0.004, -0.003, 0.0005)
    pixels = all_over_the_frame()
    theirs = cv2.fisheye.undistortPoints(pixels[:, None], MATRIX, np.array(d)).reshape(-1, 2)
    rays = camera('equidistant', d).rays(pixels)
    np.testing.assert_allclose(rays[:, :2] / rays[:, 2:], theirs, atol=1e-6)


def test_a_fisheye_sees_behind_itself() -> None:
    eye = camera('equidistant', ())
    rays = cone(3.0)
    assert angle_between(eye.rays(eye.pixels(rays)), rays).max() < 1e-6
    np.testing.assert_allclose(eye.pixels([(0, -2.0, 0)]), [(325.3, 236.8 - 415 * np.pi / 2)])


def test_what_a_pinhole_cannot_see_has_no_pixel() -> None:
    pixels = camera().pixels([(0, 0, -1), (1, 0, 0), (1, 0, -0.1), (0, 0, 0), (np.nan, 0, 1), (0, 0, 5)])
    assert np.isnan(pixels[:5]).all()
    np.testing.assert_allclose(pixels[5], (325.3, 236.8))


@pytest.mark.parametrize(('model', 'k1', 'fold'), [('plumb_bob', -0.3, np.arctan(np.sqrt(1 / 0.9))),
                                                  ('equidistant', -0.1, np.sqrt(1 / 0.3))])
def test_beyond_the_fold_of_a_polynomial_there_is_nothing(model: str, k1: float, fold: float) -> None:
    eye = camera(model, (k1, 0, 0, 0))
    inside, outside = (np.sin(fold * factor) for factor in (0.9, 1.03))
    assert np.isfinite(eye.pixels([(inside, 0, np.cos(fold * 0.9))])).all()
    assert np.isnan(eye.pixels([(outside, 0, np.cos(fold * 1.03))])).all()
    (edge, _), = eye.pixels([(inside, 0, np.cos(fold * 0.9))])
    assert np.isfinite(eye.rays([(edge, 236.8)])).all() and np.isnan(eye.rays([(edge + 10, 236.8)])).all()


def test_a_field_of_view_reaches_from_edge_to_edge() -> None:
    eye = Camera.from_hfov(WIDTH, HEIGHT, np.radians(90))
    left, right, middle, top = eye.rays([(-0.5, 239.5), (639.5, 239.5), (319.5, 239.5), (319.5, -0.5)])
    np.testing.assert_allclose(left, (-np.sqrt(0.5), 0, np.sqrt(0.5)), atol=1e-12)
    np.testing.assert_allclose(right, (np.sqrt(0.5), 0, np.sqrt(0.5)), atol=1e-12)
    np.testing.assert_allclose(middle, (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(top[1] / top[2], -0.75)


def test_a_region_shows_the_same_rays_at_shifted_pixels() -> None:
    d = (-0.28, 0.07, 0.001, -0.002, 0.01)
    whole, region = camera(d=d), camera(d=d, roi=(100, 60, 320, 240))
    assert (region.width, region.height) == (320, 240)
    np.testing.assert_allclose(region.rays([(0, 0), (319, 239)]), whole.rays([(100, 60), (419, 299)]))


def test_a_binned_pixel_looks_where_the_middle_of_its_pixels_did() -> None:
    whole, binned = camera(), camera(binning=(2, 4), roi=(100, 60, 322, 240))
    assert (binned.width, binned.height) == (161, 60)
    np.testing.assert_allclose(binned.rays([(0, 0), (3, 5)]), whole.rays([(100.5, 61.5), (106.5, 81.5)]))


def test_a_column_too_few_for_another_binned_pixel_is_left_out() -> None:
    whole, binned = camera(), camera(binning=(2, 3), roi=(0, 0, 321, 242))
    assert (binned.width, binned.height) == (160, 80)
    np.testing.assert_allclose(binned.rays([(159, 79)]), whole.rays([(318.5, 238)]))


def test_zeros_mean_no_binning_and_no_region() -> None:
    assert camera(binning=(0, 0), roi=(0, 0, 0, 0)) == camera()


def test_scaling_keeps_the_edges() -> None:
    eye = camera(d=(-0.1, 0.01, 0, 0))
    small = eye.scaled_to(320, 120)
    corners = eye.rays([(-0.5, -0.5), (639.5, 479.5)])
    np.testing.assert_allclose(small.rays([(-0.5, -0.5), (319.5, 119.5)]), corners)
    assert small.scaled_to(WIDTH, HEIGHT).focal == pytest.approx(eye.focal)


@pytest.mark.parametrize(('change', 'words'), [
    ({'k': (0.0,) * 9}, 'no calibration .*set camera.hfov'),
    ({'k': (np.nan,) * 9}, 'no calibration'),
    ({'k': K[:6]}, 'no calibration'),
    ({'model': 'omnidirectional'}, "model 'omnidirectional'; known are plumb_bob"),
    ({'d': (0.1, 0.2, 0.3)}, 'there must be 0, 4, 5, 8, 12, 14'),
    ({'d': (np.inf, 0, 0, 0)}, 'inf, .* within'),
    ({'d': (np.nan, 0, 0, 0)}, 'nan, .* within'),
    ({'d': (1e200, 0, 0, 0)}, r'1e\+200, .* within ±1e\+06'),
    ({'binning': (1000, 1)}, '0×480 pixels'),
    ({'model': 'equidistant', 'd': (0.0,) * 5}, 'there must be 0, 4'),
    ({'width': 0}, '0×480 pixels'),
    ({'roi': (600, 0, 100, 100)}, '100×100 at 600, 0'),
])
def test_a_calibration_that_cannot_be_used(change: dict[str, object], words: str) -> None:
    given = {'width': WIDTH, 'height': HEIGHT, 'model': 'plumb_bob', 'd': (), 'k': K, **change}
    with pytest.raises(InputError, match=words):
        Camera.from_calibration(**given)


@given(d=st.lists(st.floats(-1e6, 1e6), min_size=14, max_size=14), fisheye=st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_coefficients_give_unit_rays_or_none(d: list[float], fisheye: bool) -> None:
    eye = camera('equidistant', tuple(d[:4])) if fisheye else camera('rational_polynomial', tuple(d))
    lengths = np.linalg.norm(eye.rays(all_over_the_frame()), axis=1)
    np.testing.assert_allclose(lengths[np.isfinite(lengths)], 1, atol=1e-12)


@pytest.mark.parametrize('hfov', [0, -1, np.pi, np.nan])
def test_an_impossible_field_of_view(hfov: float) -> None:
    with pytest.raises(InputError, match='camera.hfov'):
        Camera.from_hfov(WIDTH, HEIGHT, hfov)
