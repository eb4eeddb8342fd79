"""The heatmap in colours.

The colours are inferno's: as evenly graded to the eye as viridis and magma, to colour-blind eyes too, and its
black end, at which the frame shows through, leaves a blend no edge. Of the three it is the one whose bright
end stands out from foliage, skin, wood and sky alike: viridis is green and magma is pink where things sound.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Heatmap = NDArray[np.float32]

LEAST = 0.05
"""Probability up to which nothing is drawn."""

_STRONGEST = 0.65
_ALPHA = _STRONGEST * np.clip((np.linspace(0, 1, 256) - LEAST) / (1 - LEAST), 0, 1) ** 0.6
"""Opacity by probability: nothing where nothing sounds, and the object still shows where something does."""
COLOURS = np.asarray(cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_INFERNO), np.uint8)[:, 0]
"""Colours by probability, blue first, uint8 ``(256, 3)``."""
_HEAT = (COLOURS * _ALPHA[:, None]).round().astype(np.uint8)[:, None]
_KEEP = np.repeat(255 * (1 - _ALPHA)[:, None], 3, axis=1).round().astype(np.uint8)[:, None]

_REACH = 2
"""Cells that a cell of the heatmap reaches when it is made smooth."""


def warmed(rgb: Picture, heatmap: Heatmap) -> Picture:
    """Return a copy of the frame, blue first, with the heatmap blended in.

    Parameters
    ----------
    rgb
        uint8 ``(H, W, 3)``.
    heatmap
        Probabilities, float32 ``(14, 14)``.
    """
    height, width = rgb.shape[:2]
    picture = np.array(rgb[..., ::-1]) if rgb.strides[-1] < 0 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    warm = np.argwhere(heatmap > LEAST)
    if not warm.size:
        return np.asarray(picture, np.uint8)
    cells = np.clip(255 * heatmap, 0, 255).round().astype(np.uint8)
    smooth = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    region = _region(warm, heatmap.shape[0], height, width)
    probability = cv2.cvtColor(np.ascontiguousarray(smooth[region]), cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(picture[region], cv2.LUT(probability, _KEEP), scale=1 / 255)
    picture[region] = cv2.add(kept, cv2.LUT(probability, _HEAT))
    return np.asarray(picture, np.uint8)


def _region(warm: NDArray[np.intp], grid: int, height: int, width: int) -> tuple[slice, slice]:
    """Pixels that the warm cells (rows and columns) reach."""
    first, last = (warm.min(axis=0) - _REACH).tolist(), (warm.max(axis=0) + 1 + _REACH).tolist()
    return _pixels(first[0], last[0], grid, height), _pixels(first[1], last[1], grid, width)


def _pixels(first: int, last: int, grid: int, size: int) -> slice:
    return slice(max(first, 0) * size // grid, -(-min(last, grid) * size // grid))
