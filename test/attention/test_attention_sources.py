from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import angle, azimuth_elevation, turns
from ros2_avloc.attention.sources import bearings_of, find_peaks, find_sources, find_sources_and_faint, refine
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import cell_to_pixel

PINHOLE = Camera.from_hfov(640, 480, math.radians(70))
DISTORTED = Camera.from_calibration(640, 480, 'plumb_bob', [-0.3, 0.1, 0.001, -0.002, 0.0],
                                    [420.0, 0, 310, 0, 425, 245, 0, 0, 1])
FISHEYE = Camera.from_calibration(640, 480, 'equidistant', [0.01, -0.005, 0.001, 0.0],
                                  [280.0, 0, 320, 0, 280, 240, 0, 0, 1])
CAMERAS = [PINHOLE, DISTORTED, FISHEYE]
ROWS, COLUMNS = np.indices((14, 14))


def _blob(row: float, column: float, width: float = 1.0, height: float = 0.9) -> NDArray[np.float32]:
    return (height * np.exp(-((ROWS - row)**2 + (COLUMNS - column)**2) / (2 * width**2))).astype(np.float32)


inside = st.floats(2.5, 10.5)


@settings(deadline=None)
@given(inside, inside, st.floats(0.7, 2.0), st.floats(0.5, 0.99), st.floats(0.0, 0.2))
def test_a_peak_is_found_to_a_part_of_a_cell(row, column, width, height, background):
    heatmap = np.float32(background) + _blob(row, column, width, height - background)
    peak, = find_peaks(heatmap, 0.3)
    position, _ = refine(heatmap, peak, np.full((14, 14), True), 0.3)
    assert np.hypot(*(position - (row, column))) < 0.15


@pytest.mark.parametrize('camera', CAMERAS)
@settings(deadline=None, max_examples=30)
@given(inside, inside)
def test_the_bearing_is_the_ray_of_the_peak(camera, row, column):
    source, = find_sources(_blob(row, column), camera, threshold=0.3, limit=5)
    truth = camera.rays(cell_to_pixel([(row, column)], 640, 480))[0]
    cell = angle(truth, camera.rays(cell_to_pixel([(row + 1, column + 1)], 640, 480))[0])
    assert angle(source.bearing.vector, truth) < 0.15 * cell
    assert source.probability == pytest.approx(_blob(row, column).max())


def test_left_in_the_image_is_left_of_the_camera():
    source, = find_sources(_blob(3, 2), PINHOLE, threshold=0.3, limit=5)
    azimuth, elevation = azimuth_elevation(source.bearing.vector, optical=True)
    assert azimuth > math.radians(20)
    assert elevation > math.radians(10)


def test_a_plateau_is_found_in_its_middle():
    heatmap = np.full((14, 14), 0.01, np.float32)
    heatmap[3:7, 5:11] = 1.0
    peak, = find_peaks(heatmap, 0.5)
    position, _ = refine(heatmap, peak, np.full((14, 14), True), 0.5)
    np.testing.assert_allclose(position, (4.5, 7.5), atol=1e-6)
    source, = find_sources(heatmap, Camera.from_hfov(280, 140, 1.0), threshold=0.5, limit=5)
    np.testing.assert_allclose(source.box, (159.5, 49.5, 120, 40))


def test_the_box_hugs_what_is_above_the_threshold():
    heatmap = np.zeros((14, 14), np.float32)
    heatmap[0:2, 0:3] = [[0.5, 0.9, 0.5], [0.3, 0.5, 0.2]]
    source, = find_sources(heatmap, Camera.from_hfov(280, 140, 1.0), threshold=0.4, limit=5)
    np.testing.assert_allclose(source.box, (29.5, 9.5, 60, 20))  # from -0.5 to 59.5, and -0.5 to 19.5


@pytest.mark.parametrize('heatmap', [np.zeros((14, 14), np.float32), _blob(7, 7, height=0.39),
                                     np.full((14, 14), 0.39, np.float32)])
def test_nothing_above_the_threshold_is_no_source(heatmap):
    assert find_sources(heatmap, PINHOLE, threshold=0.4, limit=5) == []


def _probabilities(sources):
    return [source.probability for source in sources]


def test_what_is_faint_is_likely_and_below_the_threshold():
    blobs = [_blob(3, 3, height=0.9), _blob(3, 10, height=0.65), _blob(10, 3, height=0.55)]
    heatmap = np.maximum.reduce(blobs)
    sources, (faint,) = find_sources_and_faint(heatmap, PINHOLE, threshold=0.7, limit=5)
    assert _probabilities(sources) == [pytest.approx(0.9)]
    assert faint.probability == pytest.approx(0.65)
    truth = PINHOLE.rays(cell_to_pixel([(3, 10)], 640, 480))[0]
    assert angle(faint.bearing.vector, truth) < math.radians(1)
    for threshold in (0.64, 0.4):
        sources, faint = find_sources_and_faint(heatmap, PINHOLE, threshold=threshold, limit=5)
        alone = find_sources(heatmap, PINHOLE, threshold=threshold, limit=5)
        assert _probabilities(sources) == _probabilities(alone) and not faint


def test_two_sources_are_two_best_first_even_where_they_touch():
    heatmap = np.maximum(_blob(6.2, 3.1, 1.2, 0.8), _blob(7.3, 6.9, 1.2, 0.95))
    first, second = find_sources(heatmap, PINHOLE, threshold=0.2, limit=5)
    assert first.probability > second.probability
    for source, cell in ((first, (7.3, 6.9)), (second, (6.2, 3.1))):
        truth = PINHOLE.rays(cell_to_pixel([cell], 640, 480))[0]
        assert angle(source.bearing.vector, truth) < math.radians(2)
    assert second.box[0] + second.box[2] / 2 == pytest.approx(first.box[0] - first.box[2] / 2, abs=46)
    assert [source.probability for source in find_sources(heatmap, PINHOLE, threshold=0.2, limit=1)] == [
        first.probability]


def test_bumps_on_one_object_are_one_source():
    heatmap = np.zeros((14, 14), np.float32)
    heatmap[4:9, 4:9] = 0.85
    heatmap[[4, 4, 8, 6], [4, 8, 6, 6]] = [0.9, 0.92, 0.95, 0.88]
    source, = find_sources(heatmap, PINHOLE, threshold=0.5, limit=5)
    assert source.box[2:] == pytest.approx((5 * 640 / 14, 5 * 480 / 14))
    truth = PINHOLE.rays(cell_to_pixel([(6, 6)], 640, 480))[0]
    assert angle(source.bearing.vector, truth) < math.radians(1)


@given(st.floats(-0.5, 13.5), st.floats(-0.5, 13.5))
@settings(deadline=None)
def test_at_the_edge_the_source_lies_in_the_frame_and_near(row, column):
    source, = find_sources(_blob(row, column), PINHOLE, threshold=0.3, limit=5)
    x, y = PINHOLE.pixels(source.bearing.vector[None])[0]
    assert 0 <= x <= 639 and 0 <= y <= 479
    true_x, true_y = cell_to_pixel([(row, column)], 640, 480)[0]
    assert abs(x - true_x) < 640 / 14
    assert abs(y - true_y) < 480 / 14


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.9), st.integers(1, 9), st.sampled_from(CAMERAS))
def test_any_heatmap_gives_sane_sources(seed, threshold, limit, camera):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 1, (14, 14)) ** rng.uniform(0.1, 9)
    heatmap = np.round(values, rng.integers(1, 5)).astype(np.float32)  # with ties
    sources = find_sources(heatmap, camera, threshold=threshold, limit=limit)
    assert len(sources) <= limit
    assert bool(sources) == bool(heatmap.max() >= np.float32(threshold))
    assert [s.probability for s in sources] == sorted((s.probability for s in sources), reverse=True)
    for source in sources:
        assert np.linalg.norm(source.bearing.vector) == pytest.approx(1)
        assert np.linalg.eigvalsh(source.bearing.covariance).min() > 0
        assert threshold <= source.probability + 1e-6
        x, y, width, height = source.box
        assert -0.5001 <= x - width / 2 < x + width / 2 <= camera.width - 0.4999
        assert -0.5001 <= y - height / 2 < y + height / 2 <= camera.height - 0.4999


@pytest.mark.parametrize('camera', CAMERAS)
def test_the_covariance_is_told_through_the_cameras_rays(camera):
    """The same uncertainty, drawn as cells, pushed through the rays, and measured on the sphere."""
    position = np.array([3.3, 9.2])
    variance = np.array([[0.2, 0.1], [0.1, 0.3]])
    bearing, = bearings_of(position[None], variance[None], camera)
    cells = np.random.default_rng(0).multivariate_normal(position, variance, 4000)
    rays = camera.rays(cell_to_pixel(cells, 640, 480))
    measured = np.cov(np.array([turns(bearing.vector, ray) for ray in rays]).T)
    np.testing.assert_allclose(measured, bearing.covariance, atol=0.15 * bearing.covariance.max())


def test_a_wide_peak_is_less_sure_than_a_narrow_one_and_a_flat_one_less_across():
    narrow, = find_sources(_blob(7, 7, 0.7), PINHOLE, threshold=0.3, limit=5)
    wide, = find_sources(_blob(7, 7, 2.0), PINHOLE, threshold=0.3, limit=5)
    assert np.trace(wide.bearing.covariance) > 2 * np.trace(narrow.bearing.covariance)
    flat = (0.9 * np.exp(-((ROWS - 7)**2 / 0.5 + (COLUMNS - 7)**2 / 8))).astype(np.float32)
    source, = find_sources(flat, PINHOLE, threshold=0.3, limit=5)
    up_down, left_right = np.diag(source.bearing.covariance)
    assert left_right > 2 * up_down


def test_where_the_lens_has_no_image_there_is_no_source():
    wide = Camera.from_calibration(640, 480, 'equidistant', [0.0] * 4, [110.0, 0, 320, 0, 110, 240, 0, 0, 1])
    assert np.isnan(wide.rays([[5.0, 5.0]])).any()
    heatmap = np.maximum(_blob(0, 0, 0.5, 0.9), _blob(7, 7, 1.0, 0.6))
    source, = find_sources(heatmap, wide, threshold=0.4, limit=1)
    assert source.probability == pytest.approx(0.6)
