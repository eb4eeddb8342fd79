"""What a camera does to a picture: noise, blur, exposure, vignetting, JPEG."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_Image = NDArray[np.uint8]


def spoil(rng: np.random.Generator, rgb: _Image) -> _Image:
    """Give a picture the random marks of a camera.

    Parameters
    ----------
    rng
        Source of all chance.
    rgb
        uint8 ``(h, w, 3)``.

    Returns
    -------
    numpy.ndarray
        uint8 ``(h, w, 3)``.
    """
    if rng.random() < 0.35:
        rgb = _blurred(rng, rgb)
    rgb = _exposed(rng, rgb)
    if rng.random() < 0.5:
        rgb = np.asarray(cv2.multiply(rgb, vignette(*rgb.shape[:2]), scale=1 / 255), dtype=np.uint8)
    if rng.random() < 0.7:
        rgb = _noisy(rng, rgb)
    if rng.random() < 0.4:
        _, data = cv2.imencode('.jpg', rgb, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])
        rgb = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
    return rgb


@lru_cache(maxsize=8)
def vignette(height: int, width: int) -> _Image:
    """Light of a simple lens, falling off to 70 % in the corners, uint8 ``(height, width, 3)``, 255 is 1."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.round(255 * (1 - 0.15 * (x**2 + y**2)))
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def _blurred(rng: np.random.Generator, rgb: _Image) -> _Image:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.3)), dtype=np.uint8)
    return np.asarray(cv2.blur(rgb, (int(rng.integers(2, 6)), 1)), dtype=np.uint8)


def _exposed(rng: np.random.Generator, rgb: _Image) -> _Image:
    level = np.arange(256) / 255
    curve = np.clip(rng.uniform(0.8, 1.2) * level ** rng.uniform(0.75, 1.35) + rng.uniform(-0.05, 0.05), 0, 1)
    return np.asarray(cv2.LUT(rgb, (255 * curve).astype(np.uint8)), dtype=np.uint8)


def _noisy(rng: np.random.Generator, rgb: _Image) -> _Image:
    grain = _grain()
    rows, columns = ((rng.integers(256) + np.arange(count)) % 256 for count in rgb.shape[:2])
    noise = grain[rows[:, None], columns]
    strength = rng.uniform(0.02, 0.3)
    return np.asarray(cv2.addWeighted(rgb, 1.0, noise, strength, 0, dtype=cv2.CV_8U), dtype=np.uint8)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(0, 30, (256, 256, 3)).astype(np.float32)
