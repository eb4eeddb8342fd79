"""What stands and hangs in simulated rooms and makes no sound, drawn flat on a `Board`."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.board import Board, Furnishing, every
from ros2_avloc.simulation.objects.colours import WHITE, WOODS, Colour, hsv, one_of, shade

_SKY: Colour = (178, 206, 232)


def muted(rng: np.random.Generator) -> Colour:
    """Choose a random colour as walls and furniture have."""
    return hsv(rng.uniform(), rng.uniform(0.05, 0.45), rng.uniform(0.35, 0.9))


def window(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a window with panes, sky behind it, and now and then curtains."""
    width, height, sill = rng.uniform(0.8, 2.0), rng.uniform(0.9, 1.5), rng.uniform(0.7, 1.0)
    frame = one_of(rng, (WHITE, *WOODS))
    b.box(x - 0.07, sill - 0.07, width + 0.14, height + 0.14, frame)
    b.lit_box(x, sill, width, height, one_of(rng, (_SKY, (220, 228, 236), (90, 110, 150))))
    b.polygon([(x, sill), (x + width, sill), (x + width, sill + 0.3 * rng.random()), (x, sill + 0.4)],
              hsv(0.3, 0.35, 0.5))
    for k in range(1, int(rng.integers(2, 4))):
        b.box(x + k * width / 3 - 0.02, sill, 0.04, height, frame)
    b.box(x, sill + height / 2, width, 0.04, frame)
    if rng.random() < 0.4:
        cloth = muted(rng)
        for side in (x - 0.25, x + width - 0.15):
            for fold in range(4):
                b.box(side + 0.1 * fold, sill - 0.3, 0.1, height + 0.5, shade(cloth, 0.8 + 0.12 * (fold % 2)))
    return width


def door(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a closed door."""
    colour = one_of(rng, (*WOODS, WHITE, muted(rng)))
    b.box(x - 0.08, 0, 1.06, 2.13, shade(colour, 0.7))
    b.lit_box(x, 0, 0.9, 2.05, colour)
    for z in (0.2, 1.15):
        b.box(x + 0.15, z, 0.6, 0.75, shade(colour, 0.85))
    b.disc(x + 0.8, 1.02, 0.04, 0.04, (210, 190, 120))
    return 1.0


def poster(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a picture of nothing in particular in a frame."""
    width, height, z = rng.uniform(0.4, 1.1), rng.uniform(0.4, 1.0), rng.uniform(1.1, 1.5)
    b.box(x - 0.04, z - 0.04, width + 0.08, height + 0.08, one_of(rng, (*WOODS, (30, 30, 32), WHITE)))
    b.box(x, z, width, height, hsv(rng.uniform(), rng.uniform(0.1, 0.7), rng.uniform(0.4, 1.0)))
    for _ in range(int(rng.integers(1, 6))):
        place = rng.uniform(0.1, 0.6, 4) * (width, height, width, height)
        b.box(x + place[0], z + place[1], 0.6 * place[2], 0.6 * place[3],
              hsv(rng.uniform(), 0.6, rng.uniform(0.2, 0.9)))
    return float(width)


def shelf(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a bookcase."""
    width, height = rng.uniform(0.8, 1.6), rng.uniform(1.2, 2.1)
    wood = one_of(rng, (*WOODS, WHITE))
    b.box(x, 0, width, height, shade(wood, 0.75))
    for z in every(0.1, height - 0.3, 0.38):
        b.box(x + 0.05, z, width - 0.1, 0.33, shade(wood, 0.4))
        at = x + 0.06
        while at < x + width - 0.15:
            thick = rng.uniform(0.03, 0.09)
            if rng.random() < 0.85:
                b.box(at, z, thick, rng.uniform(0.18, 0.31),
                      hsv(rng.uniform(), rng.uniform(0.2, 0.7), rng.uniform(0.3, 0.9)))
            at += thick + 0.008
    return float(width)


def cabinet(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a sideboard with drawers, things without a sound on it."""
    width, height = rng.uniform(0.9, 1.8), rng.uniform(0.6, 0.95)
    wood = one_of(rng, (*WOODS, WHITE, muted(rng)))
    b.lit_box(x, 0.08, width, height - 0.08, wood)
    b.box(x - 0.03, height, width + 0.06, 0.05, shade(wood, 1.15))
    for left in every(x + 0.05, x + width - 0.3, 0.42):
        for z in (0.14, 0.14 + height / 2.2):
            b.box(left, z, 0.36, height / 2.6, shade(wood, 0.9))
            b.disc(left + 0.18, z + height / 5, 0.02, 0.02, (60, 56, 50))
    vase = hsv(rng.uniform(), 0.5, rng.uniform(0.4, 0.9))
    b.disc(x + width / 3, height + 0.16, 0.08, 0.13, vase)
    b.box(x + width / 3 - 0.03, height + 0.22, 0.06, 0.12, vase)
    return float(width)


def plant(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a plant in a pot."""
    height = rng.uniform(0.6, 1.6)
    b.polygon([(x + 0.1, 0), (x + 0.4, 0), (x + 0.46, 0.35), (x + 0.04, 0.35)],
              one_of(rng, ((170, 90, 60), muted(rng))))
    green = hsv(rng.uniform(0.22, 0.4), rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.6))
    for _ in range(int(rng.integers(8, 20))):
        lean, tall = rng.uniform(-0.5, 0.5), rng.uniform(0.5, 1.0) * height
        tip = (x + 0.25 + lean, 0.35 + tall)
        b.polygon([(x + 0.25, 0.33), (x + 0.2 + 0.6 * lean, 0.35 + 0.6 * tall), tip,
                   (x + 0.32 + 0.6 * lean, 0.32 + 0.6 * tall)],
                  shade(green, rng.uniform(0.7, 1.3)))
    return 0.6


def table(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a table with a box or two on it."""
    width, height = rng.uniform(0.9, 1.8), rng.uniform(0.65, 0.8)
    wood = one_of(rng, (*WOODS, WHITE, (60, 60, 66)))
    for leg in (x + 0.06, x + width - 0.12):
        b.box(leg, 0, 0.06, height, shade(wood, 0.7))
    b.box(x, height, width, 0.06, wood)
    for _ in range(int(rng.integers(0, 3))):
        b.lit_box(x + rng.uniform(0, width - 0.35), height + 0.06, rng.uniform(0.1, 0.35),
                  rng.uniform(0.08, 0.3), muted(rng))
    return float(width)


def sofa(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a sofa with cushions."""
    width = rng.uniform(1.4, 2.2)
    cloth = muted(rng)
    b.lit_box(x, 0.1, width, 0.75, shade(cloth, 0.85))
    for k in range(2):
        b.lit_box(x + 0.15 + k * (width - 0.3) / 2, 0.3, (width - 0.34) / 2, 0.2, cloth)
    for side in (x, x + width - 0.18):
        b.lit_box(side, 0.1, 0.18, 0.52, shade(cloth, 1.1))
    b.polygon([(x + 0.3, 0.5), (x + 0.65, 0.5), (x + 0.6, 0.85), (x + 0.34, 0.82)],
              hsv(rng.uniform(), 0.5, 0.7))
    return float(width)


def lamp(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a standing lamp."""
    height = rng.uniform(1.3, 1.7)
    b.box(x + 0.23, 0, 0.035, height, (60, 58, 56))
    b.disc(x + 0.25, 0.02, 0.17, 0.04, (60, 58, 56))
    b.polygon([(x + 0.02, height), (x + 0.48, height), (x + 0.36, height + 0.32), (x + 0.14, height + 0.32)],
              one_of(rng, ((250, 232, 180), WHITE, muted(rng))))
    return 0.5


def boxes(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a stack of cartons."""
    for z in every(0, 0.36 * int(rng.integers(1, 4)) - 0.1, 0.36):
        carton = one_of(rng, ((190, 150, 100), (170, 130, 84)))
        shift = rng.uniform(0, 0.15)
        b.lit_box(x + shift, z, 0.6, 0.35, carton)
        b.box(x + shift + 0.27, z, 0.06, 0.35, shade(carton, 1.2))
    return 0.8


INDOORS: tuple[Furnishing, ...] = (
    window, window, door, poster, poster, shelf, cabinet, plant, table, sofa, lamp, boxes,
)
