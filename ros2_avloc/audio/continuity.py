"""Whether a block of audio continues the last one, or something was lost, repeated, or time moved.

A block whose time fits the sample count continues. One that does not is held back until the next ones
say what happened, because one odd stamp means nothing and a change that lasts means something:

- the next block fits the count again: the stamp was odd, the audio is continuous;
- the next block agrees with the odd one, later than the count says: samples were lost;
- it agrees, and is earlier by up to a second: blocks came twice, or time was stepped back;
- it agrees, but is further away: time jumped (a bag that loops, simulated time), all starts anew.

A loss that is smaller than the jitter cannot be seen so; it shows in the mean of many residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import sqrt
from statistics import fmean, stdev

LONGEST_REPEAT = 1.0
"""Seconds: what goes back further is a jump of time."""

_PATIENCE_BLOCKS = 8
_PATIENCE_SECONDS = 0.5
"""Both are exceeded: the times make no sense together, start anew."""


@dataclass(frozen=True)
class Tolerance:
    """What is still taken for jitter.

    Attributes
    ----------
    seconds
        The largest residual that continues.
    settle
        Seconds over which a change has to last.
    """

    seconds: float
    settle: float

    @classmethod
    def of_stamps(cls, jitter: float) -> Tolerance:
        """Stamps come from the source: four standard deviations, and two blocks that agree."""
        return cls(max(5e-3, 4 * jitter), 0.0)

    @classmethod
    def of_arrivals(cls, jitter: float) -> Tolerance:
        """Deliveries stall and then catch up: only a large gap that lasts is a loss."""
        return cls(max(0.1, 4 * jitter), 0.3)


@dataclass(frozen=True)
class Timing:
    """Time of a block against the sample count.

    Attributes
    ----------
    residual
        Seconds by which the block is later than the count says, if the blocks held back are counted.
    length
        Its length in seconds.
    arrival
        ROS time in ns at which it was received.
    """

    residual: float
    length: float
    arrival: int


SHIFT_BLOCKS = 16
"""Residuals in whose mean a small loss is looked for."""

_LEAST_SHIFT = 5e-3
_SHIFT_SIGNIFICANCE = 6


def lasting_shift(residuals: Sequence[float]) -> float:
    """Return the mean of the residuals of the last blocks that continued, where jitter cannot explain it.

    Parameters
    ----------
    residuals
        Seconds; those of stamps, which are right on average. Fewer than 16 prove nothing.

    Returns
    -------
    float
        Seconds by which all are late, 0 where they are not: the mean is 5 ms or more, and six times
        its own standard error.
    """
    if len(residuals) < SHIFT_BLOCKS:
        return 0.0
    mean = fmean(residuals)
    if mean < _LEAST_SHIFT or mean < _SHIFT_SIGNIFICANCE * stdev(residuals) / sqrt(len(residuals)):
        return 0.0
    return mean


class Verdict(Enum):
    """What to do with the blocks that were held back and the new one."""

    CONTINUE = auto()
    """They continue; only the last one's time is to be believed."""
    LOST = auto()
    """Samples are missing before the first; how many, its own time says. Judge the rest again."""
    REPEATED = auto()
    """The first is there already. Drop it and judge the rest again."""
    STEPPED = auto()
    """Continuous audio whose time moved back by less than half a block: move the clock along."""
    RESTART = auto()
    """Time jumped: the timeline starts anew with the last two blocks that agree."""
    WAIT = auto()
    """Hold the blocks back until there are more."""


def judge(timings: Sequence[Timing], tolerance: Tolerance, longest_hole: float) -> Verdict:
    """Judge blocks, the oldest first, of which all but the last were odd.

    Parameters
    ----------
    timings
        At least one.
    tolerance
        What is jitter.
    longest_hole
        Seconds; what is missing beyond is a jump of time.
    """
    last = timings[-1]
    if abs(last.residual) <= tolerance.seconds:
        return Verdict.CONTINUE
    held = (last.arrival - timings[0].arrival) * 1e-9
    if len(timings) > 1 and held >= tolerance.settle and _agree(timings, tolerance):
        return _lasting(timings, longest_hole)
    patient = len(timings) <= _PATIENCE_BLOCKS or 0 <= held <= _PATIENCE_SECONDS
    return Verdict.WAIT if patient else Verdict.RESTART


def _agree(timings: Sequence[Timing], tolerance: Tolerance) -> bool:
    # A delivery that catches up falls steadily: it has to agree with the first, not only with its neighbour.
    other = timings[0] if tolerance.settle else timings[-2]
    return abs(timings[-1].residual - other.residual) <= tolerance.seconds


def _lasting(timings: Sequence[Timing], longest_hole: float) -> Verdict:
    residual, length = timings[-1].residual, timings[0].length
    if residual > longest_hole or residual < -LONGEST_REPEAT:
        return Verdict.RESTART
    if residual > 0:
        return Verdict.LOST
    return Verdict.REPEATED if -residual >= length / 2 else Verdict.STEPPED
