"""Which source belongs to which track.

Sources go to tracks by the least sum of negative log-likelihoods within a gate (Blackman & Popoli, "Design
and Analysis of Modern Tracking Systems", 1999).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.motion import Motion, difference

GATE = 13.8
"""Largest squared Mahalanobis distance of a source from its track: 99.9 % of χ² with two degrees."""

REACH = math.radians(15.0)
"""Largest angle from a track to its source: what is farther is something else, however unsure the track."""

_SILENT = 1e3
"""More than costs differ by: what is silent takes no source from what sounds. It would where tracks are told
in the frame of a camera that turns, for there what is remembered turns with it, across what sounds."""

_NEVER = 1e6
"""Finite, so that SciPy can leave a pair out by taking the dearest."""


def assign(tracks: Sequence[Motion], sources: Sequence[Bearing],
           sounding: Sequence[bool]) -> dict[int, int]:
    """Give each source to one track at most, first to those that sound: track's index → source's index."""
    costs = np.array([[_cost(track, source, sounds) for source in sources]
                      for track, sounds in zip(tracks, sounding, strict=True)])
    if costs.size == 0:
        return {}
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return {int(track): int(source) for track, source in pairs if costs[track, source] < _NEVER}


def _cost(track: Motion, source: Bearing, sounds: bool) -> float:
    innovation, variance = difference(track, source)
    # Two rows and columns by hand: NumPy's solve, det and norm take many times as long for so few.
    (x, y), ((a, b), (c, d)) = innovation.tolist(), variance.tolist()
    determinant: float = a * d - b * c
    distance: float = (d * x * x - (b + c) * x * y + a * y * y) / determinant
    within = distance <= GATE and math.hypot(x, y) <= REACH
    if not within:
        return _NEVER
    return distance + math.log(determinant) + (0.0 if sounds else _SILENT)
