"""What is behind everything: panoramas of rooms and of the open air, seen from where the robot stands.

A panorama is a picture on a cylinder round the camera. Column ``u`` looks at azimuth
``2π·(0.5 - (u + 0.5)/width)`` (0 is ahead, positive to the left); row ``v`` at the tangent of elevation
``(height/2 - v - 0.5)·2π/width``.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.board import Board, cloudy
from ros2_avloc.simulation.furnishings import INDOORS, OUTDOORS, furnish, muted
from ros2_avloc.simulation.objects.colours import WHITE, WOODS, Colour, hsv, one_of, shade

HIGHEST = 0.85
"""Tangent of the elevation at a panorama's upper edge."""
EYE_HEIGHT = 1.2
"""Metres of the camera above the floor."""

_Image = NDArray[np.uint8]


def panorama(rng: np.random.Generator, width: int) -> NDArray[np.uint8]:
    """Draw random surroundings, two in three of them a room.

    Parameters
    ----------
    rng
        Source of all chance.
    width
        Columns for the full turn.

    Returns
    -------
    numpy.ndarray
        uint8 ``(height, width, 3)`` with ``height = round(HIGHEST / π · width)``.
    """
    height = round(HIGHEST / np.pi * width)
    azimuth = 2 * np.pi * (0.5 - (np.arange(width) + 0.5) / width)
    rise = (height / 2 - np.arange(height) - 0.5) * 2 * np.pi / width
    scene = _room(rng, azimuth, rise) if rng.random() < 0.67 else _open_air(rng, azimuth, rise)
    return _lit(rng, scene)


def _room(rng: np.random.Generator, azimuth: NDArray[np.float64], rise: NDArray[np.float64]) -> _Image:
    near, far = rng.uniform(4.2, 6.5, 2), rng.uniform(4.2, 6.5, 2)
    ceiling = rng.uniform(2.6, 3.4)
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    reach_x = np.where(cos > 0, far[0], near[0]) / np.maximum(np.abs(cos), 1e-9)
    reach_y = np.where(sin > 0, far[1], near[1]) / np.maximum(np.abs(sin), 1e-9)
    distance = np.minimum(reach_x, reach_y)
    ahead = reach_x < reach_y
    side = np.where(ahead, np.where(cos > 0, 0, 2), np.where(sin > 0, 1, 3))
    along = distance * np.where(ahead, sin, cos) * np.where((side == 0) | (side == 3), -1, 1) + 7
    wall = _wall(rng, 56.0, ceiling, len(azimuth) / 26)
    z = EYE_HEIGHT + rise[:, None] * distance[None, :]
    x = np.broadcast_to(((14 * side + along) * wall.resolution)[None, :], z.shape)
    image = _look_up(wall.rgb, x, (ceiling - z) * wall.resolution)
    image = _scaled(image, np.array([1.0, 0.9, 0.82, 0.94])[side][None, :])
    _paste(image, z < 0, _floor(rng, cos, sin, rise, _indoor_floor(rng, len(azimuth) / 26)))
    image[z > ceiling] = np.clip(one_of(rng, (WHITE, (226, 220, 208))), 0, 235)
    return image


def _wall(rng: np.random.Generator, width: float, height: float, resolution: float) -> Board:
    paper = muted(rng) if rng.random() < 0.7 else one_of(rng, (WHITE, (226, 214, 190), (200, 206, 210)))
    board = Board(width, height, resolution, paper)
    _WALLPAPERS[rng.integers(len(_WALLPAPERS))](board, rng, paper)
    furnish(board, rng, INDOORS, rng.uniform(0.2, 1.0))
    board.box(0, 0, width, 0.1, shade(paper, 0.6))
    return board


def _plain(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    height, width = b.rgb.shape[:2]
    b.rgb[:] = _scaled(b.rgb, 1 + rng.uniform(0.02, 0.07) * cloudy(rng, height, width, 40))


def _stripes(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    pitch, tone = rng.uniform(0.2, 0.6), shade(paper, rng.uniform(0.8, 0.95))
    for x in np.arange(0, b.width, pitch):
        b.box(x, 0, pitch / 2, b.height, tone)


def _bricks(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    brick = one_of(rng, ((160, 84, 64), (190, 180, 168), (140, 110, 90)))
    b.rgb[:] = np.clip(shade(brick, 1.25), 0, 255)
    for row, z in enumerate(np.arange(0, b.height, 0.2)):
        for x in np.arange(-0.25 * (row % 2), b.width, 0.5):
            b.box(x, z, 0.46, 0.17, shade(brick, rng.uniform(0.85, 1.05)))


def _panels(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    wood = one_of(rng, (*WOODS, WHITE))
    b.box(0, 0, b.width, 1.0, wood)
    for x in np.arange(0, b.width, 0.7):
        b.box(x + 0.08, 0.18, 0.54, 0.7, shade(wood, 0.88))
    b.box(0, 0.97, b.width, 0.07, shade(wood, 1.15))


def _dots(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    tone, pitch = shade(paper, rng.choice([0.82, 1.15])), rng.uniform(0.3, 0.6)
    for row, z in enumerate(np.arange(0, b.height, pitch)):
        for x in np.arange(pitch / 2 * (row % 2), b.width, pitch):
            b.disc(x, z, 0.06, 0.09, tone)


_WALLPAPERS: tuple[Callable[[Board, np.random.Generator, Colour], None], ...] = (_plain, _plain, _stripes, _bricks, _panels, _dots)


def _indoor_floor(rng: np.random.Generator, resolution: float) -> Board:
    tone = one_of(rng, (*WOODS, (150, 146, 140), (206, 200, 190), muted(rng)))
    board = Board(14.0, 14.0, resolution, tone)
    style = rng.integers(3)
    if style == 0:
        for x in np.arange(0, 14, 0.3):
            start = rng.uniform(-2, 0)
            for z in np.arange(start, 14, 2.0):
                board.box(x, z, 0.285, 1.98, shade(tone, rng.uniform(0.85, 1.1)))
    elif style == 1:
        other = shade(tone, rng.uniform(0.5, 0.9))
        for i in range(24):
            for j in range(i % 2, 24, 2):
                board.box(0.6 * i, 0.6 * j, 0.6, 0.6, other)
    if rng.random() < 0.5:
        rug = hsv(rng.uniform(), rng.uniform(0.2, 0.6), rng.uniform(0.3, 0.8))
        for k in range(3):
            board.box(4.4 + 0.3 * k, 5 + 0.3 * k, 5.2 - 0.6 * k, 4 - 0.6 * k, shade(rug, (1.0, 0.7, 1.15)[k]))
    return board


def _open_air(rng: np.random.Generator, azimuth: NDArray[np.float64], rise: NDArray[np.float64]) -> _Image:
    shape = (len(rise), len(azimuth))
    image = _sky(rng, shape, rise)
    _hills(rng, image, azimuth, rise)
    distance = rng.uniform(7, 11)
    skyline = _skyline(rng, image, distance)
    ground = Board(14.0, 14.0, shape[1] / 26, one_of(rng, ((96, 130, 60), (120, 140, 80), (150, 146, 140), (200, 180, 140))))
    height, width = ground.rgb.shape[:2]
    ground.rgb[:] = _scaled(ground.rgb, 1 + 0.12 * cloudy(rng, height, width, 20))
    below = np.broadcast_to(rise[:, None] < -EYE_HEIGHT / distance, shape)
    _paste(skyline, below, _floor(rng, np.cos(azimuth), np.sin(azimuth), rise, ground))
    return skyline


def _sky(rng: np.random.Generator, shape: tuple[int, int], rise: NDArray[np.float64]) -> _Image:
    zenith = np.array(one_of(rng, ((70, 130, 210), (120, 150, 190), (90, 100, 150), (150, 160, 172))))
    haze = np.array(one_of(rng, ((210, 225, 238), (245, 214, 180), (226, 228, 230))))
    mix = np.clip(rise, 0, HIGHEST)[:, None, None] / HIGHEST
    cloud = np.clip(1.4 * cloudy(rng, *shape, 10) - rng.uniform(-0.2, 0.9), 0, 0.9)[..., None]
    return np.asarray((haze * (1 - mix) + zenith * mix) * (1 - cloud) + 246 * cloud, dtype=np.uint8)


def _hills(rng: np.random.Generator, image: _Image, azimuth: NDArray[np.float64], rise: NDArray[np.float64]) -> None:
    for layer in range(2):
        ridge = 0.16 - 0.07 * layer + sum(
            rng.uniform(0.01, 0.05) * np.sin(k * azimuth + rng.uniform(0, 6)) for k in (2, 3, 5, 9)
        )
        image[rise[:, None] < ridge[None, :]] = np.clip(
            one_of(rng, ((120, 140, 150), (96, 124, 100), (140, 150, 120))), 0, 255) * (1 - 0.2 * layer)


def _skyline(rng: np.random.Generator, image: _Image, distance: float) -> _Image:
    """Draw houses and trees over sky and hills: the panorama's own rows and columns, in metres at `distance`."""
    height, width = image.shape[:2]
    resolution = width / (2 * np.pi * distance)
    foot = round(height / 2 + EYE_HEIGHT * resolution)
    board = Board(width / resolution, foot / resolution, resolution, WHITE)
    board.rgb[:] = cv2.resize(image[:foot], board.rgb.shape[1::-1])
    furnish(board, rng, OUTDOORS, rng.uniform(0.4, 2.0))
    image[:foot] = cv2.resize(board.rgb, (width, foot))
    return image


def _floor(
    rng: np.random.Generator, cos: NDArray[np.float64], sin: NDArray[np.float64], rise: NDArray[np.float64], floor: Board
) -> _Image:
    distance = EYE_HEIGHT / np.maximum(-rise, 0.08)
    x = (7 + distance[:, None] * cos[None, :]) * floor.resolution
    y = (7 + distance[:, None] * sin[None, :]) * floor.resolution
    return _look_up(floor.rgb, x, y)


def _look_up(texture: _Image, x: NDArray[np.float64], y: NDArray[np.float64]) -> _Image:
    border = cv2.BORDER_REFLECT
    return np.asarray(cv2.remap(texture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=border), dtype=np.uint8)


def _paste(image: _Image, where: NDArray[np.bool_], other: _Image) -> None:
    cv2.copyTo(other, where.astype(np.uint8), image)


def _scaled(image: _Image, factor: NDArray[np.floating]) -> _Image:
    return np.asarray(np.clip(image * factor[..., None], 0, 255), dtype=np.uint8)


def _lit(rng: np.random.Generator, image: _Image) -> _Image:
    """Uneven light, and shadow towards the floor."""
    height, width = image.shape[:2]
    patches = 1 + rng.uniform(0.0, 0.15) * cloudy(rng, height, width, 6, 2)
    return _scaled(image, patches * np.linspace(1.05, rng.uniform(0.75, 1.0), height)[:, None])
