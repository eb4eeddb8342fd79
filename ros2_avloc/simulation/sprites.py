"""Sprites: drawn things ready to be put into pictures, at any scale, with smooth edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sprite:
    """A picture with transparency, at full, half and quarter size.

    Attributes
    ----------
    levels
        uint8 ``(h, w, 4)`` each, colours premultiplied by alpha, every one half as large as the one before.
    """

    levels: tuple[NDArray[np.uint8], ...]

    @classmethod
    def from_drawing(cls, rgba: NDArray[np.uint8]) -> Sprite:
        """Make a sprite from a drawing with straight alpha, uint8 ``(h, w, 4)``."""
        full = rgba.copy()
        full[..., :3] = cv2.multiply(rgba[..., :3], cv2.cvtColor(rgba[..., 3], cv2.COLOR_GRAY2RGB),
                                     scale=1 / 255)
        levels = [full]
        while len(levels) < 3 and min(levels[-1].shape[:2]) >= 16:
            height, width = levels[-1].shape[:2]
            levels.append(np.asarray(cv2.resize(levels[-1], (width // 2, height // 2),
                                                interpolation=cv2.INTER_AREA)))
        return cls(tuple(levels))

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.levels[0].shape[1] / self.levels[0].shape[0])

    def lit(self, gain: NDArray[np.float64]) -> Sprite:
        """Put the sprite in another light: red, green and blue times `gain` (3,)."""
        factor = np.append(gain, 1.0)
        return Sprite(tuple(_within_alpha(level * factor) for level in self.levels))

    def patch(self, box: NDArray[np.float64], width: int, height: int) -> tuple[NDArray[np.uint8], int, int]:
        """Give the sprite as it covers a box of a picture.

        Parameters
        ----------
        box
            Edges left, top, right, bottom in pixels, where the first pixel spans 0 to 1.
        width, height
            Of the picture; what lies outside it is cut off.

        Returns
        -------
        tuple
            Premultiplied uint8 ``(h, w, 4)``, and the column and row where its first pixel goes; h or w may
            be 0.
        """
        left, top = np.clip(np.floor(box[:2]), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(box[2:]), 0, (width, height)).astype(int)
        if right <= left or bottom <= top:
            return np.zeros((0, 0, 4), np.uint8), 0, 0
        level = self._level(float(box[2] - box[0]))
        scale = np.array(level.shape[1::-1]) / (box[2:] - box[:2])
        start = (np.array([left, top]) + 0.5 - box[:2]) * scale - 0.5
        matrix = np.array([[scale[0], 0, start[0]], [0, scale[1], start[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (int(right - left), int(bottom - top))
        patch = cv2.warpAffine(level, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(patch, dtype=np.uint8), int(left), int(top)

    def _level(self, width: float) -> NDArray[np.uint8]:
        return next((level for level in reversed(self.levels) if level.shape[1] >= width), self.levels[0])


def put(picture: NDArray[np.uint8], sprite: Sprite, box: NDArray[np.float64]) -> None:
    """Lay a sprite over a box (left, top, right, bottom) of a picture, in place."""
    height, width = picture.shape[:2]
    patch, x, y = sprite.patch(box, width, height)
    if not patch.size:
        return
    under = picture[y : y + patch.shape[0], x : x + patch.shape[1]]
    through = cv2.cvtColor(cv2.bitwise_not(patch[..., 3]), cv2.COLOR_GRAY2RGB)
    cv2.multiply(under, through, dst=under, scale=1 / 255)
    cv2.add(under, cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB), dst=under)


def _within_alpha(rgba: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.minimum(rgba, rgba[..., 3:]).astype(np.uint8)
