"""Whether the heatmap lies on what sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from ros2_avloc.learning.measures.maps import SIDE, Box, Heatmap, Mask, enlarged, inside, peaks
from ros2_avloc.vision.grid import GRID

STEPS = np.linspace(0, 1, 21)
"""Overlaps between which the area under the curve is taken, as in Senocak et al., CVPR 2018."""


def peak_on(heatmaps: Heatmap, targets: Mask) -> Mask:
    """Return whether each map's peak lies on a target cell, as "Objects that Sound" scores it.

    Parameters
    ----------
    heatmaps, targets
        ``(n, 14, 14)``; targets from `maps.target_cells`.

    Returns
    -------
    bool ``(n,)``.
    """
    rows, columns = np.divmod(peaks(heatmaps), GRID)
    return np.asarray(targets[np.arange(len(targets)), rows, columns])


def centre_on(boxes: Sequence[Sequence[Box]]) -> Mask:
    """Return `peak_on` of a network that always points at the middle of the frame."""
    return np.array([bool(inside(some, 1).any()) for some in boxes], bool)


def chance(targets: Mask) -> NDArray[np.float64]:
    """Return the probability of `peak_on` for peaks in random cells: the share of target cells ``(n,)``."""
    return np.asarray(targets.mean(axis=(1, 2)))


def overlaps(heatmaps: Heatmap, boxes: Sequence[Sequence[Box]], threshold: float) -> NDArray[np.float64]:
    """Return the intersection over union of each map with the boxes, ``(n,)``.

    The map is enlarged to 224×224 and cut at one fixed threshold, not at one fitted to the frame (Juanola
    et al., arXiv 2410.01020, section II): nothing is known beforehand of how large the object is.
    """
    return np.array([_overlap(enlarged(heatmap) >= threshold, inside(some, SIDE))
                     for heatmap, some in zip(heatmaps, boxes, strict=True)], np.float64)


def _overlap(found: Mask, true: Mask) -> float:
    union = (found | true).sum()
    return float((found & true).sum() / union) if union else 0.0


def areas_under(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each value's part in the area under the curve of the share of values at or above a step.

    Their mean is that area by the trapezoidal rule over `STEPS` (Senocak et al., CVPR 2018: AUC).
    """
    reached = values[:, None] >= STEPS - 1e-9
    return np.asarray(trapezoid(reached.astype(np.float64), STEPS, axis=1), np.float64)
