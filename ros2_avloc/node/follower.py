"""The follower: turns a base, or a head, towards what the node attends to."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable

import numpy as np
import rclpy
from geometry_msgs.msg import PoseWithCovarianceStamped
from numpy.typing import NDArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from vision_msgs.msg import Detection2DArray

from ros2_avloc.errors import AvlocError, InputError
from ros2_avloc.following.sighting import OPTICAL_TO_BODY, Sighting, sight
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.node import parameters
from ros2_avloc.node.compatibility import steady_clock
from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.movers import make_mover
from ros2_avloc.node.statistics import Faults
from ros2_avloc.node.transforms import CameraPoses

WAKE = 0.1
"""Seconds after which it is seen at the latest that the process is to end."""


class Follower(Node):
    """Turns towards ``avloc/attended``, and stops when that falls silent.

    Raises
    ------
    AvlocError
        If a parameter that was given cannot be, or needs tf2_ros where there is none.
    """

    def __init__(self) -> None:
        super().__init__('follower')
        self.settings = parameters.declare(self, FollowerSettings)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._faults = Faults(self.get_logger().warning)
        self._poses = CameraPoses(self, self.settings.base_frame, parameter='base_frame', patience=1)
        self._mover = make_mover(self, self.settings)
        self._last = 0
        self._camera_frame = ''
        if not self.settings.base_frame:
            self.create_subscription(
                Detection2DArray, 'avloc/sources', self._on_sources, QoSProfile(depth=1))
        self.create_subscription(
            PoseWithCovarianceStamped, 'avloc/attended', self._on_attended, QoSProfile(depth=1))
        self.create_timer(1.0 / self.settings.rate, self._step, clock=steady_clock())

    def stop(self) -> None:
        """Stop the robot: the process ends."""
        self._mover.stop(self._now())

    def _on_sources(self, message: Detection2DArray) -> None:
        self._camera_frame = message.header.frame_id

    def _on_attended(self, message: PoseWithCovarianceStamped) -> None:
        try:
            sighting, now = self._sighting(message), self._now()
            sighting.check_age(now)
            most = self.settings.max_uncertainty
            if most == 0.0 or sighting.deviation <= most:
                self._mover.see(sighting, now)
        except AvlocError as error:
            self._faults.report('attended', str(error))

    def _sighting(self, message: PoseWithCovarianceStamped) -> Sighting:
        stamp = to_nanoseconds(message.header.stamp)
        rotation = self._to_body(message.header.frame_id, stamp)
        turn = message.pose.pose.orientation
        return sight(stamp, (turn.x, turn.y, turn.z, turn.w), np.asarray(message.pose.covariance), rotation)

    def _to_body(self, frame: str, stamp: int) -> NDArray[np.float64]:
        """Return the rotation from the frame of a bearing into body axes.

        Without a `base_frame` bearings must be told in the camera's frame, which turns with the robot: one in
        a frame that stands still would let it turn for ever. Which frame that is, ``avloc/sources`` says.
        """
        if self.settings.base_frame:
            return self._poses.find(frame, stamp)[1].rotation
        if frame != self._camera_frame:
            camera = f"the camera's ({self._camera_frame!r})" if self._camera_frame else \
                "known to be the camera's, for nothing has come on avloc/sources"
            raise InputError(f'Bearings are told in the frame {frame!r}, which is not {camera}; '
                             "set base_frame, or leave the node's target_frame empty.")
        return OPTICAL_TO_BODY

    def _step(self) -> None:
        now = self._now()
        if now < self._last:  # time has jumped back
            self._poses.forget()
        self._last = now
        self._mover.step(now)

    def _now(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _on_set_parameters(self, changes: Iterable[Parameter]) -> SetParametersResult:
        try:
            self.settings = parameters.with_changes(self.settings, changes, configured=True)
        except AvlocError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._mover.apply(self.settings)
        return SetParametersResult(successful=True)


def main(args: list[str] | None = None) -> int:
    """Run the follower until it is interrupted; then stop the robot. Return the exit code of the process."""
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)  # theirs would forbid a last word
    ended = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: ended.set())
    node = None
    try:
        node = Follower()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while not ended.is_set():
            executor.spin_once(timeout_sec=WAKE)
        executor.shutdown()  # later, without its context, it would end in a traceback
        node.stop()
    except AvlocError as error:
        get_logger('follower').fatal(str(error))
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
