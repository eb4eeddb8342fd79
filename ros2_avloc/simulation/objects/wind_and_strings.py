"""Guitars and flutes."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    GOLD,
    IVORY,
    MAHOGANY,
    OAK,
    PINE,
    SILVER,
    WALNUT,
    WHITE,
    WOODS,
    Colour,
    Paint,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import Points, ellipse, lathe, rect, rounded, smooth, turn


def guitar(c: Canvas, rng: np.random.Generator) -> None:
    """Draw an acoustic guitar, or an electric one with two horns; neck up."""
    if rng.random() < 0.6:
        _acoustic(c, rng)
    else:
        _electric(c, rng)


def _acoustic(c: Canvas, rng: np.random.Generator) -> None:
    wood = one_of(rng, (PINE, OAK, (226, 160, 80), (200, 110, 50), MAHOGANY, BLACK))
    rim = shade(wood, 0.5) if sum(wood) > 150 else IVORY
    waist, hip = rng.uniform(0.25, 0.3), rng.uniform(0.44, 0.5)
    form = [(0.08, -0.16), (0.33, -0.06), (waist, 0.3), (0.38, 0.5), (hip, 0.74), (0.36, 0.96), (0.04, 1.02)]
    c.fill(lathe(form), Paint(rim, 'across'))
    c.fill(lathe([(max(0.02, r - 0.035), y * 0.965 + 0.012) for r, y in form]),
           Paint(wood, 'across', 'gloss'))
    c.ball(0, 0.28, 0.17, 0.17, Paint(shade(wood, 0.45), 'flat'))
    c.ball(0, 0.28, 0.135, 0.135, Paint((24, 16, 12), 'flat'))
    c.fill(rounded(0, 0.72, 0.38, 0.07, 0.03), Paint(WALNUT, 'down'))
    _neck(c, rng, -0.84, 0.16, WALNUT)
    _strings(c, -0.86, 0.72)


def _electric(c: Canvas, rng: np.random.Generator) -> None:
    colour = one_of(rng, (lively(rng), lively(rng), (190, 30, 30), BLACK, (240, 236, 224)))
    horn = rng.uniform(-0.3, -0.12)
    body = smooth([(-0.1, 0.02), (-0.24, horn), (-0.42, horn + 0.02), (-0.36, 0.3), (-0.46, 0.64),
                   (-0.32, 0.96), (0.04, 1.0), (0.34, 0.92),
                   (0.46, 0.66), (0.32, 0.36), (0.38, 0.04), (0.28, horn + 0.14), (0.1, 0.06)])
    c.fill(body, Paint(colour, 'across', 'gloss'))
    guard = smooth([(-0.06, 0.1), (-0.2, 0.3), (-0.12, 0.62), (0.08, 0.78), (0.28, 0.7), (0.2, 0.4),
                    (0.2, 0.16)])
    c.fill(guard, Paint(WHITE if sum(colour) < 600 else BLACK, 'down', 'plain'))
    _neck(c, rng, -0.84, 0.14, one_of(rng, (PINE, WALNUT)))
    for y in (0.3, 0.46, 0.6):
        c.fill(rounded(0, y, 0.24, 0.075, 0.03), Paint(BLACK, 'down'))
    c.fill(rounded(0, 0.76, 0.24, 0.09, 0.02), Paint(SILVER, 'along', 'metal'))
    for x, y in ((0.24, 0.72), (0.3, 0.82)):
        c.ball(x, y, 0.045, 0.045, Paint(GOLD, 'ball', 'metal'))
    _strings(c, -0.86, 0.76)


def _neck(c: Canvas, rng: np.random.Generator, top: float, bottom: float, wood: Colour) -> None:
    c.fill([(-0.065, top), (0.065, top), (0.085, bottom), (-0.085, bottom)], Paint(wood, 'across'))
    for k in range(9):
        y = top + (bottom - top) * (1 - 0.86**k) / (1 - 0.86**10)
        c.stroke([(-0.06, y), (0.06, y)], 0.014, SILVER)
    head = [(-0.07, top), (-0.12, top - 0.06), (-0.11, top - 0.3), (0.11, top - 0.3), (0.12, top - 0.06),
            (0.07, top)]
    for y in (top - 0.1, top - 0.17, top - 0.24):
        for side in (-1, 1):
            c.ball(side * 0.15, y, 0.045, 0.03, Paint(one_of(rng, (SILVER, IVORY)), 'ball', 'metal'))
    c.fill(head, Paint(shade(wood, 0.8), 'across', 'gloss'))


def _strings(c: Canvas, top: float, bottom: float) -> None:
    for x in np.linspace(-1, 1, 4):
        c.stroke([(0.05 * x, top), (0.075 * x, bottom)], 0.009, (226, 222, 210))


def flute(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a silver flute with keys, a recorder, or pan pipes."""
    style = rng.random()
    if style < 0.45:
        _silver_flute(c, rng)
    elif style < 0.8:
        _recorder(c, rng)
    else:
        _pan_pipes(c, rng)


def _slant(rng: np.random.Generator) -> float:
    return float(rng.uniform(-0.75, -0.3))


def _silver_flute(c: Canvas, rng: np.random.Generator) -> None:
    metal = one_of(rng, (SILVER, SILVER, GOLD, (214, 200, 170)))
    slant, thick = _slant(rng), rng.uniform(0.14, 0.2)

    def put(shape: Points, paint: Paint) -> None:
        c.fill(turn(shape, slant), paint)

    put(rounded(0, 0, 2.3, thick, 0.06), Paint(metal, 'along', 'metal'))
    for x in (-1.08, -0.52, 0.72, 1.1):
        put(rounded(x, 0, 0.09, thick + 0.06, 0.03), Paint(shade(metal, 0.85), 'along', 'metal'))
    put(ellipse(-0.8, -0.03, 0.17, 0.09), Paint(shade(metal, 1.05), 'ball', 'metal'))
    put(ellipse(-0.8, -0.04, 0.07, 0.04), Paint(BLACK, 'flat'))
    c.stroke(turn([(-0.3, thick / 2 + 0.02), (1.0, thick / 2 + 0.02)], slant), 0.025, shade(metal, 0.6))
    for x in np.linspace(-0.3, 0.98, int(rng.integers(8, 11))):
        if abs(x - 0.72) > 0.08:
            put(ellipse(x, -0.04, 0.062, 0.072), Paint(shade(metal, 0.6), 'ball', 'metal'))
            put(ellipse(x, -0.05, 0.042, 0.05), Paint(shade(metal, 1.15), 'ball', 'metal'))


def _recorder(c: Canvas, rng: np.random.Generator) -> None:
    wood = one_of(rng, (*WOODS, IVORY, (90, 50, 30), lively(rng)))
    ring = one_of(rng, (IVORY, BLACK, shade(wood, 0.6)))
    slant = _slant(rng) - np.pi / 2

    def put(shape: Points, paint: Paint) -> None:
        c.fill(turn(shape, slant), paint)

    body = [(0.07, -1.18), (0.14, -0.95), (0.15, -0.66), (0.1, -0.6), (0.1, 0.0), (0.09, 0.62), (0.14, 0.68),
            (0.13, 0.8), (0.08, 0.95), (0.14, 1.16)]
    put(lathe(body), Paint(wood, 'down', 'gloss'))
    put(rect(0, -0.84, 0.1, 0.12), Paint((24, 18, 14), 'flat'))
    for y in (-0.6, 0.68):
        put(rounded(0, y, 0.31, 0.09, 0.03), Paint(ring, 'down', 'gloss'))
    for y in np.linspace(-0.42, 0.5, 7):
        put(ellipse(0, y, 0.046, 0.046), Paint((24, 18, 14), 'flat'))


def _pan_pipes(c: Canvas, rng: np.random.Generator) -> None:
    cane = one_of(rng, (PINE, (200, 160, 90), OAK, WALNUT))
    count = int(rng.integers(6, 10))
    width = 1.8 / count
    for k in range(count):
        x = -0.9 + (k + 0.5) * width
        bottom = 0.95 - 1.15 * k / count
        c.fill(rounded(x, (bottom - 0.8) / 2, 0.94 * width, bottom + 0.8, 0.04),
               Paint(one_of(rng, (cane,)), 'across', 'gloss'))
        c.ball(x, -0.8, 0.45 * width, 0.05, Paint((40, 26, 16), 'flat'))
    for y in (-0.52, -0.36):
        c.fill(rounded(0, y, 1.94, 0.1, 0.04), Paint(one_of(rng, (WALNUT, (160, 40, 40), GOLD)), 'along'))
