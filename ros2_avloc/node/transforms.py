"""Where the camera was when it took a frame."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation

from ros2_avloc.errors import AvlocError, InputError
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.vision.pose import Pose

PATIENCE = 10
"""So many times a transform is asked for, `INTERVAL` apart, where it may come a little after the frame."""

INTERVAL = 0.01
"""Seconds between two times: a frame is delayed by 0.1 s at most."""

STALLED = 1.0
"""Seconds: a transform whose newest is older than that at the time of the frame has stopped coming."""


class CameraPoses:
    """Finds the pose of the camera in `target_frame`, by tf2.

    With an empty `target_frame` everything stays in the camera's frame, and tf2 is not needed.

    Parameters
    ----------
    node
        That listens.
    target_frame
        Where to.
    parameter
        The user's name for `target_frame`.
    patience
        How many times a transform is asked for that is not there.

    Raises
    ------
    AvlocError
        If a target frame is asked for and tf2_ros is not installed.
    """

    def __init__(self, node: Node, target_frame: str, *, parameter: str = 'target_frame',
                 patience: int = PATIENCE) -> None:
        self.target_frame = target_frame
        self._parameter = parameter
        self._patience = patience
        self._stopped = threading.Event()
        self._listener: Any = None
        if target_frame:
            tf2_ros = _tf2_ros(parameter)
            self._failure: type[Exception] = tf2_ros.TransformException
            self._buffer = tf2_ros.Buffer()
            self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def find(self, camera_frame: str, stamp: int) -> tuple[str, Pose]:
        """Return the frame in which bearings are to be given, and the camera's pose in it.

        Parameters
        ----------
        camera_frame
            Optical frame of the image.
        stamp
            ROS time in ns.

        Raises
        ------
        InputError
            If the transform is not there. Waits for it up to `patience` · `INTERVAL` seconds where older
            ones are there, so that it may be on its way.
        """
        if not self.target_frame or self.target_frame == camera_frame:
            return camera_frame, Pose(np.eye(3), np.zeros(3))
        return self.target_frame, _to_pose(self._look_up(camera_frame, stamp))

    def forget(self) -> None:
        """Forget what moved: after a jump back in time tf2 would take all that comes for too old."""
        if self.target_frame:
            self._buffer.clear()

    def close(self) -> None:
        """Stop waiting and listening."""
        self._stopped.set()
        if self._listener is not None:
            self._listener.unregister()
            self._listener = None

    def _look_up(self, camera_frame: str, stamp: int) -> Any:
        problem: Exception | None = None
        for _ in range(self._patience):
            try:
                return self._buffer.lookup_transform(self.target_frame, camera_frame, Time(nanoseconds=stamp))
            except self._failure as error:
                problem = error
            if not self._may_come(camera_frame, stamp) or self._stopped.wait(INTERVAL):
                break
        raise InputError(f'There is no transform from {camera_frame!r} to {self._parameter} '
                         f'{self.target_frame!r} at the time of the frame ({problem}).')

    def _may_come(self, camera_frame: str, stamp: int) -> bool:
        """Whether what lacks is the newest alone: what tf2 does not know at all is not worth a wait."""
        try:
            newest = self._buffer.get_latest_common_time(self.target_frame, camera_frame)
        except self._failure:
            return False
        return bool(0 < stamp - newest.nanoseconds <= STALLED * SECOND)


def _to_pose(message: Any) -> Pose:
    turn, move = message.transform.rotation, message.transform.translation
    rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
    return Pose(rotation, np.array([move.x, move.y, move.z]))


def _tf2_ros(parameter: str) -> Any:
    try:
        import tf2_ros
    except ImportError:
        raise AvlocError(f'{parameter} needs tf2_ros, which is not installed: install '
                         f'ros-$ROS_DISTRO-tf2-ros-py, or leave {parameter} empty.') from None
    return tf2_ros
