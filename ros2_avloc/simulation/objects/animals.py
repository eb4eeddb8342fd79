"""Birds and dogs."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    WALNUT,
    WHITE,
    Colour,
    Paint,
    hsv,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import Points, ellipse, limb, smooth, turn

_FEATHERS: tuple[Colour, ...] = (
    (60, 110, 190), (200, 60, 40), (236, 196, 40), (110, 84, 60),
    (50, 50, 58), (70, 150, 80), (150, 150, 160), (230, 140, 50),
)
_FURS: tuple[Colour, ...] = (
    (176, 122, 66), (110, 70, 42), (226, 196, 150), (236, 230, 220),
    (60, 52, 50), (150, 146, 144), (190, 110, 50),
)


def bird(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a songbird from the side, on a branch or on its feet, singing or not."""
    back = one_of(rng, (*_FEATHERS, lively(rng)))
    belly = one_of(rng, (WHITE, (240, 210, 150), (224, 110, 60), shade(back, 1.3)))
    plump = rng.uniform(0.8, 1.1)
    _perch(c, rng)
    tail = limb([(-0.4, 0.22), (-0.75, rng.uniform(0.2, 0.5)), (-1.1, rng.uniform(0.1, 0.8))],
                (0.26, 0.2, 0.24))
    c.fill(tail, Paint(shade(back, 0.7), 'down'))
    beak = one_of(rng, ((240, 160, 30), (60, 54, 50), (250, 190, 60)))
    _beak(c, rng, beak)
    body = smooth([(0.3, -0.78), (0.66, -0.68), (0.74, -0.4), (0.6, -0.1), (0.5, 0.25 * plump),
                   (0.2, 0.5 * plump), (-0.2, 0.44 * plump),
                   (-0.56, 0.22), (-0.34, -0.14), (0.0, -0.4), (0.08, -0.62)])
    c.fill(body, Paint(back, 'down', 'satin'))
    with c.inside(body):
        c.fill(ellipse(0.42, 0.16, 0.52, 0.3, -0.9), Paint(belly, 'ball', 'matte'), edge=False)
        if rng.random() < 0.4:
            c.ball(0.42, -0.86, 0.36, 0.24, Paint(shade(back, 0.5), 'down'))
    _wing(c, rng, shade(back, rng.uniform(0.6, 0.85)))
    c.ball(0.46, -0.52, 0.1, 0.1, Paint(WHITE, 'flat', 'plain'))
    c.ball(0.47, -0.52, 0.07, 0.07, Paint(BLACK, 'flat'))
    c.ball(0.45, -0.55, 0.022, 0.022, Paint(WHITE, 'flat', 'plain'))
    if rng.random() < 0.3:
        crest = smooth([(0.2, -0.7), (0.0, -1.0), (0.24, -0.9), (0.3, -1.1), (0.44, -0.76)])
        c.fill(crest, Paint(shade(back, 0.85), 'down'))


def _beak(c: Canvas, rng: np.random.Generator, colour: Colour) -> None:
    gape, long = rng.choice([0.03, 0.28]), rng.uniform(0.32, 0.5)
    root = (0.62, -0.5)
    upper, lower = [(0, -0.13), (long, 0.0), (0, 0.05)], [(0, -0.04), (0.85 * long, 0.04), (0, 0.12)]
    c.fill(turn(lower, gape) + root, Paint(shade(colour, 0.75), 'down'))
    c.fill(turn(upper, -gape) + root, Paint(colour, 'down'))


def _wing(c: Canvas, rng: np.random.Generator, colour: Colour) -> None:
    wing = smooth([(0.22, -0.22), (0.34, 0.0), (0.16, 0.24), (-0.3, 0.32), (-0.72, 0.3), (-0.4, 0.06),
                   (-0.1, -0.2)])
    lift = rng.choice([0.0, 0.0, 0.5])
    wing = turn(wing, lift, (0.2, -0.1))
    c.fill(wing, Paint(colour, 'down', 'satin'))
    for k in range(3):
        feather = turn([(0.08 - 0.1 * k, 0.12 - 0.07 * k), (-0.5, 0.26 - 0.07 * k)], lift, (0.2, -0.1))
        c.stroke(feather, 0.03, shade(colour, 0.6))


def _perch(c: Canvas, rng: np.random.Generator) -> None:
    leg = one_of(rng, ((200, 130, 60), (70, 60, 56)))
    for x in (0.05, 0.24):
        c.stroke([(x, 0.42), (x - 0.03, 0.84)], 0.055, leg)
        for toe in (-0.12, 0.14):
            c.stroke([(x - 0.03, 0.83), (x + toe, 0.88)], 0.05, leg)
    if rng.random() < 0.6:
        tilt = rng.uniform(-0.06, 0.06)
        c.tube([(-0.8, 0.94 - tilt), (0.1, 0.92), (0.95, 0.94 + tilt)], 0.13, WALNUT)
        for x in (-0.6, 0.75):
            c.fill(ellipse(x, 0.82, 0.17, 0.07, rng.uniform(-0.8, 0.8)),
                   Paint(hsv(rng.uniform(0.22, 0.36), 0.7, 0.55), 'down'))


def dog(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a dog from the side, standing or sitting."""
    fur = one_of(rng, _FURS)
    ear = shade(fur, rng.choice([0.55, 0.75])) if sum(fur) > 240 else shade(fur, 1.6)
    patch = one_of(rng, _FURS) if rng.random() < 0.45 else fur
    pose = _standing_dog if rng.random() < 0.6 else _sitting_dog
    _dog_head(c, rng, pose(c, rng, fur, patch), fur, ear)


def _standing_dog(c: Canvas, rng: np.random.Generator, fur: Colour, patch: Colour) -> tuple[float, float]:
    foot, deep = rng.uniform(0.72, 0.98), rng.uniform(0.34, 0.46)
    c.fill(limb([(-0.7, 0.0), (-0.92, -0.25), (-0.95, rng.uniform(-0.75, -0.5))], (0.14, 0.12, 0.05)),
           Paint(fur, 'across'))
    for x, colour in ((-0.48, 0.7), (0.3, 0.7), (-0.64, 0.95), (0.16, 0.95)):
        _leg(c, x, foot, shade(fur, colour))
    body = smooth([(-0.72, -0.08), (-0.3, -0.16), (0.2, -0.16), (0.42, -0.1), (0.44, 0.2), (0.24, deep),
                   (-0.24, 0.7 * deep), (-0.62, 0.8 * deep), (-0.78, 0.18)])
    c.fill(limb([(0.24, 0.1), (0.42, -0.2), (0.5, -0.44)], (0.5, 0.4, 0.34)),
           Paint(shade(fur, 0.92), 'across'))
    c.fill(body, Paint(fur, 'down'))
    _patches(c, rng, body, patch, ((-0.3, 0.0), (-0.66, 0.1), (0.2, 0.1)))
    c.stroke([(0.36, -0.2), (0.52, -0.06), (0.62, -0.16)], 0.07, lively(rng))
    return (0.52, -0.5)


def _leg(c: Canvas, x: float, foot: float, colour: Colour) -> None:
    c.fill(limb([(x, 0.14), (x + 0.02, 0.5), (x, foot)], (0.28, 0.18, 0.14)), Paint(colour, 'across'))
    c.ball(x + 0.06, foot, 0.13, 0.065, Paint(colour, 'down'))


def _sitting_dog(c: Canvas, rng: np.random.Generator, fur: Colour, patch: Colour) -> tuple[float, float]:
    c.fill(limb([(-0.5, 0.85), (-0.85, 0.8), (-1.0, rng.uniform(0.3, 0.6))], (0.14, 0.13, 0.05)),
           Paint(fur, 'down'))
    c.fill(limb([(0.3, 0.1), (0.4, 0.5), (0.36, 0.9)], (0.3, 0.2, 0.16)), Paint(shade(fur, 0.7), 'across'))
    body = smooth([(0.0, -0.5), (0.34, -0.4), (0.42, 0.0), (0.26, 0.6), (-0.1, 0.94), (-0.55, 0.94),
                   (-0.66, 0.6), (-0.4, 0.1)])
    c.fill(body, Paint(fur, 'across'))
    _patches(c, rng, body, patch, ((-0.3, 0.2), (-0.4, 0.7), (0.2, -0.1)))
    c.fill(ellipse(-0.3, 0.72, 0.34, 0.24, -0.5), Paint(shade(fur, 0.95), 'ball', 'matte'))
    c.ball(-0.12, 0.93, 0.26, 0.075, Paint(fur, 'down'))
    c.fill(limb([(0.2, 0.1), (0.3, 0.5), (0.28, 0.92)], (0.34, 0.2, 0.16)), Paint(fur, 'across'))
    c.ball(0.35, 0.93, 0.16, 0.075, Paint(fur, 'down'))
    c.stroke([(0.02, -0.34), (0.2, -0.22), (0.42, -0.28)], 0.07, lively(rng))
    return (0.3, -0.62)


def _patches(c: Canvas, rng: np.random.Generator, body: Points, colour: Colour,
             places: tuple[tuple[float, float], ...]) -> None:
    with c.inside(body):
        for x, y in places:
            size = rng.uniform(0.12, 0.24)
            c.fill(ellipse(x, y, 1.3 * size, size, rng.uniform(0, 3)), Paint(colour, 'down', 'matte'),
                   edge=False)


def _dog_head(c: Canvas, rng: np.random.Generator, at: tuple[float, float], fur: Colour, ear: Colour) -> None:
    x, y = at
    long, pointed = rng.uniform(0.3, 0.46), rng.random() < 0.35
    if rng.random() < 0.4:
        c.fill(ellipse(x + 0.34, y + 0.2, 0.06, 0.14, -0.2), Paint((226, 90, 100), 'down'))
        c.fill(limb([(x + 0.05, y + 0.1), (x + long, y + 0.24)], (0.2, 0.1)), Paint(shade(fur, 0.8), 'down'))
    skull = smooth([(x - 0.26, y), (x - 0.18, y - 0.24), (x + 0.06, y - 0.28), (x + 0.2, y - 0.1),
                    (x + 0.12 + long, y - 0.04), (x + 0.16 + long, y + 0.1), (x + 0.04 + long, y + 0.18),
                    (x + 0.1, y + 0.22), (x - 0.16, y + 0.2)])
    if pointed:
        c.fill([(x - 0.2, y - 0.14), (x - 0.16, y - 0.5), (x + 0.06, y - 0.2)], Paint(ear, 'down'))
    c.fill(skull, Paint(fur, 'down', 'satin'))
    if pointed:
        c.fill([(x - 0.1, y - 0.16), (x + 0.0, y - 0.5), (x + 0.14, y - 0.18)],
               Paint(shade(ear, 1.15), 'down'))
    else:
        flap = smooth([(x - 0.2, y - 0.2), (x + 0.02, y - 0.2), (x + 0.02, y + 0.1), (x - 0.1, y + 0.32),
                       (x - 0.24, y + 0.14)])
        c.fill(flap, Paint(ear, 'down'))
    c.ball(x + 0.17 + long, y + 0.0, 0.085, 0.07, Paint(BLACK, 'ball', 'gloss'))
    c.ball(x + 0.12, y - 0.07, 0.05, 0.055, Paint(BLACK, 'flat'))
    c.ball(x + 0.105, y - 0.085, 0.016, 0.016, Paint(WHITE, 'flat', 'plain'))
    c.stroke([(x + 0.14 + long, y + 0.14), (x + 0.24, y + 0.15)], 0.022, shade(fur, 0.4))
