"""Outlines: points ``(n, 2)`` (x right, y down) of the shapes that objects are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


def rect(x: float, y: float, width: float, height: float) -> Points:
    """Give a rectangle centred on (x, y)."""
    w, h = width / 2, height / 2
    return np.array([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)])


def rounded(x: float, y: float, width: float, height: float, radius: float) -> Points:
    """Give a rectangle centred on (x, y) with round corners."""
    radius = min(radius, width / 2, height / 2)
    w, h = width / 2 - radius, height / 2 - radius
    corners = ((x + w, y + h, 0), (x - w, y + h, 1), (x - w, y - h, 2), (x + w, y - h, 3))
    quarter = np.pi / 2
    bends = [arc(cx, cy, radius, radius, k * quarter, (k + 1) * quarter, 7) for cx, cy, k in corners]
    return np.concatenate(bends)


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> Points:
    """Give an ellipse centred on (x, y), turned by `angle` rad."""
    return turn(arc(x, y, rx, ry, 0, 2 * np.pi, 41)[:-1], angle, (x, y))


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, count: int = 25) -> Points:
    """Give points on an ellipse from angle `start` to `stop` (rad; 0 is right, π/2 is down)."""
    angle = np.linspace(start, stop, count)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def turn(points: ArrayLike, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Turn the points by `angle` rad (clockwise as seen) about a point."""
    cos, sin = np.cos(angle), np.sin(angle)
    centre = np.array(about)
    return np.asarray((np.asarray(points, float) - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre)


def smooth(points: ArrayLike, *, closed: bool = True, steps: int = 6) -> Points:
    """Lay a Catmull-Rom spline through the points."""
    p = np.asarray(points, float)
    if closed:
        before, after, beyond = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        ends = np.concatenate([p[:1], p, p[-1:]])
        before, p, after, beyond = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, p, after, beyond))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.reshape(-1, p.shape[1])
    return curve if closed else np.concatenate([curve, after[-1:]])


def lathe(profile: Sequence[tuple[float, float]], *, x: float = 0.0, soft: bool = True) -> Points:
    """Give the silhouette of a turned body: `profile` lists (radius, y) from top to bottom."""
    side = np.asarray(profile, float)
    if soft:
        side = smooth(side, closed=False)
    left = side[::-1] * (-1, 1)
    return np.asarray(np.concatenate([side, left]) + (x, 0))


def limb(spine: ArrayLike, widths: Sequence[float]) -> Points:
    """Give a body of changing width along a spine: legs, tails, necks."""
    p = np.asarray(spine, float)
    width = np.interp(np.linspace(0, 1, len(p)), np.linspace(0, 1, len(widths)), widths)
    if len(p) > 2:
        soft = smooth(np.column_stack([p, width]), closed=False, steps=5)
        p, width = soft[:, :2], soft[:, 2]
    along = np.gradient(p, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    reach = normal * width[:, None] / 2
    return np.concatenate([p + reach, (p - reach)[::-1]])
