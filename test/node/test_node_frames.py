"""REP-103: what is left in the image lies to the left of the robot, what is above lies above."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.sources import find_sources
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.model.localizer import Localization
from ros2_avloc.node import messages
from ros2_avloc.node.messages import Where
from ros2_avloc.pipeline import Result
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.grid import cell_to_pixel
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, math.radians(70))
BODY_FROM_OPTICAL = np.array([(0, 0, 1), (-1, 0, 0), (0, -1, 0)], float)
ROWS, COLUMNS = np.indices((14, 14))


def attended(row: float, column: float, mounting: Rotation):
    """The message of what peaks at a cell, for a camera mounted on base_link."""
    pose = Pose(mounting.as_matrix() @ BODY_FROM_OPTICAL, np.array([0.2, 0.0, 1.0]))
    heatmap = (0.9 * np.exp(-((ROWS - row)**2 + (COLUMNS - column)**2) / 2)).astype(np.float32)
    sources = find_sources(heatmap, CAMERA, threshold=0.3, limit=1)
    tracks = Tracker(confirm=1, forget=10).update(0, sources, pose, CAMERA)
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 0, 'camera_optical_frame')
    result = Result(frame, Localization(heatmap, 0.9), sources, tracks, tracks[0])
    return messages.attended_pose(result, tracks[0], Where.of('base_link', pose, frame.frame_id))


def yaw_pitch(message) -> tuple[float, float]:
    """Turns to the left and upwards from the x axis of the header's frame (REP-103: y left, z up)."""
    turn = message.pose.pose.orientation
    x, y, z = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).apply([1.0, 0.0, 0.0])
    return math.atan2(y, x), math.asin(z)


@settings(deadline=None, max_examples=30)
@given(st.floats(2.5, 10.5), st.floats(2.5, 10.5))
def test_left_in_the_image_is_positive_yaw_and_above_is_above(row, column):
    yaw, up = yaw_pitch(attended(row, column, Rotation.identity()))
    x, y, z = CAMERA.rays(cell_to_pixel([(row, column)], 640, 480))[0]
    assert yaw == pytest.approx(math.atan2(-x, z), abs=0.02)
    assert up == pytest.approx(math.atan2(-y, math.hypot(x, z)), abs=0.02)
    assert column > 6.2 or yaw > 0
    assert row > 6.2 or up > 0


@pytest.mark.parametrize('turned', [-1.2, 0.5, 2.5])
def test_a_camera_that_looks_to_the_left_adds_to_the_yaw(turned):
    straight = yaw_pitch(attended(6.5, 3.0, Rotation.identity()))[0]
    yaw = yaw_pitch(attended(6.5, 3.0, Rotation.from_euler('z', turned)))[0]
    assert math.remainder(yaw - straight - turned, 2 * math.pi) == pytest.approx(0, abs=1e-6)


def test_the_message_says_in_which_frame():
    assert attended(6.5, 6.5, Rotation.identity()).header.frame_id == 'base_link'
