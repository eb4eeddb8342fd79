"""How fast a base turns so that it comes to face what it attends to.

The speed is proportional to the angle that is left, but never more than can be braked away in time with the
acceleration that is allowed: v ≤ √(2·a·angle). A bearing tells of the moment at which its picture was taken;
what the base was told to turn since then is taken off it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

SECOND = 1e9
"""Nanoseconds."""

RESUME = 2.0
"""So many dead bands away from the middle a base that rests begins to turn again."""

BEHIND = math.radians(150.0)
"""Beyond this angle a base that turns already goes on in its direction, though the other way were shorter."""

LONGEST_STEP = 0.1
"""Seconds: a step that comes later changes the speed no more than one that comes after this time."""


@dataclass(frozen=True)
class Limits:
    """How a base may turn.

    Attributes
    ----------
    gain
        Speed per angle that is left, 1/s.
    max_speed
        rad/s.
    max_acceleration
        rad/s².
    dead_band
        Angle within which the base rests, rad.
    timeout
        Seconds after it came, after which a bearing says nothing any more.
    """

    gain: float = 2.5
    max_speed: float = 0.6
    max_acceleration: float = 3.0
    dead_band: float = 0.03
    timeout: float = 0.5


@dataclass
class Turned:
    """How far a base was told to turn, from the speeds that it was told; the last 1000 are kept."""

    _speeds: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=1000))

    def tell(self, stamp: int, speed: float) -> None:
        """Let it turn with `speed` (rad/s) from `stamp` (ns) on."""
        self._speeds.append((stamp, speed))

    def between(self, start: int, end: int) -> float:
        """Return the angle in rad from one time to another, both ns."""
        total, until = 0.0, end
        for stamp, speed in reversed(self._speeds):
            total += speed * max(until - max(stamp, start), 0) / SECOND
            until = min(until, stamp)
            if stamp <= start:
                break
        return total


class Steering:
    """Turns a base towards the newest bearing, and stops it when there is none.

    Parameters
    ----------
    limits
        May be replaced at any time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._azimuth: float | None = None
        self._came = 0
        self._faced = 0
        self._last = 0
        self._speed = 0.0
        self._holds = False
        self._resting = False
        self._turned = Turned()

    def see(self, stamp: int, azimuth: float, now: int, *, trail: float = 0.0) -> None:
        """Take a bearing.

        Parameters
        ----------
        stamp
            When it was so, ROS time in ns.
        azimuth
            Radians to the left of where the base faced then.
        now
            ROS time in ns. The bearing is forgotten `timeout` later, however old its picture was.
        trail
            Seconds by which the bearing of something that turns past the camera trails behind it.
        """
        self._azimuth, self._came = azimuth, now
        self._faced = min(stamp, now) - round(trail * SECOND)

    def step(self, now: int) -> float | None:
        """Return the speed (rad/s, positive to the left) with which to turn from `now` (ns) on.

        While there is a bearing there is always a speed, 0 in the dead band. Without one the base brakes;
        after the 0 at which that ends comes ``None``: nothing is to be said, somebody else may drive.
        """
        if now < self._last:  # time has jumped back
            self._azimuth, self._turned = None, Turned()
        seconds = min(abs(now - self._last) / SECOND, LONGEST_STEP)
        wanted = self._wanted(now)
        self._last = now
        if wanted is None and self._speed == 0.0:
            silent, self._holds = not self._holds, False
            return None if silent else 0.0
        change = self.limits.max_acceleration * seconds
        self._speed += min(max((wanted or 0.0) - self._speed, -change), change)
        self._turned.tell(now, self._speed)
        self._holds = self._speed != 0.0 or wanted is not None
        return self._speed

    def _wanted(self, now: int) -> float | None:
        """Return the speed that the angle asks for, without regard to how fast it is reached."""
        if self._azimuth is None or now - self._came > self.limits.timeout * SECOND:
            self._azimuth = None
            return None
        limits = self.limits
        left = self._angle_left(now)
        self._resting = abs(left) < limits.dead_band * (RESUME if self._resting else 1.0)
        if self._resting:
            return 0.0
        speed = min(limits.gain * abs(left), limits.max_speed,
                    math.sqrt(2.0 * limits.max_acceleration * abs(left)))
        return math.copysign(speed, left)

    def _angle_left(self, now: int) -> float:
        assert self._azimuth is not None
        left = math.remainder(self._azimuth - self._turned.between(self._faced, now), math.tau)
        if abs(left) > BEHIND and left * self._speed < 0.0:
            left += math.copysign(math.tau, self._speed)
        return left
