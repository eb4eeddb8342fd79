"""The cylinder on which surroundings are painted, and how flat surfaces appear on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.board import Board

Image = NDArray[np.uint8]

HIGHEST = 0.85
"""Tangent of the elevation at a panorama's upper edge."""
EYE_HEIGHT = 1.2
"""Metres of the camera above the floor."""
RESOLUTION = 1 / 26
"""Pixels per metre of walls and floors for each column of the panorama; about what it shows at 4 m."""


@dataclass(frozen=True)
class Cylinder:
    """Where the pixels of a panorama look.

    Attributes
    ----------
    azimuth
        Of each column, rad, positive to the left, float64 ``(w,)``.
    rise
        Tangent of the elevation of each row, float64 ``(h,)``.
    """

    azimuth: NDArray[np.float64]
    rise: NDArray[np.float64]

    @classmethod
    def of_width(cls, width: int) -> Cylinder:
        """Make the cylinder of a panorama with `width` columns."""
        height = round(HIGHEST / np.pi * width)
        azimuth = 2 * np.pi * (0.5 - (np.arange(width) + 0.5) / width)
        return cls(azimuth, (height / 2 - np.arange(height) - 0.5) * 2 * np.pi / width)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return len(self.rise), len(self.azimuth)

    def floor(self, ground: Board) -> Image:
        """Look at a floor whose middle lies under the camera; right only well below the horizon."""
        distance = EYE_HEIGHT / np.maximum(-self.rise, 0.08)[:, None]
        x = ground.width / 2 + distance * np.cos(self.azimuth)
        y = ground.height / 2 + distance * np.sin(self.azimuth)
        return look_up(ground, x, y)


def look_up(board: Board, x: NDArray[np.float64], down: NDArray[np.float64]) -> Image:
    """Take a board's colours at metres from its left and upper edges; beyond an edge it is mirrored."""
    columns, rows = ((metres * board.resolution - 0.5).astype(np.float32) for metres in (x, down))
    picture = cv2.remap(board.rgb, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(picture, dtype=np.uint8)


def paste(image: Image, where: NDArray[np.bool_], other: Image) -> None:
    """Replace a part of an image, in place."""
    cv2.copyTo(other, where.astype(np.uint8), image)


def scaled(image: Image, factor: NDArray[np.floating]) -> Image:
    """Make an image lighter or darker by a factor for each pixel."""
    return np.asarray(np.clip(image * factor[..., None], 0, 255), dtype=np.uint8)
