"""Engines, robots and loudspeakers."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    COPPER,
    GOLD,
    IRON,
    METALS,
    SILVER,
    STEEL,
    WHITE,
    WOODS,
    Colour,
    Paint,
    hsv,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import arc, rect, rounded, smooth, turn


def engine(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a V-twin with finned cylinders, or a car engine with belts and headers."""
    if rng.random() < 0.5:
        _v_twin(c, rng)
    else:
        _car_engine(c, rng)


def _v_twin(c: Canvas, rng: np.random.Generator) -> None:
    metal = one_of(rng, (STEEL, IRON, SILVER, (120, 122, 130)))
    accent = one_of(rng, (BLACK, COPPER, lively(rng)))
    lean = rng.uniform(0.42, 0.6)
    for side in (-1, 1):
        pipe = [(side * 0.55, -0.42), (side * 0.95, -0.1), (side * 0.8, 0.5), (0.98 * side, 0.85)]
        c.tube(smooth(pipe, closed=False), 0.13, one_of(rng, (SILVER, COPPER)))
    for side in (-1, 1):
        angle = side * lean
        c.fill(turn(rect(0, -0.5, 0.34, 0.7), angle) + (0, 0.3), Paint(shade(metal, 0.5), 'across'))
        for y in np.linspace(-0.92, -0.42, 6):
            c.fill(turn(rounded(0, y, 0.66, 0.062, 0.03), angle) + (0, 0.3), Paint(metal, 'across', 'metal'))
        c.fill(turn(rounded(0, -1.08, 0.5, 0.26, 0.1), angle) + (0, 0.3), Paint(accent, 'down', 'gloss'))
    c.ball(0, 0.46, 0.6, 0.52, Paint(metal, 'ball', 'satin'))
    c.ball(0.06, 0.48, 0.4, 0.36, Paint(shade(metal, 1.1), 'ball', 'metal'))
    c.ball(0.06, 0.48, 0.16, 0.15, Paint(accent, 'ball', 'gloss'))
    for angle in np.linspace(0, 2 * np.pi, 7)[:-1]:
        c.ball(0.06 + 0.31 * np.cos(angle), 0.48 + 0.28 * np.sin(angle), 0.035, 0.035, Paint(BLACK, 'flat'))
    c.fill(rounded(0, 0.97, 1.1, 0.16, 0.05), Paint(IRON, 'along'))


def _car_engine(c: Canvas, rng: np.random.Generator) -> None:
    block = one_of(rng, (IRON, STEEL, (70, 78, 92), (60, 90, 120)))
    cover = one_of(rng, ((190, 24, 24), (30, 60, 150), BLACK, lively(rng)))
    c.fill(rounded(0.12, 0.22, 1.5, 0.9, 0.08), Paint(block, 'down', 'satin'))
    c.fill([(-0.42, 0.66), (0.72, 0.66), (0.5, 0.98), (-0.24, 0.98)], Paint(shade(block, 0.55), 'down'))
    c.fill(rounded(0.12, -0.3, 1.56, 0.26, 0.05), Paint(shade(block, 1.2), 'along', 'metal'))
    c.fill(rounded(0.12, -0.55, 1.36, 0.34, 0.12), Paint(cover, 'along', 'gloss'))
    for x in np.linspace(-0.42, 0.66, 9):
        c.stroke([(x, -0.66), (x, -0.46)], 0.03, shade(cover, 0.55))
    c.fill(rounded(0.3, -0.78, 0.2, 0.14, 0.04), Paint(BLACK, 'across'))
    pipe = one_of(rng, (COPPER, SILVER, (150, 120, 100)))
    for x in np.linspace(-0.2, 0.68, 4):
        bend = smooth([(x, -0.2), (x + 0.02, 0.12), (x + 0.2, 0.36), (0.95, 0.5)], closed=False)
        c.tube(bend, 0.12, pipe)
    c.tube([(0.9, 0.4), (0.98, 0.9)], 0.17, pipe)
    _belt(c, rng)


def _belt(c: Canvas, rng: np.random.Generator) -> None:
    wheels = ((-0.62, 0.5, 0.3), (-0.72, -0.12, 0.22), (-0.42, -0.38, 0.14))
    c.stroke([(-0.92, 0.5), (-0.94, -0.12), (-0.5, -0.5), (-0.3, -0.36), (-0.34, 0.46)], 0.06, BLACK)
    for x, y, radius in wheels:
        c.ball(x, y, radius, radius, Paint((44, 46, 52), 'ball'))
        c.ball(x, y, 0.76 * radius, 0.76 * radius, Paint(STEEL, 'ball', 'metal'))
        c.ball(x, y, 0.25 * radius, 0.25 * radius, Paint(BLACK, 'flat'))
    blades = int(rng.integers(4, 7))
    for k in range(blades):
        blade = turn([(0.05, -0.05), (0.34, -0.1), (0.36, 0.06), (0.05, 0.05)], 2 * np.pi * k / blades)
        c.fill(blade + (-0.72, -0.12), Paint((214, 210, 200), 'down', 'matte'))
    c.ball(-0.72, -0.12, 0.08, 0.08, Paint(IRON, 'ball'))


def robot(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a toy robot: antenna, square head, a panel on the chest, claws, legs or wheels."""
    colour = one_of(rng, (*METALS, lively(rng), lively(rng), (230, 230, 232)))
    trim = one_of(rng, (IRON, BLACK, lively(rng), (200, 60, 40)))
    finish = 'metal' if rng.random() < 0.4 else 'gloss'
    _robot_legs(c, rng, colour, trim)
    _robot_arms(c, rng, colour, trim)
    wide = rng.uniform(0.9, 1.1)
    c.fill(rounded(0, 0.24, wide, 0.76, rng.uniform(0.03, 0.2)), Paint(colour, 'across', finish))
    c.fill(rounded(0, 0.22, 0.56, 0.44, 0.05), Paint(shade(trim, 0.8), 'down'))
    for x in (-0.16, 0.0, 0.16):
        c.ball(x, 0.12, 0.06, 0.06, Paint(hsv(rng.uniform(), 0.9, 1.0), 'ball', 'gloss'))
    c.fill(rect(0, 0.32, 0.4, 0.1), Paint(hsv(rng.uniform(), 0.5, 1.0), 'down'))
    c.fill(rect(0, -0.2, 0.24, 0.16), Paint(trim, 'across', 'metal'))
    _robot_head(c, rng, Paint(colour, 'across', finish), trim)


def _robot_head(c: Canvas, rng: np.random.Generator, paint: Paint, trim: Colour) -> None:
    wide, tall = rng.uniform(0.72, 0.9), rng.uniform(0.48, 0.56)
    y = -0.26 - tall / 2
    for x in (0.0,) if rng.random() < 0.5 else (-0.2, 0.2):
        c.tube([(x, y - 0.2), (1.4 * x, y - tall / 2 - 0.26)], 0.05, IRON)
        c.ball(1.4 * x, y - tall / 2 - 0.28, 0.085, 0.085, Paint((230, 40, 30), 'ball', 'gloss'))
    for side in (-1, 1):
        c.fill(rounded(side * wide / 2, y, 0.18, 0.24, 0.04), Paint(trim, 'along', 'metal'))
    c.fill(rounded(0, y, wide, tall, rng.uniform(0.03, 0.24)), paint)
    eye = one_of(rng, ((255, 230, 60), (70, 220, 255), WHITE, (120, 255, 120)))
    for x in (-0.19, 0.19):
        c.ball(x, y - 0.06, 0.14, 0.14, Paint(BLACK, 'ball'))
        c.ball(x, y - 0.06, 0.1, 0.1, Paint(eye, 'ball', 'gloss'))
        c.ball(x, y - 0.06, 0.035, 0.035, Paint(BLACK, 'flat'))
    c.fill(rounded(0, y + 0.17, 0.4, 0.11, 0.03), Paint(BLACK, 'down'))
    for x in np.linspace(-0.14, 0.14, 4):
        c.stroke([(x, y + 0.14), (x, y + 0.2)], 0.025, WHITE)


def _robot_arms(c: Canvas, rng: np.random.Generator, colour: Colour, trim: Colour) -> None:
    for side in (-1, 1):
        hand = (side * rng.uniform(0.82, 0.95), rng.choice([-0.2, 0.5, 0.55]))
        elbow = (side * rng.uniform(0.8, 0.95), 0.18)
        c.tube([(side * 0.5, 0.0), elbow, hand], 0.14, shade(colour, 0.8))
        c.ball(side * 0.52, 0.0, 0.14, 0.14, Paint(trim, 'ball', 'metal'))
        up = -1 if hand[1] < 0.18 else 1
        wrist = up * np.pi / 2
        claw = arc(hand[0], hand[1] + up * 0.12, 0.13, 0.13, wrist + 0.7, wrist + 2 * np.pi - 0.7)
        c.tube(claw, 0.08, trim)


def _robot_legs(c: Canvas, rng: np.random.Generator, colour: Colour, trim: Colour) -> None:
    if rng.random() < 0.3:
        c.fill(rounded(0, 0.84, 1.1, 0.34, 0.17), Paint(BLACK, 'along'))
        for x in (-0.36, 0.0, 0.36):
            c.ball(x, 0.84, 0.12, 0.12, Paint(trim, 'ball', 'metal'))
        return
    for side in (-1, 1):
        c.fill(rect(side * 0.26, 0.72, 0.22, 0.36), Paint(shade(colour, 0.75), 'across', 'metal'))
        c.fill(rounded(side * 0.3, 0.93, 0.44, 0.2, 0.08), Paint(trim, 'down', 'gloss'))


def loudspeaker(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a box with round cones, seen a little from the side."""
    box = one_of(rng, (BLACK, BLACK, (60, 60, 64), *WOODS, WHITE, lively(rng)))
    wide = rng.uniform(0.9, 1.25)
    deep = rng.uniform(0.0, 0.26)
    left, right = -wide / 2 - deep / 2, wide / 2 - deep / 2
    c.fill([(right, -0.98), (right + deep, -0.88), (right + deep, 0.92), (right, 1.0)],
           Paint(shade(box, 0.55), 'across', 'matte'))
    c.fill(rounded((left + right) / 2, 0.01, wide, 1.98, 0.06), Paint(box, 'down', 'satin'))
    x = (left + right) / 2
    cone = one_of(rng, ((44, 44, 48), (44, 44, 48), (210, 200, 60), (190, 190, 196)))
    rim = one_of(rng, (IRON, STEEL, (20, 20, 22), GOLD) if sum(box) > 150 else (STEEL, IRON, SILVER))
    big = min(0.43 * wide, 0.5)
    _cone(c, x, 0.44, big, cone, rim)
    if rng.random() < 0.35:
        _cone(c, x, -0.5, big * 0.92, cone, rim)
    else:
        _cone(c, x, -0.36, 0.62 * big * rng.uniform(0.7, 1.0), cone, rim)
        if rng.random() < 0.7:
            _cone(c, x, -0.76, 0.13, shade(cone, 1.2), rim)


def _cone(c: Canvas, x: float, y: float, radius: float, colour: Colour, rim: Colour) -> None:
    c.ball(x, y, radius, radius, Paint(rim, 'ball', 'metal'))
    c.ball(x, y, 0.88 * radius, 0.88 * radius, Paint((18, 18, 20), 'flat'))
    c.ball(x, y, 0.78 * radius, 0.78 * radius, Paint(colour, 'dish', 'satin'))
    c.ball(x, y, 0.34 * radius, 0.34 * radius, Paint(shade(colour, 0.75), 'ball', 'gloss'))
    for angle in np.linspace(0, 2 * np.pi, 9)[:-1] + 0.3:
        c.ball(x + 0.94 * radius * np.cos(angle), y + 0.94 * radius * np.sin(angle), 0.018, 0.018,
               Paint(BLACK, 'flat'))
