"""The table of the follower's parameters."""

from __future__ import annotations

from dataclasses import dataclass

from ros2_avloc.errors import AvlocError
from ros2_avloc.following.aiming import HeadLimits
from ros2_avloc.following.steering import Limits
from ros2_avloc.node.settings import ALWAYS, START, Table, parameter


@dataclass(frozen=True)
class FollowerSettings(Table):
    """The values of all parameters, typed. Each field's entry is its line of the table."""

    mode: str = parameter(
        'mode', 'base', 'base turns the robot by cmd_vel, head turns a pan and a tilt joint',
        choices=('base', 'head'), changes=START)
    base_frame: str = parameter(
        'base_frame', '',
        'frame that faces where the robot does (a head: with joints at 0), into which tf2 takes bearings; '
        "empty: they are told in the camera's optical frame, and no tf2 is needed",
        changes=START)
    enable_stamped_cmd_vel: bool = parameter(
        'enable_stamped_cmd_vel', False, 'send TwistStamped instead of Twist; the name is that of Nav2',
        changes=START)
    rate: float = parameter(
        'rate', 30.0, 'speeds or goals per second (Hz)', 5.0, 200.0, changes=START)

    timeout: float = parameter(
        'timeout', 0.5, 'seconds after the last bearing came, after which the robot stops',
        0.05, 10.0, changes=ALWAYS)
    max_uncertainty: float = parameter(
        'max_uncertainty', 0.0,
        'bearings are ignored whose azimuth has a greater standard deviation (rad); 0: none is',
        0.0, 3.2, changes=ALWAYS)
    dead_band: float = parameter(
        'dead_band', 0.03, 'angle (rad) that is not worth a movement', 0.0, 0.5, changes=ALWAYS)
    gain: float = parameter(
        'gain', 2.5, 'speed of the base per angle that is left (1/s)', 0.1, 10.0, changes=ALWAYS)
    max_speed: float = parameter(
        'max_speed', 0.6, 'fastest turn (rad/s)', 0.01, 10.0, changes=ALWAYS)
    max_acceleration: float = parameter(
        'max_acceleration', 3.0, 'fastest change of speed (rad/s²)', 0.01, 100.0, changes=ALWAYS)

    head_pan_joint: str = parameter(
        'head.pan_joint', 'head_pan_joint', 'joint that turns the head to the left', changes=START)
    head_pan_min: float = parameter(
        'head.pan_min', -1.57, 'its least angle (rad)', -6.3, 6.3, changes=ALWAYS)
    head_pan_max: float = parameter(
        'head.pan_max', 1.57, 'its greatest angle (rad)', -6.3, 6.3, changes=ALWAYS)
    head_tilt_joint: str = parameter(
        'head.tilt_joint', 'head_tilt_joint', 'joint that nods the head', changes=START)
    head_tilt_min: float = parameter(
        'head.tilt_min', -0.5, 'its least angle (rad)', -3.2, 3.2, changes=ALWAYS)
    head_tilt_max: float = parameter(
        'head.tilt_max', 0.5, 'its greatest angle (rad)', -3.2, 3.2, changes=ALWAYS)
    head_tilt_up: bool = parameter(
        'head.tilt_up', False, 'whether positive angles of the tilt joint lift the head; else they lower it',
        changes=START)

    def __post_init__(self) -> None:
        """Refuse limits that leave nothing between them."""
        for joint in ('pan', 'tilt'):
            if getattr(self, f'head_{joint}_min') > getattr(self, f'head_{joint}_max'):
                raise AvlocError(f'head.{joint}_min must not be above head.{joint}_max.')

    def limits(self) -> Limits:
        """How the base may turn."""
        return Limits(gain=self.gain, max_speed=self.max_speed, max_acceleration=self.max_acceleration,
                      dead_band=self.dead_band, timeout=self.timeout)

    def head_limits(self) -> HeadLimits:
        """How the head may turn; tilt is positive downwards, whatever the joint is."""
        tilt = (self.head_tilt_min, self.head_tilt_max)
        return HeadLimits(
            pan=(self.head_pan_min, self.head_pan_max),
            tilt=(-tilt[1], -tilt[0]) if self.head_tilt_up else tilt,
            max_speed=self.max_speed, max_acceleration=self.max_acceleration,
            dead_band=self.dead_band, timeout=self.timeout)
