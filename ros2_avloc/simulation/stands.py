"""What objects stand on: pillars, tables, crates; drawn as billboards of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import BLACK, OAK, STEEL, WHITE, WOODS, Paint, hsv, one_of, shade
from ros2_avloc.simulation.objects.shapes import rect, rounded


def draw_stand(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Draw a stand whose upper edge carries an object.

    Parameters
    ----------
    rng
        Source of all chance.
    size
        Pixels along the longer side.

    Returns
    -------
    numpy.ndarray
        uint8 ``(h, w, 4)``, straight alpha.
    """
    canvas = Canvas(size, edge=0.02 if rng.random() < 0.3 else 0.0)
    (_pillar, _table, _crate)[rng.integers(3)](canvas, rng)
    return canvas.picture(size)


def _pillar(c: Canvas, rng: np.random.Generator) -> None:
    stone = one_of(rng, (WHITE, (190, 186, 178), (120, 122, 128), hsv(rng.uniform(), 0.3, 0.7)))
    wide = rng.uniform(0.5, 1.2)
    c.fill(rect(0, 0.05, wide, 1.8), Paint(stone, 'across', 'matte'))
    for y in (-0.92, 0.94):
        c.fill(rect(0, y, wide + 0.2, 0.14), Paint(shade(stone, 1.05), 'across', 'matte'))


def _table(c: Canvas, rng: np.random.Generator) -> None:
    wood = one_of(rng, (*WOODS, WHITE, STEEL, BLACK))
    tall = rng.uniform(0.7, 1.0)
    for x in (-0.8, -0.62, 0.62, 0.8):
        c.fill(rect(x, 0, 0.09, 2 * tall - 0.02), Paint(shade(wood, 0.55 + 0.3 * (abs(x) > 0.7)), 'across'))
    c.fill(rounded(0, -tall + 0.05, 1.96, 0.15, 0.04), Paint(wood, 'along', 'gloss'))
    c.fill(rect(0, -tall + 0.2, 1.6, 0.16), Paint(shade(wood, 0.75), 'down'))


def _crate(c: Canvas, rng: np.random.Generator) -> None:
    wood = one_of(rng, (OAK, *WOODS, hsv(rng.uniform(), 0.4, 0.6)))
    wide = rng.uniform(1.3, 1.9)
    c.fill(rect(0, 0, wide, 1.9), Paint(shade(wood, 0.8), 'down'))
    for y in np.linspace(-0.78, 0.78, 4):
        c.fill(rect(0, y, wide, 0.36), Paint(wood, 'along', 'matte'))
    for x in (-wide / 2 + 0.08, wide / 2 - 0.08):
        c.fill(rect(x, 0, 0.16, 1.9), Paint(shade(wood, 0.75), 'across', 'matte'))
