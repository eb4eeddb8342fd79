"""Directions from which an array of microphones hears something, in view or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import Bearing, Matrix, Vector, covariance_at
from ros2_avloc.audio.array import PowerMap

LEAST_CONTRAST = 0.08
"""Contrast below which a map has no peak: twice that of sound without a direction."""

SECOND = 0.75
"""Power of a further peak, as a part of the best one's. Chosen: echoes of a plain room stay below."""

APART = np.radians(25.0)
"""Least angle between two peaks: what is closer is one. Chosen: as wide as a peak of 10 cm is."""

SHARPNESS = 40.0
"""Log-likelihood that a direction loses as its power falls from the peak's to the mean."""

LEAST_SIGMA = np.radians(2.0)
"""Standard deviation that the directions of the grid, 2.9° apart, add."""

DEFINITE = 0.75
"""Length of the mean of all directions that fit a peak, from which it counts as a direction. A flat array has
less for sounds more than 41° above or below it, one on a line for sounds more than 41° from the line."""

RELIABLE = 0.9
"""Part of the peaks whose direction is right. Chosen below what `benchmark/second_ear.py` finds within 10°,
0.9 to 1 in rooms with plain walls: others echo more."""


@dataclass(frozen=True)
class Heard:
    """Something that sounds, heard only.

    Attributes
    ----------
    probability
        That there is something.
    bearing
        Direction, in the frame that its holder names.
    """

    probability: float
    bearing: Bearing


def find_heard(power: PowerMap, limit: int) -> list[Heard]:
    """Find the directions from which sound comes.

    Parameters
    ----------
    power
        Of a second.
    limit
        Most directions to return.

    Returns
    -------
    list[Heard]
        Best first, in the array's frame. Without those that the array cannot tell from others far away.
    """
    if power.contrast < LEAST_CONTRAST:
        return []
    bearings = (_bearing(power, peak) for peak in find_peaks(power, limit))
    return [Heard(RELIABLE, bearing) for bearing in bearings if bearing is not None]


def find_peaks(power: PowerMap, limit: int) -> list[int]:
    """Return indices on the grid of the best directions, best first.

    Each is the best within `APART` of it, and of those that sound like it.
    """
    left = np.where(power.on_grid >= SECOND, power.on_grid, -np.inf)
    peaks: list[int] = []
    while len(peaks) < limit and left.max() > -np.inf:
        best = int(left.argmax())
        around = _near(power, best, APART)
        if power.on_grid[best] >= power.on_grid[around].max():  # else the flank of a better one
            peaks.append(best)
        left[around & (power.on_grid <= power.on_grid[best])] = -np.inf
    return peaks


def _near(power: PowerMap, peak: int, angle: float) -> NDArray[np.bool_]:
    """Which directions of the grid lie near a peak, or near one that sounds like it."""
    alike = power.array.alike(power.array.grid[peak][None])[:, 0]
    near: NDArray[np.bool_] = (power.array.grid @ alike.T).max(axis=1) > np.cos(angle)
    return near


def _bearing(power: PowerMap, peak: int) -> Bearing | None:
    """Mean and spread of the directions that fit a peak, and of those that sound like them."""
    grid = power.array.grid
    own = grid @ grid[peak] > np.cos(APART)
    weights = np.exp(SHARPNESS * (power.on_grid[own] - power.on_grid[peak]))
    directions = power.array.alike(grid[own])
    weights = np.broadcast_to(weights / (weights.sum() * len(directions)), directions.shape[:2]).reshape(-1)
    return _fit(directions.reshape(-1, 3), weights)


def _fit(directions: Matrix, weights: Vector) -> Bearing | None:
    mean = weights @ directions
    length = float(np.linalg.norm(mean))
    if length < DEFINITE:
        return None
    vector = mean / length
    away = directions - vector
    spread = (weights[:, None] * away).T @ away + LEAST_SIGMA**2 * np.eye(3)
    return Bearing(vector, covariance_at(vector, spread))
