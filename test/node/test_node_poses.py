"""When a transform is waited for, and when not, with real tf2 where it is installed."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import Quaternion, TransformStamped
from rclpy.context import Context

from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.messages import header
from ros2_avloc.node.transforms import CameraPoses

pytest.importorskip('tf2_ros')

FOR_EVER = 10**9


@pytest.fixture
def poses():
    """Poses in odom that are waited for without end, where they are waited for."""
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node('poses', context=context)
    poses = CameraPoses(node, 'odom', patience=FOR_EVER)
    yield poses
    poses.close()
    node.destroy_node()
    context.shutdown()


def arrives(poses: CameraPoses, stamp: float, yaw: float = 0.0) -> None:
    message = TransformStamped(header=header('odom', round(stamp * SECOND)), child_frame_id='camera')
    message.transform.rotation = Quaternion(z=np.sin(yaw / 2), w=np.cos(yaw / 2))
    poses._buffer.set_transform(message, 'test')


def test_a_frame_that_tf_does_not_know_is_not_waited_for(poses):
    with pytest.raises(InputError, match="from 'camera' to target_frame 'odom'"):
        poses.find('camera', 10 * SECOND)


def test_a_transform_that_is_too_old_to_be_followed_by_one_is_not_waited_for(poses):
    arrives(poses, 5.0)
    with pytest.raises(InputError, match="'camera'.*'odom'"):
        poses.find('camera', 10 * SECOND)


def test_what_was_before_the_first_transform_is_not_waited_for(poses):
    arrives(poses, 10.0)
    arrives(poses, 11.0)
    with pytest.raises(InputError, match="'camera'.*'odom'"):
        poses.find('camera', 5 * SECOND)


def test_a_transform_that_comes_a_little_after_the_frame_is_waited_for(poses):
    arrives(poses, 9.9, yaw=0.0)
    found = []
    finder = threading.Thread(target=lambda: found.append(poses.find('camera', 10 * SECOND)))
    finder.start()
    arrives(poses, 10.1, yaw=0.2)
    finder.join(timeout=30)
    (frame_id, pose), = found
    assert frame_id == 'odom'
    assert np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]) == pytest.approx(0.1)


def test_waiting_ends_when_the_node_does(poses):
    arrives(poses, 9.9)
    errors = []

    def find():
        try:
            poses.find('camera', 10 * SECOND)
        except InputError as error:
            errors.append(error)

    finder = threading.Thread(target=find)
    finder.start()
    poses.close()
    finder.join(timeout=30)
    assert len(errors) == 1
