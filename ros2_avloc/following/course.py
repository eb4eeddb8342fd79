"""Courses of joints: cubics from where they are, and as fast as they turn, to rest.

Such a course is what a controller goes along to a goal whose velocities are 0. With x = t/T, D the way and v
the speed at its beginning, the speed is v + (6·D/T − 4·v)·x + (3·v − 6·D/T)·x². The acceleration changes
evenly, so it is greatest at one of the ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

SECOND = 1e9
"""Nanoseconds."""

SHORTEST, LONGEST = 0.4, 1000.0
"""Seconds that a way takes at least, and at most. The shorter it is, the more acceleration it costs that a
controller begins a little later than was planned. Chosen for 15 ms."""

PLANNED = 0.7
"""Part of the acceleration that is allowed with which courses are planned. Chosen: how fast the joints turn
is felt from angles, a little late, and what that is wrong by counts four times at the start of a course."""

FELT = 0.08
"""Seconds over which is felt how fast the joints turn. Chosen: five angles at 50 Hz, and no longer, for goals
that follow one another change the speed as fast."""

_DURATIONS = np.geomspace(SHORTEST, LONGEST, 2000)
_PARTS = np.linspace(0.0, 1.0, 17)[:, None]
"""Where on its way a course is held against the limits of the joints."""

Joints = NDArray[np.float64]
"""Pan and tilt, rad, float64 ``(2,)``."""


@dataclass(frozen=True)
class Motion:
    """Where the joints are (rad), and how fast they turn (rad/s), both float64 ``(2,)``."""

    joints: Joints
    speeds: Joints


def felt(samples: Sequence[tuple[int, Joints]], now: int) -> Motion:
    """Return how the joints move now.

    Parameters
    ----------
    samples
        Stamps (ns, rising) and measured angles, one or more.
    now
        ROS time in ns. Angles that are older than `FELT` count as if they were not.
    """
    newest = samples[-1][0]
    recent = [one for one in samples if newest - one[0] <= FELT * SECOND]
    if len(recent) < 3:
        recent = list(samples)[-3:]
    times = np.array([stamp - newest for stamp, _ in recent]) / SECOND
    angles = np.array([joints for _, joints in recent])
    terms = polynomial.polyfit(times, angles, min(2, len(recent) - 1))
    later = min(max(now - newest, 0) / SECOND, FELT)
    return Motion(np.asarray(polynomial.polyval(later, terms)),
                  np.asarray(polynomial.polyval(later, polynomial.polyder(terms))))


def duration(motion: Motion, goal: Joints, *, speed: float, acceleration: float,
             least: Joints, most: Joints) -> float | None:
    """Return the seconds that the fastest course to a goal takes, ``None`` where there is none.

    Parameters
    ----------
    motion
        Where it begins.
    goal
        Where it ends.
    speed, acceleration
        What must not be exceeded, rad/s and rad/s².
    least, most
        Between which angles the joints must stay; what is beyond at the beginning must not go further.
    """
    seconds, v = _DURATIONS[:, None], motion.speeds
    mean = (goal - motion.joints) / seconds
    begins, ends = np.abs(6 * mean - 4 * v) / seconds, np.abs(2 * v - 6 * mean) / seconds
    fits = np.maximum(begins, ends) <= acceleration
    fits &= _fastest(mean, v) <= np.maximum(speed, np.abs(v)) * (1 + 1e-9)
    for number in np.flatnonzero(fits.all(axis=1)):
        way = _way(motion, goal, float(_DURATIONS[number]))
        if np.all(way >= np.minimum(least, motion.joints) - 1e-9) and np.all(
                way <= np.maximum(most, motion.joints) + 1e-9):
            return float(_DURATIONS[number])
    return None


def brake(motion: Motion, acceleration: float) -> tuple[Joints, float]:
    """Return where the joints come to rest when they brake evenly, and after how many seconds."""
    seconds = max(float(np.abs(motion.speeds).max()) / acceleration, SHORTEST)
    return motion.joints + motion.speeds * seconds / 2, seconds


def _fastest(mean: NDArray[np.float64], v: Joints) -> NDArray[np.float64]:
    """Highest speed within a course, rad/s; 0 where that is at one of its ends."""
    slope, bend = 6 * mean - 4 * v, 3 * v - 6 * mean
    with np.errstate(divide='ignore', invalid='ignore'):
        at = -slope / (2 * bend)
        top = np.abs(v + slope * at / 2)
    return np.where((at > 0) & (at < 1), top, 0.0)


def _way(motion: Motion, goal: Joints, seconds: float) -> NDArray[np.float64]:
    """Angles along a course, float64 ``(n, 2)``."""
    way, start = goal - motion.joints, motion.speeds * seconds
    return motion.joints + start * _PARTS + (3 * way - 2 * start) * _PARTS**2 + (start - 2 * way) * _PARTS**3
