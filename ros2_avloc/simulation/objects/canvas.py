"""A canvas for drawn objects: several times the final size, then shrunk, so that edges are smooth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.simulation.objects.colours import Colour, Paint, light_field
from ros2_avloc.simulation.objects.shapes import Points, ellipse

_REACH = 1.3
_SHIFT = 4
_INK: Colour = (34, 28, 30)


class Canvas:
    """A square from -1.3 to 1.3 in x (right) and y (down); an object fills about -1 to 1.

    Parameters
    ----------
    size
        Pixels along the longer side of the finished picture.
    edge
        Width of the dark line round each filled shape; 0 for none.
    """

    def __init__(self, size: int, *, edge: float = 0.0) -> None:
        self._side = int(size * (3 if size <= 200 else 2) * _REACH)
        self._scale = self._side / (2 * _REACH)
        self._rgba = np.zeros((self._side, self._side, 4), np.uint8)  # premultiplied by alpha
        self.edge = edge

    def fill(self, outline: ArrayLike, paint: Paint, *, opacity: float = 1.0, edge: bool = True) -> None:
        """Fill a closed outline; `opacity` below 1 lets what lies under it through."""
        points = self._pixels(outline)
        low = np.clip(np.floor(points.min(0)).astype(int), 0, self._side)
        high = np.clip(np.ceil(points.max(0)).astype(int) + 1, 0, self._side)
        width, height = (int(n) for n in high - low)
        if width <= 0 or height <= 0:
            return
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [_fixed(points - low)], 255, shift=_SHIFT)
        light = cv2.resize(light_field(paint.field), (width, height), interpolation=cv2.INTER_LINEAR)
        patch = paint.ramp().view(np.uint32)[:, 0][light].view(np.uint8).reshape(height, width, 4)
        under = self._rgba[low[1] : high[1], low[0] : high[0]]
        if opacity < 1:
            patch = cv2.addWeighted(patch, opacity, under, 1 - opacity, 0)
        cv2.copyTo(patch, mask, under)
        if self.edge and edge and opacity >= 1:
            self.stroke(outline, self.edge, _INK, closed=True)

    def ball(self, x: float, y: float, rx: float, ry: float, paint: Paint, *, opacity: float = 1.0) -> None:
        """Fill an ellipse."""
        self.fill(ellipse(x, y, rx, ry), paint, opacity=opacity)

    def stroke(self, line: ArrayLike, width: float, colour: Colour, *, closed: bool = False) -> None:
        """Draw a line of even colour with round ends."""
        thickness = max(1, round(width * self._scale))
        ink = (*(float(channel) for channel in colour), 255.0)
        cv2.polylines(self._rgba, [_fixed(self._pixels(line))], closed, ink, thickness, cv2.LINE_8, _SHIFT)

    def tube(self, line: ArrayLike, width: float, colour: Colour) -> None:
        """Draw a round tube: a line with a shadow side and a lit side."""
        points = np.asarray(line, float)
        if self.edge:
            self.stroke(points, width + 2 * self.edge, _INK)
        for share, factor in ((1.0, 0.5), (0.76, 0.8), (0.5, 1.05), (0.22, 1.3)):
            lit = np.array([min(255.0, channel * factor) for channel in colour])
            offset = -0.16 * width * (1 - share)
            self.stroke(points + offset, share * width, (lit[0], lit[1], lit[2]))

    @contextmanager
    def inside(self, outline: ArrayLike) -> Iterator[None]:
        """Keep all that is drawn in this context within an outline."""
        before = self._rgba.copy()
        yield
        outside = np.full(before.shape[:2], 255, np.uint8)
        cv2.fillPoly(outside, [_fixed(self._pixels(outline))], 0, shift=_SHIFT)
        cv2.copyTo(before, outside, self._rgba)

    def picture(self, size: int, *, angle: float = 0.0, mirror: bool = False,
                squeeze: float = 1.0) -> NDArray[np.uint8]:
        """Give the finished object, cropped to itself and turned.

        Parameters
        ----------
        size
            Pixels along the longer side.
        angle
            Turn, rad, clockwise as seen.
        mirror
            Exchange left and right, before the turn.
        squeeze
            Factor on the width, before the turn.

        Returns
        -------
        numpy.ndarray
            uint8 ``(h, w, 4)``, straight (not premultiplied) alpha.
        """
        side = float(self._side)
        cos, sin = np.cos(angle), np.sin(angle)
        matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-squeeze if mirror else squeeze, 1.0])
        corners = matrix @ (np.argwhere(np.ones((2, 2))).T - 0.5) * side
        extent = np.ceil(corners.max(1) - corners.min(1))
        offset = extent / 2 - matrix @ np.array([side / 2, side / 2])
        affine = np.column_stack([matrix, offset])
        turned = cv2.warpAffine(self._rgba, affine, (int(extent[0]), int(extent[1])), flags=cv2.INTER_LINEAR)
        return _straight(_shrink(_cropped(np.asarray(turned, dtype=np.uint8)), size))

    def _pixels(self, points: ArrayLike) -> Points:
        return np.asarray((np.asarray(points, float) + _REACH) * self._scale - 0.5)


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


def _cropped(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(rgba[..., 3]))
    return rgba[y : y + height, x : x + width]


def _shrink(rgba: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    height, width = rgba.shape[:2]
    scale = size / max(height, width)
    new = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgba, new, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _straight(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:].astype(np.float32)
    colour = rgba[..., :3] * (255 / np.maximum(alpha, 1))
    return np.concatenate([np.minimum(colour + 0.5, 255).astype(np.uint8), rgba[..., 3:]], axis=2)
