"""To which angles a head of two joints goes so that it comes to face what it attends to.

The pan joint turns about the upright axis, positive to the left; the tilt joint sits on it and turns about
the axis to the left, positive downwards, as REP-103 has it. The camera sits on the tilt joint. Goals are for
a controller that goes from rest to rest along a cubic: its highest speed is 1.5 times the mean one, its
highest acceleration 6·angle/duration².
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.bearing import azimuth_elevation

SECOND = 1e9
"""Nanoseconds."""

SHORTEST = 0.1
"""Seconds that the shortest way takes, and a stop."""

Joints = NDArray[np.float64]
"""Pan and tilt, rad, float64 ``(2,)``."""


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
    return np.clip((azimuth, -elevation), *np.transpose((limits.pan, limits.tilt)))


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

        When the last bearing came too long ago and the head still on its way, the goal is where it is.
        """
        if self._target is None:
            return None
        if now - self._came > self.limits.timeout * SECOND:
            return self.halt()
        if self._goal is not None and np.abs(self._target - self._goal).max() < self.limits.dead_band:
            return None
        self._goal = self._target
        angle = float(np.abs(self._target - self._joints[-1][1]).max())
        return Goal(self._target, self._duration(angle))

    def halt(self) -> Goal | None:
        """Forget the bearing; return where the head is as its goal if it is still on its way."""
        goal = self._goal
        self._target = self._goal = None
        if goal is None:
            return None
        here = self._joints[-1][1]
        arrived = np.abs(goal - here).max() < self.limits.dead_band
        return None if arrived else Goal(here, SHORTEST)

    def _duration(self, angle: float) -> float:
        return max(1.5 * angle / self.limits.max_speed, math.sqrt(6.0 * angle / self.limits.max_acceleration),
                   SHORTEST)

    def _joints_at(self, stamp: int) -> Joints:
        times = np.array([time for time, _ in self._joints], np.int64)
        angles = np.stack([joints for _, joints in self._joints])
        since = (times - times[-1]) / SECOND
        return np.array([np.interp((stamp - times[-1]) / SECOND, since, column) for column in angles.T])
