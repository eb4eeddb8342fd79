"""The open air: sky and clouds, hills, houses and trees, a ground."""

from __future__ import annotations

import cv2
import numpy as np

from ros2_avloc.simulation.board import Board, cloudy, place_along
from ros2_avloc.simulation.cylinder import EYE_HEIGHT, HIGHEST, RESOLUTION, Cylinder, Image, paste, scaled
from ros2_avloc.simulation.landmarks import OUTDOORS
from ros2_avloc.simulation.objects.colours import WHITE, Colour, one_of, shade

_GROUNDS: tuple[Colour, ...] = ((96, 130, 60), (120, 140, 80), (150, 146, 140), (200, 180, 140))
_ZENITHS: tuple[Colour, ...] = ((70, 130, 210), (120, 150, 190), (90, 100, 150), (150, 160, 172))
_HAZES: tuple[Colour, ...] = ((210, 225, 238), (245, 214, 180), (226, 228, 230))
_HILLS: tuple[Colour, ...] = ((120, 140, 150), (96, 124, 100), (140, 150, 120))


def open_air(rng: np.random.Generator, cylinder: Cylinder) -> Image:
    """Look round under a sky, over a ground, uint8 ``(h, w, 3)``."""
    image = _sky(rng, cylinder)
    for brightness in (1.0, 0.8):
        _hills(rng, image, cylinder, brightness)
    distance = float(rng.uniform(7, 11))
    _skyline(rng, image, distance)
    ground = Board(14.0, 14.0, RESOLUTION * len(cylinder.azimuth), one_of(rng, _GROUNDS))
    height, width = ground.rgb.shape[:2]
    ground.rgb[:] = scaled(ground.rgb, 1 + 0.12 * cloudy(rng, height, width, 20))
    below = np.broadcast_to(cylinder.rise[:, None] < -EYE_HEIGHT / distance, cylinder.shape)
    paste(image, below, cylinder.floor(ground))
    return image


def _sky(rng: np.random.Generator, cylinder: Cylinder) -> Image:
    zenith, haze = np.array(one_of(rng, _ZENITHS)), np.array(one_of(rng, _HAZES))
    mix = np.clip(cylinder.rise, 0, HIGHEST)[:, None, None] / HIGHEST
    cloud = np.clip(1.4 * cloudy(rng, *cylinder.shape, 10) - rng.uniform(-0.2, 0.9), 0, 0.9)[..., None]
    return np.asarray((haze * (1 - mix) + zenith * mix) * (1 - cloud) + 246 * cloud, dtype=np.uint8)


def _hills(rng: np.random.Generator, image: Image, cylinder: Cylinder, brightness: float) -> None:
    ridge = np.full(len(cylinder.azimuth), 0.35 * brightness - 0.19)
    for waves in (2, 3, 5, 9):
        ridge += rng.uniform(0.01, 0.05) * np.sin(waves * cylinder.azimuth + rng.uniform(0, 6))
    image[cylinder.rise[:, None] < ridge[None, :]] = np.array(shade(one_of(rng, _HILLS), brightness))


def _skyline(rng: np.random.Generator, image: Image, distance: float) -> None:
    """Draw houses and trees over sky and hills: the panorama's rows and columns, in metres at `distance`."""
    height, width = image.shape[:2]
    resolution = width / (2 * np.pi * distance)
    foot = round(height / 2 + EYE_HEIGHT * resolution)
    board = Board(width / resolution, foot / resolution, resolution, WHITE)
    board.rgb[:] = cv2.resize(image[:foot], board.rgb.shape[1::-1])
    place_along(board, rng, OUTDOORS, rng.uniform(0.4, 2.0), board.width - 6.0)
    image[:foot] = cv2.resize(board.rgb, (width, foot))
