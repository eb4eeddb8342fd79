"""Cells and pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.vision.grid import GRID, cell_to_pixel, pixel_to_cell

SIZES = st.integers(1, 8192)


def test_the_cells_of_a_28_by_14_frame_by_hand() -> None:
    pixels = cell_to_pixel([(0, 0), (13, 13), (2, 5)], 28, 14)
    np.testing.assert_allclose(pixels, [(0.5, 0), (26.5, 13), (10.5, 2)])


def test_the_corners_of_the_frame_are_the_corners_of_the_grid() -> None:
    corners = pixel_to_cell([(-0.5, -0.5), (639.5, 479.5)], 640, 480)
    np.testing.assert_allclose(corners, [(-0.5, -0.5), (GRID - 0.5, GRID - 0.5)])


@given(row=st.floats(-0.5, 13.5), column=st.floats(-0.5, 13.5), width=SIZES, height=SIZES)
def test_there_and_back(row: float, column: float, width: int, height: int) -> None:
    cells = [(row, column)]
    pixels = cell_to_pixel(cells, width, height)
    np.testing.assert_allclose(pixel_to_cell(pixels, width, height), cells, atol=1e-9)
