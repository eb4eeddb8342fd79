"""To which angles a head of two joints goes so that it comes to face what it attends to.

The pan joint turns about the upright axis, positive to the left; the tilt joint sits on it and turns about
the axis to the left, positive downwards, as REP-103 has it. The camera sits on the tilt joint. Goals are for
a controller that goes along a cubic from where it is, as fast as it turns there, to rest (see `course`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.bearing import azimuth_elevation
from ros2_avloc.following.course import PLANNED, SECOND, Joints, Motion, brake, duration, felt


@dataclass(frozen=True)
class HeadLimits:
    """How a head may turn.

    Attributes
    ----------
    pan, tilt
        Least and greatest angle of each joint, rad.
    max_speed
        rad/s.
    max_acceleration
        rad/s².
    dead_band
        Goals that differ less from the last one are not given, rad.
    timeout
        Seconds after it came, after which a bearing says nothing any more.
    """

    pan: tuple[float, float] = (-1.57, 1.57)
    tilt: tuple[float, float] = (-0.5, 0.5)
    max_speed: float = 0.6
    max_acceleration: float = 3.0
    dead_band: float = 0.03
    timeout: float = 0.5

    @property
    def least(self) -> Joints:
        """Least angles of both joints."""
        return np.array((self.pan[0], self.tilt[0]))

    @property
    def most(self) -> Joints:
        """Greatest angles of both joints."""
        return np.array((self.pan[1], self.tilt[1]))


@dataclass(frozen=True)
class Goal:
    """Where the joints are to go: to `joints` (rad, ``(2,)``) within `duration` seconds."""

    joints: Joints
    duration: float


def body_vector(joints: Joints, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a vector from the axes of the camera's body into those of the head's foot, ``(3,)``."""
    turned: NDArray[np.float64] = Rotation.from_euler('ZY', joints).apply(vector)
    return turned


def joints_towards(vector: NDArray[np.float64], limits: HeadLimits) -> Joints:
    """Return the angles that bring a vector in the axes of the head's foot before the camera.

    What lies beyond the limits of a joint is faced as nearly as that joint can.
    """
    azimuth, elevation = azimuth_elevation(vector)
    return np.clip((azimuth, -elevation), limits.least, limits.most)


class Aiming:
    """Aims a head at the newest bearing, and stops it when there is none.

    Parameters
    ----------
    limits
        May be replaced at any time.
    """

    def __init__(self, limits: HeadLimits) -> None:
        self.limits = limits
        self._joints: deque[tuple[int, Joints]] = deque(maxlen=3000)
        self._target: Joints | None = None
        self._goal: Joints | None = None
        self._came = 0

    def feel(self, stamp: int, joints: Joints) -> None:
        """Take the measured angles of the joints at a time in ns."""
        if self._joints and stamp < self._joints[-1][0]:  # time has jumped back
            self._joints.clear()
            self._target = self._goal = None
        if self._joints and stamp == self._joints[-1][0]:
            self._joints.pop()
        self._joints.append((stamp, joints))

    def see(self, stamp: int, vector: NDArray[np.float64], now: int, *, from_camera: bool) -> None:
        """Take a bearing; before any joints were felt it is of no use.

        Parameters
        ----------
        stamp
            When it was so, ROS time in ns.
        vector
            float64 ``(3,)`` in the axes of the camera's body at that time, or of the head's foot.
        now
            ROS time in ns. The bearing is forgotten `timeout` later, however old its picture was.
        from_camera
            Whether `vector` is told by the camera.
        """
        if self._joints:
            foot = body_vector(self._joints_at(stamp), vector) if from_camera else vector
            self._target = joints_towards(foot, self.limits)
            self._came = now

    def step(self, now: int) -> Goal | None:
        """Return a goal where there is a new one at `now` (ns).

        When the last bearing came too long ago and the head is still on its way, the goal is where it comes
        to rest. So it is where the way to a goal would lead beyond a joint's limits: the head brakes first.
        """
        if self._target is None:
            return None
        if now - self._came > self.limits.timeout * SECOND:
            return self.halt(now)
        if self._goal is not None and np.abs(self._target - self._goal).max() < self.limits.dead_band:
            return None
        limits, motion = self.limits, felt(self._joints, now)
        seconds = duration(
            motion, self._target, speed=limits.max_speed, acceleration=PLANNED * limits.max_acceleration,
            least=limits.least, most=limits.most)
        given = self._brake(motion) if seconds is None else Goal(self._target, seconds)
        self._goal = given.joints
        return given

    def halt(self, now: int) -> Goal | None:
        """Forget the bearing; return as a goal where the head comes to rest if it is still on its way."""
        goal = self._goal
        self._target = self._goal = None
        if goal is None:
            return None
        motion = felt(self._joints, now)
        arrived = np.abs(goal - motion.joints).max() < self.limits.dead_band
        return None if arrived else self._brake(motion)

    def _brake(self, motion: Motion) -> Goal:
        """Return a goal within the limits of the joints that stops them as fast as may be."""
        rest, seconds = brake(motion, PLANNED * self.limits.max_acceleration)
        here, limits = motion.joints, self.limits
        return Goal(np.clip(rest, np.minimum(limits.least, here), np.maximum(limits.most, here)), seconds)

    def _joints_at(self, stamp: int) -> Joints:
        times = np.array([time for time, _ in self._joints], np.int64)
        angles = np.stack([joints for _, joints in self._joints])
        since = (times - times[-1]) / SECOND
        return np.array([np.interp((stamp - times[-1]) / SECOND, since, column) for column in angles.T])
