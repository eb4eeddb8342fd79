"""Rooms: four walls with paper and furniture, a floor, a ceiling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ros2_avloc.simulation.board import Board, cloudy, every, place_along
from ros2_avloc.simulation.cylinder import EYE_HEIGHT, RESOLUTION, Cylinder, Image, look_up, paste, scaled
from ros2_avloc.simulation.furnishings import INDOORS, muted
from ros2_avloc.simulation.objects.colours import WHITE, WOODS, Colour, hsv, one_of, shade


def room(rng: np.random.Generator, cylinder: Cylinder) -> Image:
    """Look round a room with four walls, uint8 ``(h, w, 3)``."""
    near, far = rng.uniform(4.2, 6.5, 2), rng.uniform(4.2, 6.5, 2)
    ceiling = rng.uniform(2.6, 3.4)
    cos, sin = np.cos(cylinder.azimuth), np.sin(cylinder.azimuth)
    reach_x = np.where(cos > 0, far[0], near[0]) / np.maximum(np.abs(cos), 1e-9)
    reach_y = np.where(sin > 0, far[1], near[1]) / np.maximum(np.abs(sin), 1e-9)
    distance = np.minimum(reach_x, reach_y)
    ahead = reach_x < reach_y
    side = np.where(ahead, np.where(cos > 0, 0, 2), np.where(sin > 0, 1, 3))
    along = distance * np.where(ahead, sin, cos) * np.where((side == 0) | (side == 3), -1, 1) + 7
    resolution = RESOLUTION * len(cylinder.azimuth)
    wall = _wall(rng, 56.0, ceiling, resolution)
    z = EYE_HEIGHT + cylinder.rise[:, None] * distance[None, :]
    x = np.broadcast_to((14 * side + along)[None, :], z.shape)
    image = look_up(wall, x, ceiling - z)
    image = scaled(image, np.array([1.0, 0.9, 0.82, 0.94])[side][None, :])
    paste(image, z < 0, cylinder.floor(_indoor_floor(rng, resolution)))
    image[z > ceiling] = np.clip(one_of(rng, (WHITE, (226, 220, 208))), 0, 235)
    return image


def _wall(rng: np.random.Generator, width: float, height: float, resolution: float) -> Board:
    paper = muted(rng) if rng.random() < 0.7 else one_of(rng, (WHITE, (226, 214, 190), (200, 206, 210)))
    board = Board(width, height, resolution, paper)
    _WALLPAPERS[rng.integers(len(_WALLPAPERS))](board, rng, paper)
    place_along(board, rng, INDOORS, rng.uniform(0.2, 1.0), width - 1.0)
    board.box(0, 0, width, 0.1, shade(paper, 0.6))
    return board


def _plain(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    height, width = b.rgb.shape[:2]
    b.rgb[:] = scaled(b.rgb, 1 + rng.uniform(0.02, 0.07) * cloudy(rng, height, width, 40))


def _stripes(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    pitch, tone = rng.uniform(0.2, 0.6), shade(paper, rng.uniform(0.8, 0.95))
    for x in every(0, b.width, pitch):
        b.box(x, 0, pitch / 2, b.height, tone)


def _bricks(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    brick = one_of(rng, ((160, 84, 64), (190, 180, 168), (140, 110, 90)))
    b.rgb[:] = np.clip(shade(brick, 1.25), 0, 255)
    for row, z in enumerate(every(0, b.height, 0.2)):
        for x in every(-0.25 * (row % 2), b.width, 0.5):
            b.box(x, z, 0.46, 0.17, shade(brick, rng.uniform(0.85, 1.05)))


def _panels(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    wood = one_of(rng, (*WOODS, WHITE))
    b.box(0, 0, b.width, 1.0, wood)
    for x in every(0, b.width, 0.7):
        b.box(x + 0.08, 0.18, 0.54, 0.7, shade(wood, 0.88))
    b.box(0, 0.97, b.width, 0.07, shade(wood, 1.15))


def _dots(b: Board, rng: np.random.Generator, paper: Colour) -> None:
    tone, pitch = shade(paper, rng.choice([0.82, 1.15])), rng.uniform(0.3, 0.6)
    for row, z in enumerate(every(0, b.height, pitch)):
        for x in every(pitch / 2 * (row % 2), b.width, pitch):
            b.disc(x, z, 0.06, 0.09, tone)


_WALLPAPERS: tuple[Callable[[Board, np.random.Generator, Colour], None], ...] = (_plain, _plain, _stripes,
                                                                                 _bricks, _panels, _dots)


def _indoor_floor(rng: np.random.Generator, resolution: float) -> Board:
    tone = one_of(rng, (*WOODS, (150, 146, 140), (206, 200, 190), muted(rng)))
    board = Board(14.0, 14.0, resolution, tone)
    style = rng.integers(3)
    if style == 0:
        for x in every(0, 14, 0.3):
            start = rng.uniform(-2, 0)
            for z in every(start, 14, 2.0):
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
