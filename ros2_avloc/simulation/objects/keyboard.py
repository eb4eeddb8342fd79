"""Pianos: upright and grand."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    GOLD,
    MAHOGANY,
    OAK,
    WALNUT,
    WHITE,
    Colour,
    Paint,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import rect, rounded, smooth


def piano(c: Canvas, rng: np.random.Generator) -> None:
    """Draw an upright piano from the front, or a grand piano with its lid up."""
    case = one_of(rng, (BLACK, BLACK, MAHOGANY, WALNUT, OAK, WHITE, shade(lively(rng), 0.7)))
    if rng.random() < 0.6:
        _upright(c, rng, case)
    else:
        _grand(c, rng, case)


def _upright(c: Canvas, rng: np.random.Generator, case: Colour) -> None:
    top = rng.uniform(-0.86, -0.68)
    c.fill(rect(0, (top + 0.9) / 2, 1.9, 0.9 - top), Paint(case, 'down', 'gloss'))
    c.fill(rounded(0, top, 2.04, 0.12, 0.03), Paint(shade(case, 1.2), 'along', 'gloss'))
    panel = shade(case, 0.7)
    c.fill(rect(0, top + 0.38, 1.6, 0.44), Paint(panel, 'up'))
    c.fill(rect(0, 0.64, 1.4, 0.36), Paint(panel, 'up'))
    if rng.random() < 0.6:
        c.fill([(-0.36, -0.02), (0.36, -0.02), (0.34, top + 0.22), (-0.34, top + 0.22)],
               Paint(WHITE, 'down', 'plain'))
        for y in np.linspace(top + 0.32, -0.1, 4):
            c.stroke([(-0.28, y), (-0.03, y)], 0.016, BLACK)
            c.stroke([(0.03, y), (0.28, y)], 0.016, BLACK)
    _keys(c, -0.9, 0.9, 0.0, 0.24, int(rng.integers(14, 22)))
    c.fill(rect(0, 0.29, 2.06, 0.12), Paint(case, 'along', 'gloss'))
    for side in (-1, 1):
        c.fill(rounded(side * 0.97, 0.12, 0.14, 0.32, 0.05), Paint(shade(case, 1.1), 'across', 'gloss'))
        c.fill(rect(side * 0.92, 0.62, 0.12, 0.6), Paint(shade(case, 0.85), 'across', 'gloss'))
    for x in (-0.1, 0.1):
        c.fill(rounded(x, 0.88, 0.1, 0.05, 0.02), Paint(GOLD, 'along', 'metal'))
    c.fill(rect(0, 0.94, 2.0, 0.09), Paint(shade(case, 0.6), 'along'))


def _keys(c: Canvas, left: float, right: float, top: float, bottom: float, count: int) -> None:
    c.fill(rect((left + right) / 2, (top + bottom) / 2, right - left, bottom - top),
           Paint((246, 244, 236), 'down', 'matte'))
    edges = np.linspace(left, right, count + 1)
    for x in edges[1:-1]:
        c.stroke([(x, top), (x, bottom)], 0.012, (120, 118, 114))
    width = 0.62 * (right - left) / count
    for k, x in enumerate(edges[1:-1]):
        if k % 7 not in (2, 6):
            c.fill(rect(x, top + 0.3 * (bottom - top), width, 0.6 * (bottom - top)),
                   Paint((20, 20, 22), 'down'), edge=False)


def _grand(c: Canvas, rng: np.random.Generator, case: Colour) -> None:
    for x in (-0.72, 0.1, 0.76):
        c.fill([(x - 0.08, 0.3), (x + 0.08, 0.3), (x + 0.05, 0.92), (x - 0.05, 0.92)],
               Paint(shade(case, 0.8), 'across', 'gloss'))
        c.ball(x, 0.94, 0.06, 0.05, Paint(GOLD, 'ball', 'metal'))
    lid_top = rng.uniform(-1.0, -0.8)
    lid = smooth([(-0.86, -0.04), (-0.9, lid_top), (-0.5, lid_top + 0.02), (0.1, lid_top + 0.3),
                  (0.6, lid_top + 0.42), (0.98, -0.12), (0.9, -0.02)], steps=4)
    c.fill(lid, Paint(shade(case, 1.1), 'down', 'gloss'))
    c.fill([(-0.86, 0.02), (0.95, 0.02), (0.86, -0.12), (-0.7, -0.12)],
           Paint(shade(GOLD, 0.8), 'across', 'metal'))
    c.stroke([(0.4, -0.02), (0.3, -0.5)], 0.035, shade(case, 0.6))
    c.fill(rounded(0.02, 0.16, 1.94, 0.36, 0.12), Paint(case, 'down', 'gloss'))
    _keys(c, -1.0, 0.0, 0.1, 0.26, 10)
    c.fill(rect(-0.5, 0.3, 1.06, 0.1), Paint(shade(case, 0.9), 'along', 'gloss'))
    for x in (-1.02, 0.02):
        c.fill(rounded(x, 0.16, 0.09, 0.34, 0.04), Paint(shade(case, 1.1), 'across', 'gloss'))
