"""Lens distortion: from a ray to normalised image coordinates (focal length 1) and back.

A lens is invertible only as far as its radial function grows. Beyond, the polynomial folds the image back
onto itself, which no glass does; from there on both directions give NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TABLE_SIZE = 512
_STEPS = 12
"""At most, of Newton's iteration, which starts at the table's entry."""
_STILL = 1e-13
"""A step that ends the iteration."""
_CLOSE = 1e-10
"""Largest error that may be left, relative to 1 + the distance from the principal point."""
_FLAT = 0.05
"""Slope of the radial function (1 at the centre) that counts as its end."""
_BEFORE_THE_POLE = 0.9
_WIDEST_PINHOLE = float(np.tan(np.radians(89.5)))


class Lens(Protocol):
    """A model of distortion."""

    def distort(self, rays: Floats) -> Floats:
        """Return the normalised coordinates ``(n, 2)`` of rays ``(n, 3)``; NaN if there are none."""

    def undistort(self, points: Floats) -> Floats:
        """Return the unit rays ``(n, 3)`` of normalised coordinates ``(n, 2)``; NaN if there are none."""


@dataclass(frozen=True)
class BrownLens:
    """Radial (polynomial or rational), tangential, thin prism and tilt: OpenCV's model of the calib3d module.

    `coefficients` are OpenCV's 14: k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, τx, τy; ``plumb_bob`` and
    ``rational_polynomial`` of CameraInfo are the first 5 and 8 of them. A ray 89.5° or more off the axis has
    no image.
    """

    coefficients: tuple[float, ...] = (0.0,) * 14

    def distort(self, rays: Floats) -> Floats:
        """See `Lens`."""
        points: Floats = rays[:, :2].copy()
        with np.errstate(divide='ignore', invalid='ignore'):
            points /= rays[:, 2:]
            points[~((rays[:, 2] > 0) & (_length(points) <= self._limit))] = np.nan
        return _map(self._tilt, self._bend(points))

    def undistort(self, points: Floats) -> Floats:
        """See `Lens`."""
        target = _map(np.asarray(np.linalg.inv(self._tilt), np.float64), points)
        found = self._start(target)
        for _ in range(_STEPS):
            step = _divide(target - self._bend(found), self._slope(found))
            found = _shorten(found + step, self._limit)
            if not (_length(step) > _STILL).any():
                break
        left = _length(self._bend(found) - target) / (1 + _length(target))
        found[~(left < _CLOSE)] = np.nan
        rays = np.column_stack([found, np.ones(len(found))])
        return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))

    def _bend(self, points: Floats) -> Floats:
        """Distort, without the tilt."""
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = self.coefficients
        x, y = points.T
        s = x * x + y * y
        stretch = self._numerator(s) / self._denominator(s)
        return np.column_stack([x * stretch + 2 * p1 * x * y + p2 * (s + 2 * x * x) + s1 * s + s2 * s * s,
                                y * stretch + p1 * (s + 2 * y * y) + 2 * p2 * x * y + s3 * s + s4 * s * s])

    def _slope(self, points: Floats) -> Floats:
        """Return the derivatives ``(n, 2, 2)`` of `_bend`: rows by result, columns by x and y."""
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = self.coefficients
        x, y = points.T
        s = x * x + y * y
        top, bottom = self._numerator(s), self._denominator(s)
        stretch = top / bottom
        growth = 2 * (self._numerator.deriv()(s) * bottom - top * self._denominator.deriv()(s)) / bottom ** 2
        prism_x, prism_y = 2 * (s1 + 2 * s2 * s), 2 * (s3 + 2 * s4 * s)
        mixed = growth * x * y + 2 * p1 * x + 2 * p2 * y
        x_by_x = stretch + growth * x * x + 2 * p1 * y + 6 * p2 * x + prism_x * x
        y_by_y = stretch + growth * y * y + 6 * p1 * y + 2 * p2 * x + prism_y * y
        return np.stack([x_by_x, mixed + prism_x * y, mixed + prism_y * x, y_by_y], -1).reshape(-1, 2, 2)

    def _start(self, target: Floats) -> Floats:
        """Undistort by the radial part alone, from a table."""
        radius = np.tan(np.linspace(0, np.arctan(self._limit), _TABLE_SIZE))
        bent = radius * self._numerator(radius ** 2) / self._denominator(radius ** 2)
        length = _length(target)
        with np.errstate(invalid='ignore'):
            stretch = np.where(length > 0, np.interp(length, bent, radius) / length, 1.0)
        return np.asarray(target * stretch[:, None])

    @cached_property
    def _numerator(self) -> Polynomial:
        k1, k2, _, _, k3, *_ = self.coefficients
        return Polynomial([1, k1, k2, k3])

    @cached_property
    def _denominator(self) -> Polynomial:
        return Polynomial([1, *self.coefficients[5:8]])

    @cached_property
    def _limit(self) -> float:
        """Return the undistorted radius up to which the image spreads out in every direction, without a pole.

        That is so where the slope of the radial function is larger than what the tangential and prism terms
        can take from it: at most 6·|p|·r, 2·|s1|·r and 4·|s2|·r³, where r is at most (1 + r²) / 2.
        """
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = np.abs(self.coefficients)
        top, bottom, s = self._numerator, self._denominator, Polynomial([0, 1])
        others = (1 + s) * (3 * (p1 + p2) + s1 + s3 + 2 * (s2 + s4) * s)
        slope = top * bottom + 2 * s * (top.deriv() * bottom - top * bottom.deriv())
        end = min(_first_root(slope - (_FLAT + others) * bottom ** 2), _BEFORE_THE_POLE * _first_root(bottom))
        return min(float(np.sqrt(end)), _WIDEST_PINHOLE)

    @cached_property
    def _tilt(self) -> Floats:
        """Return the homography of a tilted sensor, as OpenCV's ``computeTiltProjectionMatrix``."""
        (cos_x, cos_y), (sin_x, sin_y) = np.cos(self.coefficients[12:]), np.sin(self.coefficients[12:])
        turn_x = np.array([(1, 0, 0), (0, cos_x, sin_x), (0, -sin_x, cos_x)])
        turn_y = np.array([(cos_y, 0, -sin_y), (0, 1, 0), (sin_y, 0, cos_y)])
        turn = turn_y @ turn_x
        onto_sensor = np.array([(turn[2, 2], 0, -turn[0, 2]), (0, turn[2, 2], -turn[1, 2]), (0, 0, 1)])
        return np.asarray(onto_sensor @ turn, np.float64)


@dataclass(frozen=True)
class EquidistantLens:
    """A fisheye, as in OpenCV's fisheye module and in Kannala and Brandt (2006): radius by the angle.

    `coefficients` are k1 … k4 of angle · (1 + k1·angle² + k2·angle⁴ + k3·angle⁶ + k4·angle⁸).
    Rays behind the camera have an image if the polynomial grows that far.
    """

    coefficients: tuple[float, ...] = (0.0,) * 4

    def distort(self, rays: Floats) -> Floats:
        """See `Lens`."""
        across = _length(rays[:, :2])
        angle = np.arctan2(across, rays[:, 2])
        angle[~(angle <= self._limit)] = np.nan
        return rays[:, :2] * _ratio(self._radius(angle), across)[:, None]

    def undistort(self, points: Floats) -> Floats:
        """See `Lens`."""
        radius = _length(points)
        table = np.linspace(0, self._limit, _TABLE_SIZE)
        angle = np.interp(radius, self._radius(table), table)
        for _ in range(_STEPS):
            angle = angle - (self._radius(angle) - radius) / self._radius.deriv()(angle)
            angle = np.clip(angle, 0, self._limit)
        left = np.abs(self._radius(angle) - radius) / (1 + radius)
        angle[~(left < _CLOSE)] = np.nan
        return np.column_stack([points * _ratio(np.sin(angle), radius)[:, None], np.cos(angle)])

    @cached_property
    def _radius(self) -> Polynomial:
        k1, k2, k3, k4 = self.coefficients
        return Polynomial([0, 1, 0, k1, 0, k2, 0, k3, 0, k4])

    @cached_property
    def _limit(self) -> float:
        return min(_first_root(self._radius.deriv() - _FLAT), np.pi)


def _first_root(polynomial: Polynomial) -> float:
    """Return the smallest positive root, or infinity."""
    roots = polynomial.trim(1e-12).roots()
    return float(min(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real, default=np.inf))


def _length(points: Floats) -> Floats:
    return np.asarray(np.hypot(points[:, 0], points[:, 1]), np.float64)


def _ratio(a: Floats, b: Floats) -> Floats:
    """Divide; both are the same small number at the centre, where the quotient is 1."""
    return np.asarray(np.divide(a, b, out=np.where(np.isnan(a), np.nan, 1.0), where=b > 0))


def _map(homography: Floats, points: Floats) -> Floats:
    """Apply a homography ``(3, 3)`` to points ``(n, 2)``."""
    mapped = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _divide(vectors: Floats, matrices: Floats) -> Floats:
    """Solve ``(n, 2, 2)`` systems; where one is singular the result is not finite."""
    (a, b), (c, d) = matrices[:, 0].T, matrices[:, 1].T
    x, y = vectors.T
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        return np.asarray(np.column_stack([d * x - b * y, a * y - c * x]) / (a * d - b * c)[:, None])


def _shorten(vectors: Floats, longest: float) -> Floats:
    """Scale the vectors that are too long."""
    return np.asarray(vectors * (longest / np.maximum(_length(vectors), longest))[:, None])
