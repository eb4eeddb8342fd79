"""What is seen and what is heard, put together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import Bearing, angle
from ros2_avloc.attention.fusion import DISTANCE, fuse, hear_out_of_view
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.audio.array import SPEED_OF_SOUND, Array, PowerMap
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, math.radians(75))
OPTICAL_TO_BODY = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
AHEAD = Pose(OPTICAL_TO_BODY, np.zeros(3))
ARRAY = Array(0.04 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, -1, 1], [-1, 1, -1]]))
FRAME = 66_666_667


def unit(*xyz: float) -> NDArray[np.float64]:
    return np.array(xyz, np.float64) / np.linalg.norm(xyz)


def hear(*directions: NDArray[np.float64], array: Array = ARRAY) -> PowerMap:
    rng, count = np.random.default_rng(0), 12_288
    frequencies = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    heard = 0.01 * rng.standard_normal((count, len(array.positions)))
    for direction in directions:
        early = array.positions @ direction / SPEED_OF_SOUND
        spectrum = np.fft.rfft(0.1 * rng.standard_normal(count))
        heard += np.fft.irfft(spectrum * np.exp(2j * np.pi * np.outer(early, frequencies)), count).T
    power = array.listen(heard.astype(np.float32))
    assert power is not None
    return power


def alike() -> NDArray[np.float32]:
    """Two things look as if they made the sound: 16° to the left and 16° to the right."""
    heatmap = np.full((14, 14), 0.02, np.float32)
    heatmap[6:8, 3:5] = heatmap[6:8, 9:11] = 0.9
    return heatmap


@pytest.mark.parametrize(('side', 'kept', 'doubted'), [(1, (6, 4), (6, 9)), (-1, (6, 9), (6, 4))])
def test_of_two_alike_the_one_remains_that_is_heard(side: int, kept: tuple[int, int],
                                                    doubted: tuple[int, int]) -> None:
    fused = fuse(alike(), hear(unit(math.cos(0.28), side * math.sin(0.28), 0)), CAMERA, AHEAD)
    assert fused[kept] == pytest.approx(0.9, abs=0.03)
    assert fused[doubted] < 0.1
    assert (fused <= alike()).all()
    assert fused.dtype == np.float32


def test_both_remain_where_both_are_heard() -> None:
    fused = fuse(alike(), hear(unit(1, 0.29, 0), unit(1, -0.29, 0)), CAMERA, AHEAD)
    assert fused[6, 4] > 0.8 and fused[6, 9] > 0.8


def test_what_comes_from_behind_is_not_in_view() -> None:
    assert fuse(alike(), hear(unit(-1, 0.2, 0)), CAMERA, AHEAD).max() < 0.1


def test_noise_without_a_direction_changes_nothing() -> None:
    np.testing.assert_array_equal(fuse(alike(), hear(), CAMERA, AHEAD), alike())


def test_an_array_on_a_base_under_a_turned_head() -> None:
    """The head looks to the left; what is to the left of the base is ahead of the camera."""
    turned = Pose(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]) @ OPTICAL_TO_BODY, np.zeros(3))
    heatmap = np.full((14, 14), 0.9, np.float32)
    fused = fuse(heatmap, hear(unit(0, 1, 0)), CAMERA, turned)
    assert np.unravel_index(fused.argmax(), fused.shape)[1] in (6, 7)
    assert hear_out_of_view(hear(unit(0, 1, 0)), [], CAMERA, turned) == []
    ahead_of_base, = hear_out_of_view(hear(unit(1, 0, 0)), [], CAMERA, turned)
    assert math.degrees(angle(ahead_of_base.bearing.vector, unit(1, 0, 0))) < 3  # to the right of the camera


def test_what_is_heard_out_of_view_is_told_in_the_cameras_frame() -> None:
    behind, = hear_out_of_view(hear(unit(-1, 0.5, 0.2)), [], CAMERA, AHEAD)
    assert math.degrees(angle(behind.bearing.vector, unit(-0.5, -0.2, -1))) < 3
    assert hear_out_of_view(hear(unit(1, 0.1, 0)), [], CAMERA, AHEAD) == []


def test_what_is_seen_at_the_edge_is_not_heard_a_second_time() -> None:
    outside = math.radians(41)
    power = hear(unit(math.cos(outside), math.sin(outside), 0))
    assert len(hear_out_of_view(power, [], CAMERA, AHEAD)) == 1
    seen = Source((20, 240, 40, 40), 0.9, Bearing(unit(-math.sin(0.6), 0, math.cos(0.6)), 0.01 * np.eye(2)))
    assert hear_out_of_view(power, [seen], CAMERA, AHEAD) == []


def test_a_camera_beside_the_array_takes_the_parallax_into_account() -> None:
    """The camera stands 0.4 m to the left of the array; what is heard is taken to be 2 m away."""
    beside = Pose(OPTICAL_TO_BODY, np.array([0.0, 0.4, 0.0]))
    place = DISTANCE * unit(-1, 0, 0)
    one, = hear_out_of_view(hear(unit(*place)), [], CAMERA, beside)
    truth = OPTICAL_TO_BODY.T @ (place - beside.position)
    assert math.degrees(angle(one.bearing.vector, unit(*truth))) < 3
    near, = hear_out_of_view(hear(unit(*place)), [], CAMERA, AHEAD)
    assert np.trace(one.bearing.covariance) > np.trace(near.bearing.covariance)


def test_a_track_is_heard_only_until_it_is_seen() -> None:
    tracker, pose = Tracker(confirm=3, forget=10), Pose(np.eye(3), np.zeros(3))
    behind = Heard(0.9, Bearing(unit(0.2, 0, -1), 0.003 * np.eye(2)))
    for number in range(4):
        track, = tracker.update(number * FRAME, [behind], pose, CAMERA)
    assert track.heard_only and track.confirmed and track.sounding and track.source is behind
    turned = Pose(np.diag([-1.0, 1.0, -1.0]), np.zeros(3))
    seen = Source((300, 240, 60, 60), 0.8, Bearing(unit(-0.22, 0, 1), 0.001 * np.eye(2)))
    now_seen, = tracker.update(5 * FRAME, [seen], turned, CAMERA)
    assert now_seen.id == track.id and not now_seen.heard_only
    again, = tracker.update(6 * FRAME, [behind], pose, CAMERA)
    assert again.id == track.id and not again.heard_only  # it has been seen
