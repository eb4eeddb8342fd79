"""What stands outdoors and makes no sound, drawn flat on a `Board`."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.board import Board, Furnishing, every
from ros2_avloc.simulation.furnishings import muted
from ros2_avloc.simulation.objects.colours import WHITE, WOODS, hsv, one_of, shade


def tree(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a tree with a round or a pointed crown."""
    height, wide = rng.uniform(2.2, 5.0), rng.uniform(0.7, 1.4)
    b.box(x + wide - 0.1, 0, 0.2, 0.6 * height, (92, 70, 50))
    green = hsv(rng.uniform(0.18, 0.4), rng.uniform(0.35, 0.7), rng.uniform(0.25, 0.55))
    if rng.random() < 0.3:
        for k in range(4):
            low, half = (0.2 + 0.18 * k) * height, wide * (1 - 0.2 * k)
            b.polygon([(x + wide - half, low), (x + wide + half, low), (x + wide, low + 0.38 * height)],
                      shade(green, 0.8 + 0.1 * k))
        return float(2 * wide)
    for _ in range(26):
        dx, dz = rng.normal(0, 0.36, 2)
        size = rng.uniform(0.2, 0.5) * wide
        b.disc(x + wide + dx * wide, 0.7 * height + 0.22 * height * dz * 2, size, size,
               shade(green, rng.uniform(0.75, 1.2) + 0.2 * dz))
    return float(2 * wide)


def house(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a house front with windows, a door and a roof."""
    width, height = rng.uniform(2.5, 5.5), rng.uniform(2.4, 4.5)
    wall = one_of(rng, (muted(rng), (196, 120, 92), (232, 222, 200)))
    b.lit_box(x, 0, width, height, wall)
    b.polygon([(x - 0.2, height), (x + width + 0.2, height), (x + 0.8 * width, height + 1.1),
               (x + 0.2 * width, height + 1.1)],
              one_of(rng, ((130, 62, 48), (80, 80, 88), (110, 84, 66))))
    for left in every(x + 0.35, x + width - 0.8, 1.1):
        for z in every(0.9, height - 0.9, 1.4):
            b.box(left - 0.05, z - 0.05, 0.75, 1.0, WHITE)
            b.lit_box(left, z, 0.65, 0.9, (96, 116, 140))
    b.box(x + width / 2, 0, 0.75, 1.7, shade(muted(rng), 0.7))
    return float(width)


def fence(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a fence of boards."""
    width, height = rng.uniform(2, 5), rng.uniform(0.8, 1.3)
    wood = one_of(rng, (*WOODS, WHITE, (150, 146, 140)))
    for left in every(x, x + width, 0.2):
        b.box(left, 0, 0.15, height, shade(wood, rng.uniform(0.85, 1.1)))
    for z in (0.25, height - 0.25):
        b.box(x, z, width, 0.07, shade(wood, 0.7))
    return float(width)


def bush(b: Board, rng: np.random.Generator, x: float) -> float:
    """Draw a low bush."""
    green = hsv(rng.uniform(0.2, 0.4), rng.uniform(0.4, 0.7), rng.uniform(0.25, 0.5))
    for _ in range(22):
        dx, size = rng.uniform(0, 1.6), rng.uniform(0.15, 0.35)
        b.disc(x + dx, rng.uniform(0.1, 0.6), size, size, shade(green, rng.uniform(0.75, 1.3)))
    return 1.7


OUTDOORS: tuple[Furnishing, ...] = (tree, tree, tree, house, house, fence, bush)
