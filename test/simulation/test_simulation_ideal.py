from __future__ import annotations

import numpy as np
import pytest

from ros2_avloc.simulation import ideal
from ros2_avloc.simulation.ideal import IdealNetwork
from ros2_avloc.simulation.moments import SECOND, Moment, Thing
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import pixel_to_cell
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, 1.3)
BOX = (200.0, 150.0, 120.0, 120.0)


def heatmaps(count: int, *, heard: float = 1.0, visible: float = 1.0, seed: int = 0) -> np.ndarray:
    thing = Thing('it', np.array([0.0, 0, 1]), BOX, visible, heard > 0, heard)
    pose = Pose(np.eye(3), np.zeros(3))
    moments = [Moment(number * SECOND // 10, pose, (thing,)) for number in range(count)]
    return np.array(list(IdealNetwork(CAMERA, np.random.default_rng(seed)).heatmaps(moments)))


def test_what_sounds_peaks_where_it_is_with_the_stated_error():
    maps = heatmaps(3000)
    seen = maps[maps.max(axis=(1, 2)) > 0.5]
    assert len(seen) > 0.85 * len(maps)
    rows, columns = np.indices((14, 14))
    weights = np.where(seen > 0.1, seen, 0)
    total = weights.sum((1, 2))
    middles = np.stack([(weights * axis).sum((1, 2)) / total for axis in (rows, columns)], axis=1)
    errors = middles - pixel_to_cell(np.array([BOX[:2]]), 640, 480)
    stated = ideal.OFFSET * np.array([BOX[3] / 480, BOX[2] / 640]) * 14
    np.testing.assert_allclose(np.median(errors, axis=0), 0, atol=0.15)
    assert 0.5 * stated[1] < errors[:, 1].std() < 3 * stated[1] + 0.1


@pytest.mark.parametrize('truth', [{'heard': 0.0}, {'visible': 0.0}])
def test_what_is_silent_or_hidden_is_seldom_seen_to_sound(truth):
    assert (heatmaps(3000, **truth).max(axis=(1, 2)) > 0.5).mean() < 0.04


def test_a_sound_that_has_just_begun_is_faint():
    begun = heatmaps(50, heard=0.05).max(axis=(1, 2))
    assert np.median(begun) < 0.3 < 0.7 < np.median(heatmaps(50).max(axis=(1, 2)))


def test_a_seed_is_a_sequence():
    np.testing.assert_array_equal(heatmaps(20, seed=5), heatmaps(20, seed=5))
    assert (heatmaps(20, seed=5) != heatmaps(20, seed=6)).any()
