"""Bells and drums."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BRASS,
    COPPER,
    GOLD,
    IVORY,
    METALS,
    SILVER,
    WHITE,
    WOODS,
    Colour,
    Paint,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import Points, arc, lathe, rect, rounded


def bell(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a hand bell with a handle, or a bell that hangs from a yoke or a ring."""
    metal = one_of(rng, (BRASS, GOLD, GOLD, COPPER, SILVER))
    finish = 'metal' if rng.random() < 0.6 else 'gloss'
    mouth, waist, top = rng.uniform(0.62, 0.9), rng.uniform(0.36, 0.46), rng.uniform(0.26, 0.38)
    upper, lower = -0.42, 0.68
    c.ball(0, lower + 0.1, 0.16, 0.16, Paint(shade(metal, 0.6), 'ball', finish))
    _hanger(c, rng, upper, metal)
    body = [(0.02, upper - 0.12), (0.6 * top, upper - 0.1), (top, upper), (waist, 0.0), (waist + 0.07, 0.3),
            (0.8 * mouth, 0.54), (mouth, lower)]
    c.fill(lathe(body), Paint(metal, 'across', finish))
    c.fill(rounded(0, lower, 2 * mouth + 0.08, 0.13, 0.06), Paint(shade(metal, 0.9), 'across', finish))
    for y, radius in ((upper + 0.12, top + 0.02), (0.38, waist + 0.14)):
        c.stroke(arc(0, y - 0.03, radius, 0.05, 0.1, np.pi - 0.1), 0.03, shade(metal, 0.55))


def _hanger(c: Canvas, rng: np.random.Generator, upper: float, metal: Colour) -> None:
    style = rng.integers(3)
    wood = one_of(rng, WOODS)
    if style == 0:
        c.fill(lathe([(0.05, -1.05), (0.13, -1.0), (0.14, -0.86), (0.08, -0.7), (0.1, upper - 0.08)]),
               Paint(wood, 'across', 'gloss'))
    elif style == 1:
        c.tube(arc(0, upper - 0.22, 0.17, 0.17, 0, 2 * np.pi), 0.08, shade(metal, 0.8))
    else:
        c.tube(arc(0, upper - 0.1, 0.16, 0.22, np.pi, 2 * np.pi), 0.08, shade(metal, 0.7))
        c.fill(rounded(0, upper - 0.38, rng.uniform(1.0, 1.6), 0.2, 0.07), Paint(wood, 'along'))


def drum(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a laced or snare drum with sticks, or a goblet drum."""
    if rng.random() < 0.25:
        _goblet_drum(c, rng)
    else:
        _stick_drum(c, rng)


def _stick_drum(c: Canvas, rng: np.random.Generator) -> None:
    shell = lively(rng)
    hoop = one_of(rng, (*METALS, IVORY, shade(lively(rng), 0.8)))
    rx, ry = 0.86, rng.uniform(0.22, 0.34)
    top, bottom = -0.25, rng.uniform(0.3, 0.72)
    c.fill(_wall(rx + 0.04, ry, bottom - 0.13, bottom), Paint(hoop, 'across', 'gloss'))
    c.fill(_wall(rx, ry, top, bottom - 0.1), Paint(shell, 'across', 'satin'))
    _lacing(c, rng, rx, ry, top + 0.12, bottom - 0.1)
    c.fill(_wall(rx + 0.04, ry, top, top + 0.13), Paint(hoop, 'across', 'gloss'))
    c.ball(0, top, rx + 0.04, ry, Paint(shade(hoop, 0.85), 'down'))
    c.ball(0, top, rx - 0.04, ry - 0.05, Paint(one_of(rng, (WHITE, IVORY)), 'up', 'matte'))
    wood = one_of(rng, WOODS)
    for side in (-1, 1):
        start = (side * rng.uniform(0.1, 0.4), top + rng.uniform(-0.05, 0.06))
        end = (-side * rng.uniform(0.5, 0.95), -rng.uniform(0.8, 1.0))
        c.tube([start, end], 0.075, wood)
        c.ball(*start, 0.085, 0.07, Paint(shade(wood, 1.1), 'ball'))


def _wall(rx: float, ry: float, top: float, bottom: float) -> Points:
    return np.concatenate([arc(0, top, rx, ry, np.pi, 0), arc(0, bottom, rx, ry, 0, np.pi)])


def _lacing(c: Canvas, rng: np.random.Generator, rx: float, ry: float, top: float, bottom: float) -> None:
    count = int(rng.integers(5, 10))
    angle = np.linspace(np.pi, 0, 2 * count + 1)
    x, sag = rx * np.cos(angle), ry * np.sin(angle)
    upper, lower = np.stack([x, top + sag], 1), np.stack([x, bottom + sag], 1)
    cord = one_of(rng, (IVORY, WHITE, GOLD, SILVER))
    if rng.random() < 0.6:
        zigzag = np.where((np.arange(len(x)) % 2 == 0)[:, None], upper, lower)
        c.stroke(zigzag, 0.045, cord)
        return
    for a, b in zip(upper[1::2], lower[1::2], strict=True):
        c.stroke([a, b], 0.035, cord)
        c.fill(rect(a[0], (a[1] + b[1]) / 2, 0.07, 0.18), Paint(cord, 'across', 'metal'), edge=False)


def _goblet_drum(c: Canvas, rng: np.random.Generator) -> None:
    wood = one_of(rng, (*WOODS, lively(rng)))
    rx, ry, top = rng.uniform(0.55, 0.68), 0.17, -0.82
    c.fill(lathe([(rx, top), (rx * 0.97, -0.45), (0.27, 0.12), (0.22, 0.4), (0.4, 0.98)]),
           Paint(wood, 'across', 'gloss'))
    rope = one_of(rng, (IVORY, lively(rng)))
    for x in np.linspace(-1, 1, 8):
        c.stroke([(x * rx * 0.99, top + 0.1), (x * 0.66 * rx, -0.18)], 0.03, rope)
        c.stroke([(x * rx * 0.99, top + 0.1), ((x + 0.18) * 0.66 * rx, -0.18)], 0.03, rope)
    for y, radius in ((-0.16, 0.68 * rx), (0.26, 0.24)):
        c.stroke(arc(0, y - 0.04, radius, 0.07, 0.05, np.pi - 0.05), 0.06, shade(rope, 0.8))
    c.fill(_wall(rx + 0.03, ry, top, top + 0.08), Paint(shade(rope, 0.75), 'across'))
    c.ball(0, top, rx, ry, Paint(IVORY, 'up', 'matte'))


