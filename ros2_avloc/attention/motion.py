"""Where a track is and how fast it moves: a Kalman filter on the sphere.

The state is a unit vector with its rates of turn; covariance and corrections live on the tangent plane and
are carried along when the vector moves (Hertzberg et al., "Integrating generic sensor fusion algorithms with
sound state representations through encapsulation of manifolds", Information Fusion, 2013). Rates decay and
are driven by noise, an Ornstein-Uhlenbeck process as of Singer ("Estimating optimal tracking filter
performance for manned maneuvering targets", IEEE Trans. Aerospace and Electronic Systems, 1970): what is
seen may cross another on its way, and what is out of view does not run away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import (
    Bearing,
    Matrix,
    Vector,
    axes,
    covariance_at,
    product,
    spread,
    turned,
    turns,
)

RATE = math.radians(5.0)
"""Standard deviation of a rate of turn about an axis, rad/s.
`python -m benchmark.attention` prints that of its stage, 4.3°/s."""

STEADY = 10.0
"""Seconds in which a rate falls to 1/e. Chosen: longer than things take to cross."""

WANDERS = math.radians(4.0) ** 2
"""How fast the direction of something out of view becomes uncertain, rad²/s. Chosen, so that within ten
seconds `association.REACH` is about one standard deviation."""


@dataclass(frozen=True)
class Motion:
    """A direction and its rate of turn.

    Attributes
    ----------
    vector
        Unit vector, float64 ``(3,)``.
    rate
        Turns about the y and z axes of the vector's own frame (see `bearing.axes`), rad/s, float64 ``(2,)``.
    covariance
        Of the two turns and the two rates, float64 ``(4, 4)``.
    """

    vector: Vector
    rate: NDArray[np.float64]
    covariance: Matrix

    @property
    def bearing(self) -> Bearing:
        """The direction alone."""
        return Bearing(self.vector, self.covariance[:2, :2])


def begin(bearing: Bearing) -> Motion:
    """Return what is known of something that was seen once."""
    covariance = np.zeros((4, 4))
    covariance[:2, :2], covariance[2:, 2:] = bearing.covariance, RATE**2 * np.eye(2)
    return Motion(bearing.vector, np.zeros(2), covariance)


def predict(motion: Motion, seconds: float) -> Motion:
    """Return what is known of it so many seconds later, without having been seen."""
    kept = math.exp(-seconds / STEADY)
    reach = STEADY * (1.0 - kept)
    step = _blocks(1.0, reach, 0.0, kept)
    covariance = step @ motion.covariance @ step.T + _noise(seconds, kept)
    return _carried(Motion(motion.vector, kept * motion.rate, covariance), reach * motion.rate)


def wander(motion: Motion, seconds: float) -> Motion:
    """Return what is known of something out of view so many seconds later: how it moves nobody knows."""
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = motion.covariance[:2, :2] + WANDERS * seconds * np.eye(2)
    covariance[2:, 2:] = RATE**2 * np.eye(2)
    return Motion(motion.vector, np.zeros(2), covariance)


def correct(motion: Motion, seen: Bearing) -> Motion:
    """Correct a prediction by what was seen."""
    innovation, variance = difference(motion, seen)
    gain = np.linalg.solve(variance, motion.covariance[:2]).T
    covariance = motion.covariance - gain @ variance @ gain.T
    by = gain @ innovation
    return _carried(Motion(motion.vector, motion.rate + by[2:], covariance), by[:2])


def difference(motion: Motion, seen: Bearing) -> tuple[NDArray[np.float64], Matrix]:
    """Return the turns from a prediction to what was seen, and their covariance ``(2, 2)``."""
    variance = motion.covariance[:2, :2] + covariance_at(motion.vector, spread(seen))
    return turns(motion.vector, seen.vector), variance


def _noise(seconds: float, kept: float) -> Matrix:
    """Covariance that the rates' noise adds in some seconds."""
    ratio = seconds / STEADY
    # The difference of almost equal numbers, for short times, must not become negative.
    both = max(2.0 * ratio - 3.0 + 4.0 * kept - kept**2, 0.0)
    return RATE**2 * _blocks(STEADY**2 * both, STEADY * (1.0 - kept)**2, STEADY * (1.0 - kept)**2,
                             1.0 - kept**2)


def _blocks(a: float, b: float, c: float, d: float) -> Matrix:
    return np.array(((a, 0.0, b, 0.0), (0.0, a, 0.0, b), (c, 0.0, d, 0.0), (0.0, c, 0.0, d)))


def _carried(motion: Motion, by: NDArray[np.float64]) -> Motion:
    """Turn a motion's vector, and tell its rate and covariance in the frame that the vector then has."""
    vector = turned(motion.vector, by)
    turn = axes(vector).T @ _shortest(motion.vector, vector) @ axes(motion.vector)
    carry = np.zeros((4, 4))
    carry[:2, :2] = carry[2:, 2:] = turn[1:, 1:]
    return Motion(vector, turn[1:, 1:] @ motion.rate, carry @ motion.covariance @ carry.T)


def _shortest(start: Vector, end: Vector) -> Matrix:
    """Rotation ``(3, 3)`` that brings one unit vector to another on the great circle."""
    x, y, z = product(start, end)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: Matrix = np.eye(3) + cross + cross @ cross / (1.0 + float(start @ end))
    return rotation
