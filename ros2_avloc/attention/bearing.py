"""Directions: unit vectors with an uncertainty on the sphere.

Every bearing has a small frame of its own, by which its covariance is told and its pose is published:
x is the bearing itself, y and z lie across it (see `axes`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Bearing:
    """A direction and how sure it is.

    Attributes
    ----------
    vector
        Unit vector, float64 ``(3,)``, in the frame that its holder names.
    covariance
        float64 ``(2, 2)`` in rad²: of small turns about the y and z axes of the bearing's own
        frame, whose x axis is `vector` (see `axes`).
    """

    vector: NDArray[np.float64]
    covariance: NDArray[np.float64]


def axes(vector: Vector) -> Matrix:
    """Axes of a bearing's own frame.

    x is `vector`. y is perpendicular to the z axis of the holder's frame, or within 45° of that axis, where
    such a y would turn with every small motion, to its y axis. So y points to the left of somebody who looks
    along `vector`, and z up, in a body frame (z up) up to 45° above or below the horizon, and in an optical
    frame (z forward, y down) up to 45° from the middle. Elsewhere the frame is rolled about `vector`, by a
    jump; that roll means nothing.

    Parameters
    ----------
    vector
        Unit vector, float64 ``(3,)``.

    Returns
    -------
    float64 ``(3, 3)``
        The three axes as columns: the rotation from the bearing's own frame into the holder's.
    """
    x, y, z = vector.tolist()
    (a, b, c), (d, e, f) = _across(x, y, z)
    return np.array(((x, a, d), (y, b, e), (z, c, f)))


def orientation(vector: Vector) -> NDArray[np.float64]:
    """Quaternion (x, y, z, w) with w ≥ 0 of the frame that `axes` describes: its +X axis is `vector`."""
    (a, b, c), (d, e, f), (g, h, i) = axes(vector).tolist()
    # The quaternion's outer product with itself, times 4; the row of its largest part (Shepperd, 1978).
    rows = ((1 + a - e - i, b + d, c + g, h - f), (b + d, 1 - a + e - i, f + h, c - g),
            (c + g, f + h, 1 - a - e + i, d - b), (h - f, c - g, d - b, 1 + a + e + i))
    row = np.array(rows[max(range(4), key=lambda part: rows[part][part])])
    return row / math.copysign(math.hypot(*row), row[3] or 1.0)


def direction(quaternion: ArrayLike) -> Vector:
    """Return the bearing whose `orientation` is a quaternion (x, y, z, w): its +X axis, float64 ``(3,)``."""
    vector: Vector = Rotation.from_quat(np.asarray(quaternion, np.float64)).apply((1.0, 0.0, 0.0))
    return vector


def azimuth_elevation(vector: Vector, *, optical: bool = False) -> tuple[float, float]:
    """Azimuth and elevation in radians: positive to the left and upwards, as in REP-103.

    Parameters
    ----------
    vector
        Unit vector, float64 ``(3,)``.
    optical
        Whether it is told in an optical frame (x right, y down, z forward) instead of a body frame
        (x forward, y left, z up).
    """
    forward, left, up = (vector[2], -vector[0], -vector[1]) if optical else vector
    # Straight up or down there is no azimuth; minus zero would make it half a turn.
    return math.atan2(left + 0.0, forward + 0.0), math.atan2(up, math.hypot(forward, left))


def angle(a: Vector, b: Vector) -> float:
    """Angle between two unit vectors in radians, exact for small ones too."""
    return math.atan2(math.hypot(*product(a, b)), float(a @ b))


def product(a: Vector, b: Vector) -> tuple[float, float, float]:
    """Vector product of two vectors, without what NumPy's general one costs."""
    (x, y, z), (u, v, w) = a.tolist(), b.tolist()
    return y * w - z * v, z * u - x * w, x * v - y * u


def rotate(bearing: Bearing, rotation: Matrix) -> Bearing:
    """Tell a bearing in another frame.

    Parameters
    ----------
    bearing
        In the old frame.
    rotation
        float64 ``(3, 3)``, from the old frame into the new one.
    """
    vector = rotation @ bearing.vector
    return Bearing(vector, covariance_at(vector, rotation @ spread(bearing) @ rotation.T))


def spread(bearing: Bearing) -> Matrix:
    """Covariance of the vector itself, float64 ``(3, 3)`` in the holder's frame."""
    tangent = _tangent(bearing.vector)
    return tangent @ bearing.covariance @ tangent.T


def covariance_at(vector: Vector, spread: Matrix) -> Matrix:
    """Covariance ``(2, 2)`` of turns, for a bearing along `vector` that has this `spread` ``(3, 3)``."""
    tangent = _tangent(vector)
    return tangent.T @ spread @ tangent


def turns(start: Vector, end: Vector) -> NDArray[np.float64]:
    """Return the turns about the y and z axes of `start` that bring it to `end` on the great circle."""
    found: NDArray[np.float64] = turns_to(start, end[None])[0]
    return found


def turns_to(start: Vector, ends: Matrix) -> Matrix:
    """Return `turns` to each of several unit vectors ``(n, 3)``: float64 ``(n, 2)``."""
    across = ends @ _tangent(start)
    lengths = np.hypot(across[:, 0], across[:, 1])
    lengths[lengths == 0.0] = 1.0  # there is nothing to scale
    scales: Matrix = np.arctan2(lengths, ends @ start) / lengths
    return scales[:, None] * across


def turned(start: Vector, by: NDArray[np.float64]) -> Vector:
    """Turn `start` about its y and z axes: the inverse of `turns`."""
    length = math.hypot(*by)
    along = math.sin(length) / length if length > 0.0 else 1.0
    vector: Vector = math.cos(length) * start + along * (_tangent(start) @ by)
    vector /= math.hypot(*vector)
    return vector


def _tangent(vector: Vector) -> Matrix:
    """Motion of the tip of a unit vector per turn about its y and z axes: ``(3, 2)``, orthonormal columns."""
    (a, b, c), (d, e, f) = _across(*vector.tolist())
    return np.array(((-d, a), (-e, b), (-f, c)))


def _across(x: float, y: float, z: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return the y and z axes of a bearing's own frame, see `axes`."""
    if abs(z) > math.sqrt(0.5):
        length = math.hypot(x, z)
        a, b, c = -z / length, 0.0, x / length
    else:
        length = math.hypot(x, y)
        a, b, c = -y / length, x / length, 0.0
    return (a, b, c), (y * c - z * b, z * a - x * c, x * b - y * a)
