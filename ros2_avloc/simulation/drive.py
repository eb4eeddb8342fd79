"""A base that turns as it is told: a little later, and not for ever."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

LAG = 0.08
"""Seconds in which the speed comes to 63 % of a new command, as wheels with some mass do."""

WATCHDOG = 0.5
"""Seconds after which a command that is not repeated counts as 0, as bases have it."""


@dataclass(frozen=True)
class _Knot:
    """From `t` seconds on the base turns towards `speed` (rad/s), from this yaw (rad) and rate (rad/s)."""

    t: float
    speed: float
    yaw: float = 0.0
    rate: float = 0.0

    def at(self, t: float) -> tuple[float, float]:
        """Return yaw and rate at a later time, where the speed stays as it is."""
        seconds = t - self.t
        rest = math.exp(-seconds / LAG)
        yaw = self.yaw + self.speed * seconds + (self.rate - self.speed) * LAG * (1.0 - rest)
        return yaw, self.speed + (self.rate - self.speed) * rest


class Drive:
    """Turns by commands. Times are seconds that do not run back; the last minute can be asked for."""

    def __init__(self) -> None:
        self._knots = deque([_Knot(0.0, 0.0)], maxlen=6000)

    def command(self, t: float, speed: float) -> None:
        """Let it turn with `speed` (rad/s, positive to the left) from `t` seconds on."""
        yaw, rate = self._at(t)
        self._knots.append(_Knot(t, speed, yaw, rate))

    def yaw(self, t: float) -> float:
        """Return how far it had turned to the left at `t` seconds, rad."""
        return self._at(t)[0]

    def _at(self, t: float) -> tuple[float, float]:
        knot = next((knot for knot in reversed(self._knots) if knot.t <= t), self._knots[0])
        end = knot.t + WATCHDOG
        if t <= end:
            return knot.at(max(t, knot.t))
        return _Knot(end, 0.0, *knot.at(end)).at(t)
