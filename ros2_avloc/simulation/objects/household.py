"""Telephones and kettles."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    COPPER,
    GOLD,
    IVORY,
    METALS,
    SILVER,
    STEEL,
    WHITE,
    Colour,
    Paint,
    hsv,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import arc, ellipse, lathe, limb, rounded, smooth


def telephone(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a desk telephone with its handset on the cradle: with a dial or with keys."""
    body = one_of(rng, (BLACK, (176, 24, 28), IVORY, (40, 110, 90), (60, 60, 66), lively(rng)))
    foot, shoulder = rng.uniform(0.78, 0.94), rng.uniform(0.42, 0.54)
    outline = [(shoulder, -0.34), (shoulder + 0.08, -0.05), (foot - 0.1, 0.5), (foot, 0.8),
               (foot - 0.04, 0.92)]
    for side in (-1, 1):
        c.fill(rounded(side * 0.36, -0.4, 0.16, 0.36, 0.05), Paint(shade(body, 0.8), 'across'))
    c.fill(lathe(outline), Paint(body, 'down', 'gloss'))
    if rng.random() < 0.65:
        _rotary_dial(c, rng, body)
    else:
        _keys(c, rng)
    _handset(c, rng, body)


def _rotary_dial(c: Canvas, rng: np.random.Generator, body: Colour) -> None:
    plate = one_of(rng, (WHITE, SILVER, IVORY, GOLD))
    y, radius = 0.32, rng.uniform(0.4, 0.46)
    c.ball(0, y, radius, radius, Paint(plate, 'ball', 'satin'))
    hole = BLACK if sum(body) > 200 else shade(body, 0.8)
    for k in range(10):
        angle = 0.7 + k * 0.55
        c.ball(0.73 * radius * np.cos(angle), y + 0.73 * radius * np.sin(angle), 0.066, 0.066,
               Paint(hole, 'flat', 'plain'))
    c.ball(0, y, 0.17, 0.17, Paint(one_of(rng, (body, WHITE)), 'ball', 'gloss'))


def _keys(c: Canvas, rng: np.random.Generator) -> None:
    plate, key = ((60, 62, 70), WHITE) if rng.random() < 0.5 else ((214, 212, 206), (50, 52, 60))
    c.fill(rounded(0, 0.34, 0.78, 0.82, 0.06), Paint(plate, 'down'))
    for row in range(4):
        for column in range(3):
            c.fill(rounded(0.23 * (column - 1), 0.06 + 0.19 * row, 0.16, 0.12, 0.03), Paint(key, 'down'),
                   edge=False)


def _handset(c: Canvas, rng: np.random.Generator, body: Colour) -> None:
    y, droop = -0.62, rng.uniform(0.1, 0.22)
    colour = shade(body, rng.uniform(0.85, 1.15))
    cord = np.linspace(0, 1, 40)
    curl = np.stack([-0.86 - 0.12 * cord - 0.07 * np.sin(50 * cord), -0.35 + 1.15 * cord], axis=1)
    c.stroke(curl, 0.045, shade(body, 0.7))
    for side in (-1, 1):
        c.fill(smooth([(side * 0.64, y - 0.12), (side * 1.0, y - 0.02), (side * 1.06, y + 0.3),
                       (side * 0.82, y + 0.4),
                       (side * 0.56, y + 0.28), (side * 0.54, y + 0.06)]), Paint(colour, 'ball', 'gloss'))
    grip = limb([(-0.84, y + 0.02), (-0.45, y - 0.6 * droop), (0, y - droop), (0.45, y - 0.6 * droop),
                 (0.84, y + 0.02)], (0.3, 0.24, 0.22, 0.24, 0.3))
    c.fill(grip, Paint(colour, 'along', 'gloss'))


def kettle(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a kettle with spout, lid and handle, steam at the spout."""
    colour = one_of(rng, (*METALS, COPPER, STEEL, lively(rng), lively(rng), WHITE, (190, 30, 34)))
    finish = 'metal' if rng.random() < 0.5 else 'gloss'
    grip = one_of(rng, (BLACK, BLACK, (96, 58, 34), shade(colour, 0.5)))
    if rng.random() < 0.75:
        _stove_kettle(c, rng, Paint(colour, 'across', finish), grip)
    else:
        _electric_kettle(c, rng, Paint(colour, 'across', finish), grip)
    if rng.random() < 0.8:
        _steam(c, rng)


def _stove_kettle(c: Canvas, rng: np.random.Generator, paint: Paint, grip: Colour) -> None:
    wide, top = rng.uniform(0.64, 0.78), rng.uniform(-0.2, -0.08)
    arch = arc(-0.1, top + 0.1, 0.62 * wide / 0.7, rng.uniform(0.66, 0.8), np.pi * 1.04, np.pi * 1.96)
    c.tube(arch, 0.09, shade(paint.colour, 0.7))
    c.tube(arch[7:18], 0.15, grip)
    spout = limb([(0.35, 0.46), (0.68, 0.22), (0.82, -0.1), (1.0, -0.26)], (0.46, 0.3, 0.2, 0.17))
    c.fill(spout, Paint(shade(paint.colour, 0.92), 'along', paint.finish))
    body = [(0.34, top - 0.02), (0.42 * wide / 0.7, top + 0.05), (wide, 0.4), (wide * 1.02, 0.68),
            (wide * 0.9, 0.86)]
    c.fill(lathe(body, x=-0.1), paint)
    c.fill(rounded(-0.1, 0.86, 1.8 * wide, 0.09, 0.04), Paint(shade(paint.colour, 0.5), 'across'))
    c.fill(lathe([(0.04, top - 0.14), (0.22, top - 0.1), (0.36, top + 0.02)], x=-0.1),
           Paint(shade(paint.colour, 0.85), 'across', paint.finish))
    c.ball(-0.1, top - 0.18, 0.09, 0.09, Paint(grip, 'ball', 'gloss'))
    c.fill(ellipse(-0.1 - 0.5 * wide, 0.42, 0.06, 0.22, 0.25), Paint(WHITE, 'flat', 'plain'), opacity=0.55)


def _electric_kettle(c: Canvas, rng: np.random.Generator, paint: Paint, grip: Colour) -> None:
    handle = smooth([(-0.4, -0.5), (-0.84, -0.46), (-0.92, 0.0), (-0.8, 0.45), (-0.5, 0.52)], closed=False)
    c.tube(handle, 0.16, grip)
    c.fill([(0.36, -0.56), (0.78, -0.6), (0.5, -0.1)],
           Paint(shade(paint.colour, 0.85), 'across', paint.finish))
    top = rng.uniform(0.4, 0.5)
    c.fill(lathe([(top, -0.56), (top + 0.08, 0.0), (top + 0.17, 0.72)], soft=False), paint)
    c.fill(rounded(0, 0.78, 2 * top + 0.44, 0.18, 0.06), Paint(grip, 'across'))
    c.fill(lathe([(0.14, -0.72), (top - 0.03, -0.64), (top, -0.54)]), Paint(grip, 'across', 'gloss'))
    c.fill(rounded(0.2, 0.12, 0.13, 0.7, 0.06), Paint(hsv(0.56, 0.4, 0.9), 'down', 'gloss'))


def _steam(c: Canvas, rng: np.random.Generator) -> None:
    for x in (0.82, 0.97):
        t = np.linspace(0, 1, 16)
        wave = np.stack([x + 0.07 * np.sin(7 * t + rng.uniform(0, 6)), -0.42 - 0.55 * t], axis=1)
        c.fill(limb(wave, (0.04, 0.1, 0.03)), Paint((236, 240, 246), 'flat', 'plain'), opacity=0.8)
