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
_CLOSE = 1e-10
"""Error that ends the iteration, relative to 1 + the distance from the principal point. A larger one that is
left says that there is no ray."""
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
        return _map(self._tilt, self._bend(points)) if any(self.coefficients) else points

    def undistort(self, points: Floats) -> Floats:
        """See `Lens`."""
        found = self._straight(points) if any(self.coefficients) else points.copy()
        found[~(_length(found) <= self._limit)] = np.nan
        depth = 1 / np.sqrt(1 + found[:, 0] ** 2 + found[:, 1] ** 2)
        return _columns(found[:, 0] * depth, found[:, 1] * depth, depth)

    def _straight(self, points: Floats) -> Floats:
        """Return the undistorted coordinates of distorted ones; NaN if there are none."""
        target = _map(self._untilt, points)
        found, close = self._start(target), _CLOSE * (1 + _length(target))
        for _ in range(_STEPS):
            missing = target - self._bend(found)
            there = _length(missing) < close
            if there.all():
                break
            found = _shorten(found + _solve(self._slope(found), missing), self._limit)
        found[~there] = np.nan
        return found

    def _bend(self, points: Floats) -> Floats:
        """Distort, without the tilt."""
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = self.coefficients
        x, y = points.T
        s = x * x + y * y
        stretch = _value(self._top, s) / _value(self._bottom, s)
        mixed = 2 * x * y
        return _columns(x * stretch + p1 * mixed + p2 * (s + 2 * x * x) + s * (s1 + s2 * s),
                        y * stretch + p2 * mixed + p1 * (s + 2 * y * y) + s * (s3 + s4 * s))

    def _slope(self, points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the derivatives of `_bend`, ``(n,)`` each: of x by x, x by y, y by x and y by y."""
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = self.coefficients
        x, y = points.T
        s = x * x + y * y
        bottom, bottom_slope = _value(self._bottom, s), _value(_derivative(self._bottom), s)
        stretch = _value(self._top, s) / bottom
        growth = 2 * (_value(_derivative(self._top), s) - stretch * bottom_slope) / bottom
        prism_x, prism_y = 2 * (s1 + 2 * s2 * s), 2 * (s3 + 2 * s4 * s)
        mixed = growth * x * y + 2 * p1 * x + 2 * p2 * y
        x_by_x = stretch + growth * x * x + 2 * p1 * y + 6 * p2 * x + prism_x * x
        y_by_y = stretch + growth * y * y + 6 * p1 * y + 2 * p2 * x + prism_y * y
        return x_by_x, mixed + prism_x * y, mixed + prism_y * x, y_by_y

    def _start(self, target: Floats) -> Floats:
        """Undistort by the radial part alone, from a table."""
        bent, radius = self._table
        length = _length(target)
        return target * _ratio(np.interp(length, bent, radius), length)[:, None]

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Distorted and undistorted radii."""
        radius = np.tan(np.linspace(0, np.arctan(self._limit), _TABLE_SIZE))
        return radius * _value(self._top, radius ** 2) / _value(self._bottom, radius ** 2), radius

    @cached_property
    def _top(self) -> tuple[float, ...]:
        """Coefficients of the numerator of the radial function in the squared radius, lowest first."""
        k1, k2, _, _, k3, *_ = self.coefficients
        return 1.0, k1, k2, k3

    @cached_property
    def _bottom(self) -> tuple[float, ...]:
        """Those of the denominator."""
        return 1.0, *self.coefficients[5:8]

    @cached_property
    def _limit(self) -> float:
        """Return the undistorted radius up to which the image spreads out in every direction, without a pole.

        That is so where the slope of the radial function is larger than what the tangential and prism terms
        can take from it: at most 6·|p|·r, 2·|s1|·r and 4·|s2|·r³, where r is at most (1 + r²) / 2.
        """
        _, _, p1, p2, _, _, _, _, s1, s2, s3, s4, _, _ = np.abs(self.coefficients)
        top, bottom, s = Polynomial(self._top), Polynomial(self._bottom), Polynomial([0, 1])
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

    @cached_property
    def _untilt(self) -> Floats:
        return np.asarray(np.linalg.inv(self._tilt), np.float64)


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
        return rays[:, :2] * _ratio(_value(self._radius, angle), across)[:, None]

    def undistort(self, points: Floats) -> Floats:
        """See `Lens`."""
        radius = _length(points)
        angle, close = np.interp(radius, *self._table), _CLOSE * (1 + radius)
        for _ in range(_STEPS):
            missing = radius - _value(self._radius, angle)
            there = np.abs(missing) < close
            if there.all():
                break
            angle = np.clip(angle + missing / _value(_derivative(self._radius), angle), 0, self._limit)
        angle[~there] = np.nan
        across = points * _ratio(np.sin(angle), radius)[:, None]
        return _columns(across[:, 0], across[:, 1], np.cos(angle))

    @cached_property
    def _radius(self) -> tuple[float, ...]:
        """Coefficients of the radius in the angle, lowest first."""
        k1, k2, k3, k4 = self.coefficients
        return 0.0, 1.0, 0.0, k1, 0.0, k2, 0.0, k3, 0.0, k4

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Radii and angles."""
        angle = np.linspace(0, self._limit, _TABLE_SIZE, dtype=np.float64)
        return _value(self._radius, angle), angle

    @cached_property
    def _limit(self) -> float:
        return min(_first_root(Polynomial(self._radius).deriv() - _FLAT), np.pi)


def _first_root(polynomial: Polynomial) -> float:
    """Return the smallest positive root, or infinity."""
    roots = polynomial.trim(1e-12).roots()
    return float(min(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real, default=np.inf))


def _value(polynomial: tuple[float, ...], at: Floats) -> Floats:
    """Evaluate by Horner's rule; for few points several times as fast as NumPy's own."""
    value = np.full_like(at, polynomial[-1])
    for coefficient in polynomial[-2::-1]:
        value *= at
        value += coefficient
    return value


def _derivative(polynomial: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(power * coefficient for power, coefficient in enumerate(polynomial))[1:]


def _columns(*columns: Floats) -> Floats:
    """Put vectors ``(n,)`` side by side."""
    return np.ascontiguousarray(np.array(columns).T)


def _length(points: Floats) -> Floats:
    return np.asarray(np.hypot(points[:, 0], points[:, 1]), np.float64)


def _ratio(a: Floats, b: Floats) -> Floats:
    """Divide; both are the same small number at the centre, where the quotient is 1."""
    return np.asarray(np.divide(a, b, out=np.where(np.isnan(a), np.nan, 1.0), where=b > 0))


def _map(homography: Floats, points: Floats) -> Floats:
    """Apply a homography ``(3, 3)`` to points ``(n, 2)``."""
    mapped = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _solve(matrices: tuple[Floats, Floats, Floats, Floats], vectors: Floats) -> Floats:
    """Solve ``n`` systems of two equations; where one is singular the result is not finite."""
    a, b, c, d = matrices
    x, y = vectors.T
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        return _columns(d * x - b * y, a * y - c * x) / (a * d - b * c)[:, None]


def _shorten(vectors: Floats, longest: float) -> Floats:
    """Scale the vectors that are too long; those that are not finite become NaN."""
    with np.errstate(invalid='ignore'):
        return np.asarray(vectors * (longest / np.maximum(_length(vectors), longest))[:, None])
