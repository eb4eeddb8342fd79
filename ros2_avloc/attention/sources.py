"""From a heatmap to sources: peaks to a part of a cell, their boxes, and their bearings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import Bearing, Matrix, Vector, turns_to
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import GRID, cell_to_pixel

VALLEY = 0.8
"""A peak is one of its own where the way to any better one falls below this part of its probability."""

SKIRT = 0.3
"""Part of a peak's height over the background from which cells count for its position."""

CELL_VARIANCE, WIDTH_SHARE = 0.058, 0.09
"""Variance of a source's position, to both sides: a constant in cells², and a part of the variance of its
peak. Fitted so that an object's middle lies within the 2-sigma cone in 90 to 98 % of cases, of sources and of
tracks, with the ideal network on the stage (seeds 100 to 107) and on simulated scenes (seeds 400 to 407): the
widest that do. A cell alone would be 1/12."""

LIKELY = 0.6
"""Least probability of what keeps up a track that sounds, though it is no source. Of 1 (none), 0.65,
0.6 and 0.55 it is right most often on photos that are set aside (docs/attention.md)."""

_ROWS, _COLUMNS = np.indices((GRID, GRID))
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_STEP = 0.25
_STEPS = _STEP * np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)])
"""A position and its surroundings, in cells, for derivatives."""

Heatmap = NDArray[np.float32]
Mask = NDArray[np.bool_]
Cell = tuple[int, int]


@dataclass(frozen=True)
class Source:
    """Something that sounds in a frame.

    Attributes
    ----------
    box
        Centre x, centre y, width and height in pixels of the frame.
    probability
        That it makes the sound: the heatmap at its peak.
    bearing
        Direction in the camera's optical frame.
    """

    box: tuple[float, float, float, float]
    probability: float
    bearing: Bearing


def find_sources(heatmap: Heatmap, camera: Camera, *, threshold: float, limit: int) -> list[Source]:
    """Find what sounds.

    Parameters
    ----------
    heatmap
        Probabilities, float32 ``(14, 14)``.
    camera
        Of the frame that the heatmap lies over.
    threshold
        Lowest probability of a source.
    limit
        Most sources to return.

    Returns
    -------
    list[Source]
        Best first. A peak where the lens has no image, as in the corners of a fisheye's frame, is none.
    """
    return _sources(heatmap, find_peaks(heatmap, threshold), camera, threshold, limit)


def find_sources_and_faint(heatmap: Heatmap, camera: Camera, *, threshold: float,
                           limit: int) -> tuple[list[Source], list[Source]]:
    """Find what sounds, and what is likely to sound (see `LIKELY`) though it is below the threshold.

    Parameters are those of `find_sources`; both lists are as long as `limit` at most, best first.
    """
    peaks = find_peaks(heatmap, min(threshold, LIKELY))
    above = [peak for peak in peaks if heatmap[peak] >= threshold]
    sources = _sources(heatmap, above, camera, threshold, limit)
    if len(above) == len(peaks):
        return sources, []
    likely = _sources(heatmap, peaks, camera, LIKELY, GRID * GRID)
    return sources, [source for source in likely if source.probability < threshold][:limit]


def _sources(heatmap: Heatmap, peaks: list[Cell], camera: Camera, threshold: float,
             limit: int) -> list[Source]:
    if not peaks:
        return []
    owners = _nearest(peaks)
    own = [owners == number for number in range(len(peaks))]
    refined = [refine(heatmap, peak, cells, threshold) for peak, cells in zip(peaks, own, strict=True)]
    sources = (
        Source(_box(heatmap, peak, cells, threshold, camera), float(heatmap[peak]), bearing)
        for peak, cells, bearing in zip(peaks, own, _bearings(refined, camera), strict=True)
        if np.isfinite(bearing.covariance).all()
    )
    return list(islice(sources, limit))


def find_peaks(heatmap: Heatmap, threshold: float) -> list[Cell]:
    """Find cells that are as probable as their eight neighbours, best first.

    Of several such cells without a valley between them (see `VALLEY`) only the best remains.
    """
    tops = (heatmap == cv2.dilate(heatmap, _NEIGHBOURS)) & (heatmap >= threshold)
    cells = np.argwhere(tops)
    peaks: list[Cell] = []
    taken = np.zeros(heatmap.shape, np.bool_)
    for row, column in cells[np.argsort(-heatmap[tops], kind='stable')].tolist():
        if taken[row, column]:  # spares a plateau the search from each of its cells
            continue
        around = _component(heatmap >= VALLEY * heatmap[row, column], (row, column))
        if not any(around[peak] for peak in peaks):
            peaks.append((row, column))
            taken |= around
    return peaks


def refine(heatmap: Heatmap, peak: Cell, own: Mask, threshold: float) -> tuple[Vector, Matrix]:
    """Position of a peak to a part of a cell, and its width.

    The centroid of what rises above the peak's skirt: unlike a parabola through three cells it finds the
    middle of a wide plateau too. At the edge of the frame it is the middle of what is in view.

    Parameters
    ----------
    heatmap
        Probabilities, float32 ``(14, 14)``.
    peak
        Its cell.
    own
        Cells that may count for it, bool ``(14, 14)``.
    threshold
        Lowest probability of a source.

    Returns
    -------
    position : float64 ``(2,)``
        Row and column, whole numbers at the middle of cells.
    width : float64 ``(2, 2)``
        Covariance of the peak's cells around the position, in cells².
    """
    background = min(_median(heatmap), threshold / 2)
    skirt = background + SKIRT * (float(heatmap[peak]) - background)
    cells = np.argwhere(_component(heatmap > skirt, peak) & own)
    weights = heatmap[tuple(cells.T)].astype(np.float64) - skirt
    weights /= weights.sum()
    position = weights @ cells
    away = cells - position
    return position, (weights[:, None] * away).T @ away


def box_around(region: Mask, width: int, height: int) -> tuple[float, float, float, float]:
    """Box that hugs a region of cells: centre x, centre y, width, height in pixels of the frame."""
    cells = np.argwhere(region)
    corners = cell_to_pixel([cells.min(axis=0) - 0.5, cells.max(axis=0) + 0.5], width, height)
    middle, size = corners.mean(axis=0), corners[1] - corners[0]
    return float(middle[0]), float(middle[1]), float(size[0]), float(size[1])


def bearings_of(positions: Vector, variances: Matrix, camera: Camera) -> list[Bearing]:
    """Directions of positions on the grid, and their covariances through the camera's own rays.

    Parameters
    ----------
    positions
        Rows and columns, float64 ``(n, 2)``.
    variances
        Their covariances, float64 ``(n, 2, 2)`` in cells².
    camera
        Of the frame.
    """
    pixels = cell_to_pixel(positions[:, None] + _STEPS, camera.width, camera.height)
    rays = camera.rays(pixels.reshape(-1, 2)).reshape(-1, len(_STEPS), 3)
    return [_bearing(own, variance) for own, variance in zip(rays, variances, strict=True)]


def _bearing(rays: Matrix, variance: Matrix) -> Bearing:
    """Bearing from the rays at `_STEPS`."""
    vector = rays[0]
    down, up, right, left = turns_to(vector, rays[1:])
    per_cell = np.array((down - up, right - left)).T / (2 * _STEP)
    return Bearing(vector, per_cell @ variance @ per_cell.T)


def _bearings(refined: list[tuple[Vector, Matrix]], camera: Camera) -> list[Bearing]:
    positions, widths = (np.array(values) for values in zip(*refined, strict=True))
    return bearings_of(positions, CELL_VARIANCE * np.eye(2) + WIDTH_SHARE * widths, camera)


def _box(heatmap: Heatmap, peak: Cell, own: Mask, threshold: float,
         camera: Camera) -> tuple[float, float, float, float]:
    return box_around(_component(heatmap >= threshold, peak) & own, camera.width, camera.height)


def _median(heatmap: Heatmap) -> float:
    """Median of an even number of cells, without what NumPy's general one costs."""
    middle = heatmap.size // 2
    below, above = np.partition(heatmap, (middle - 1, middle), axis=None)[middle - 1:middle + 1].tolist()
    return float(below + above) / 2


def _component(mask: Mask, cell: Cell) -> Mask:
    """Cells of `mask` that hang together with `cell`, diagonally too."""
    labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[1]
    connected: Mask = labels == labels[cell]
    return connected


def _nearest(peaks: list[Cell]) -> NDArray[np.intp]:
    """Index of the nearest of one or more peaks for each cell."""
    distances = [np.hypot(_ROWS - row, _COLUMNS - column) for row, column in peaks]
    owners: NDArray[np.intp] = np.argmin(distances, axis=0)
    return owners
