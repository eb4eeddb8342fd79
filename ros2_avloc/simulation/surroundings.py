"""A panorama as a turning camera sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.vision.camera import Camera

_STEP = 8


class Surroundings:
    """Renders a cylindrical panorama (see `background`) through a camera.

    Where each pixel looks is computed for every eighth pixel and interpolated.

    Parameters
    ----------
    panorama
        uint8 ``(h, w, 3)``, the full turn.
    camera
        An ideal pinhole camera.
    """

    def __init__(self, panorama: NDArray[np.uint8], camera: Camera) -> None:
        self._width = panorama.shape[1]
        self._margin = self._width // 2
        ends = panorama[:, -self._margin :], panorama, panorama[:, : self._margin]
        self._wide = np.ascontiguousarray(np.concatenate(ends, axis=1))
        self._camera = camera
        columns, rows = (-(-n // _STEP) + 2 for n in (camera.width, camera.height))
        x, y = np.meshgrid(_samples(columns), _samples(rows))
        rays = camera.rays(np.stack([x.ravel(), y.ravel()], axis=1))
        self._rays = rays.reshape(rows, columns, 3)

    def render(self, rotation: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Give the picture, uint8 ``(H, W, 3)``, for a rotation from the optical frame to the world."""
        forward = rotation[:, 2]
        yaw = float(np.arctan2(forward[1], forward[0]))
        cos, sin = np.cos(yaw), np.sin(yaw)
        level = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]]) @ rotation
        x, y, z = np.moveaxis(self._rays @ level.T, 2, 0)
        scale = self._width / (2 * np.pi)
        ahead = np.mod(0.5 - yaw / (2 * np.pi), 1.0) * self._width - 0.5 + self._margin
        column = ahead - np.arctan2(y, x) * scale
        row = self._wide.shape[0] / 2 - 0.5 - z / np.hypot(x, y) * scale
        picture = cv2.remap(self._wide, self._every_pixel(column), self._every_pixel(row), cv2.INTER_LINEAR,
                            borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(picture, dtype=np.uint8)

    def _every_pixel(self, grid: NDArray[np.float64]) -> NDArray[np.float32]:
        rows, columns = grid.shape
        size = (columns * _STEP, rows * _STEP)
        full = cv2.resize(grid.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        inner = full[_STEP : _STEP + self._camera.height, _STEP : _STEP + self._camera.width]
        return np.asarray(inner, dtype=np.float32)


def _samples(count: int) -> NDArray[np.float64]:
    """Pixel coordinates of the middles of blocks of `_STEP` pixels, from one block before the picture on."""
    return np.asarray((np.arange(count) - 0.5) * _STEP - 0.5, dtype=np.float64)
