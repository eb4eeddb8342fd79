"""What the follower moves: a base by speeds, or a head by goals for its joints."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from builtin_interfaces.msg import Duration as DurationMsg
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros2_avloc.errors import AvlocError, InputError
from ros2_avloc.following.aiming import Aiming, Goal
from ros2_avloc.following.sighting import Sighting
from ros2_avloc.following.steering import Steering
from ros2_avloc.messages.stamps import SECOND, to_nanoseconds
from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.messages import header

TRAIL = 0.1
"""Seconds by which the node's tracks trail behind what turns past the camera, where it has no tf2 to know of
the turn. Measured by `ros2_avloc.node.follow_demo`."""

LAST_WORD = 1.0
"""Seconds to wait at most until whoever moves the robot has the last message: what is on its way when the
publisher goes is lost, and the stop with it."""

JOINTLESS = 2.0
"""Seconds for which bearings may come without the angles of the head's joints; both may only have begun."""


class Mover(Protocol):
    """Turns a part of the robot towards the newest sighting."""

    def apply(self, settings: FollowerSettings) -> None:
        """Take changed settings."""

    def see(self, sighting: Sighting, now: int) -> None:
        """Take the newest sighting; `now` is ROS time in ns, here as below.

        Raises
        ------
        InputError
            If it is of no use, for what else is needed does not come.
        """

    def step(self, now: int) -> None:
        """Publish what is to be done from now on, if anything."""

    def stop(self, now: int) -> None:
        """Stop at once: the follower ends."""


class Base:
    """Publishes ``cmd_vel``."""

    def __init__(self, node: Node, settings: FollowerSettings) -> None:
        self._frame = settings.base_frame
        # With a frame of the base, tracks are taken to stand still. Where they are told in one that turns,
        # the base swings 2° farther (4° with bearings 0.6 s old): less than telling the two apart is worth.
        self._trail = 0.0 if settings.base_frame else TRAIL
        self._stamped = settings.enable_stamped_cmd_vel
        self._steering = Steering(settings.limits())
        self._moving = False
        kind = TwistStamped if self._stamped else Twist
        self._publisher = node.create_publisher(kind, 'cmd_vel', QoSProfile(depth=1))

    def apply(self, settings: FollowerSettings) -> None:
        """Take changed settings."""
        self._steering.limits = settings.limits()

    def see(self, sighting: Sighting, now: int) -> None:
        """Take the newest sighting."""
        self._steering.see(sighting.stamp, sighting.azimuth, now, trail=self._trail)

    def step(self, now: int) -> None:
        """Publish the speed, unless nothing is to be said."""
        speed = self._steering.step(now)
        if speed is not None:
            self._publish(speed, now)

    def stop(self, now: int) -> None:
        """Publish a 0 if the base turns."""
        if self._moving:
            self._publish(0.0, now)
            _deliver(self._publisher)

    def _publish(self, speed: float, now: int) -> None:
        self._moving = speed != 0.0
        twist = Twist()
        twist.angular.z = speed
        message = TwistStamped(header=header(self._frame, now), twist=twist) if self._stamped else twist
        self._publisher.publish(message)


class Head:
    """Publishes ``joint_trajectory`` for a pan and a tilt joint whose angles come on ``joint_states``."""

    def __init__(self, node: Node, settings: FollowerSettings) -> None:
        self._names = [settings.head_pan_joint, settings.head_tilt_joint]
        self._from_camera = not settings.base_frame
        self._signs = np.array((1.0, -1.0 if settings.head_tilt_up else 1.0))
        self._aiming = Aiming(settings.head_limits())
        self._others: list[str] = []
        self._without: int | None = None  # joints since this bearing
        self._publisher = node.create_publisher(JointTrajectory, 'joint_trajectory', QoSProfile(depth=1))
        node.create_subscription(JointState, 'joint_states', self._on_joints, qos_profile_sensor_data)

    def apply(self, settings: FollowerSettings) -> None:
        """Take changed settings."""
        self._aiming.limits = settings.head_limits()

    def see(self, sighting: Sighting, now: int) -> None:
        """Take the newest sighting, unless there are no angles of the joints to tell it by."""
        self._without = now if self._without is None else min(self._without, now)
        if now - self._without > JOINTLESS * SECOND:
            others = f'only those of {", ".join(self._others[:10])}' if self._others else 'nothing'
            raise InputError(f'No angles of {" and ".join(self._names)} come on joint_states, {others}; send '
                             'them with stamps, or name the joints by head.pan_joint and head.tilt_joint.')
        self._aiming.see(sighting.stamp, sighting.vector, now, from_camera=self._from_camera)

    def step(self, now: int) -> None:
        """Publish a goal if there is a new one."""
        goal = self._aiming.step(now)
        if goal is not None:
            self._publish(goal)

    def stop(self, now: int) -> None:
        """Publish as its goal where the head comes to rest if it is on its way."""
        goal = self._aiming.halt(now)
        if goal is not None:
            self._publish(goal)
            _deliver(self._publisher)

    def _publish(self, goal: Goal) -> None:
        """Publish a goal whose stamp is 0: it begins at once."""
        fraction, seconds = math.modf(goal.duration)
        point = JointTrajectoryPoint(
            positions=(self._signs * goal.joints).tolist(), velocities=[0.0, 0.0],
            time_from_start=DurationMsg(sec=int(seconds), nanosec=int(fraction * SECOND)))
        self._publisher.publish(JointTrajectory(header=Header(), joint_names=self._names, points=[point]))

    def _on_joints(self, message: JointState) -> None:
        self._others = list(message.name)
        angles = dict(zip(message.name, message.position, strict=False))
        try:
            joints = self._signs * [angles[name] for name in self._names]
            stamp = to_nanoseconds(message.header.stamp)
        except (KeyError, AvlocError):  # of other joints, or without a time
            return
        if np.isfinite(joints).all():
            self._without = None
            self._aiming.feel(stamp, joints)


def _deliver(publisher: Publisher) -> None:
    publisher.wait_for_all_acked(Duration(seconds=LAST_WORD))


def make_mover(node: Node, settings: FollowerSettings) -> Mover:
    """Make what the parameter ``mode`` asks for."""
    kinds: dict[str, Any] = {'base': Base, 'head': Head}
    mover: Mover = kinds[settings.mode](node, settings)
    return mover
