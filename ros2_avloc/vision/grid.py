"""Cells of the heatmap and pixels of the frame: the one place that knows how they map.

Cells are (row, column) of the 14×14 grid, whole numbers at the centres of the cells. Pixels are (x, y) as in
OpenCV: the centre of the top left pixel is (0, 0), the frame reaches from -0.5 to width - 0.5.
The frame is stretched onto the network's input, so the cell in row i and column j covers
x from j·width/14 - 0.5 to (j + 1)·width/14 - 0.5, and y likewise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRID = 14
"""Rows and columns of the heatmap."""


def cell_to_pixel(cells: ArrayLike, width: int, height: int) -> NDArray[np.float64]:
    """Return float64 ``(n, 2)`` pixels (x, y) of ``(n, 2)`` cells (row, column), fractions allowed."""
    row_column = np.asarray(cells, np.float64)
    return (row_column[..., ::-1] + 0.5) * (width / GRID, height / GRID) - 0.5


def pixel_to_cell(pixels: ArrayLike, width: int, height: int) -> NDArray[np.float64]:
    """Return float64 ``(n, 2)`` cells (row, column), with fractions, of ``(n, 2)`` pixels (x, y)."""
    x_y = np.asarray(pixels, np.float64)
    return ((x_y + 0.5) * (GRID / width, GRID / height) - 0.5)[..., ::-1]
