"""How well a robot turned to what sounds: when it faced it for good, and how far it swung beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Response:
    """How a turn went.

    Attributes
    ----------
    start
        Angle to the source when the turn began, rad, positive to the left.
    settled
        Seconds from then until the source stayed in the middle; infinite where it never did.
    overshoot
        Greatest angle to the source on the other side, rad.
    astray
        How much greater than at the start the angle became on its own side, rad.
    rest
        Root mean square of the angle since it settled, rad; NaN where it never did.
    """

    start: float
    settled: float
    overshoot: float
    astray: float
    rest: float


def respond(times: Sequence[float], angles: Sequence[float], middle: float) -> Response:
    """Judge a turn.

    Parameters
    ----------
    times
        Seconds, rising, from the beginning of the turn on.
    angles
        To the source, rad, positive to the left.
    middle
        Greatest angle at which the source is in the middle, rad.
    """
    seconds, left = np.asarray(times) - times[0], np.asarray(angles)
    beyond = np.flatnonzero(np.abs(left) > middle)
    first = 0 if not len(beyond) else int(beyond[-1]) + 1
    start, own_side = float(left[0]), np.sign(left[0]) * left
    overshoot, astray = max(0.0, -float(own_side.min())), float(own_side.max()) - abs(start)
    if first == len(left):
        return Response(start, np.inf, overshoot, astray, np.nan)
    rest = float(np.sqrt(np.mean(left[first:] ** 2)))
    return Response(start, float(seconds[first]), overshoot, astray, rest)
