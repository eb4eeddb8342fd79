"""Heatmaps and boxes on common ground. Boxes are left, top, width, height as fractions of the frame."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.vision.grid import GRID

Heatmap = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]

SIDE = 224
"""Rows and columns that heatmaps are enlarged to where areas are compared."""


def enlarged(heatmap: Heatmap) -> Heatmap:
    """Return ``(14, 14)`` enlarged to ``(224, 224)``, linearly between the centres of the cells."""
    return np.asarray(cv2.resize(heatmap, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32)


def inside(boxes: Iterable[Box], side: int) -> Mask:
    """Return which points of a ``(side, side)`` grid over the frame, at its cells' centres, lie in a box."""
    centres, mask = (np.arange(side) + 0.5) / side, np.zeros((side, side), bool)
    for left, top, width, height in boxes:
        rows = (top <= centres) & (centres < top + height)
        columns = (left <= centres) & (centres < left + width)
        mask |= rows[:, None] & columns
    return mask


def target_cells(boxes: Iterable[Box]) -> Mask:
    """Return which cells of the heatmap count as on the object, bool ``(14, 14)``.

    Those whose centre lies in a box; where a box is too small to hold one, the cell of its middle.
    """
    cells = np.zeros((GRID, GRID), bool)
    for box in boxes:
        held = inside([box], GRID)
        if not held.any():
            left, top, width, height = box
            held[_cell(top + height / 2), _cell(left + width / 2)] = True
        cells |= held
    return cells


def peaks(heatmaps: Heatmap) -> NDArray[np.int64]:
    """Return the index of each map's highest cell, row by row, ``(n,)``."""
    return np.asarray(heatmaps.reshape(len(heatmaps), GRID * GRID).argmax(axis=1))


def _cell(fraction: float) -> int:
    return int(np.clip(fraction * GRID, 0, GRID - 1))
