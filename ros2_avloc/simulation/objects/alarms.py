"""Warning lights with sirens, and alarm clocks."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import (
    BLACK,
    BRASS,
    GOLD,
    IRON,
    IVORY,
    METALS,
    SILVER,
    STEEL,
    WHITE,
    Colour,
    Paint,
    lively,
    one_of,
    shade,
)
from ros2_avloc.simulation.objects.shapes import arc, ellipse, lathe, rect, rounded, turn

_LAMPS: tuple[Colour, ...] = ((222, 30, 26), (30, 70, 230), (250, 140, 10), (222, 30, 26), (30, 70, 230))


def siren(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a beacon with a coloured dome, or a light bar of two colours."""
    if rng.random() < 0.3:
        _light_bar(c, rng)
    else:
        _beacon(c, rng)


def _beacon(c: Canvas, rng: np.random.Generator) -> None:
    lamp = one_of(rng, _LAMPS)
    radius, top = rng.uniform(0.44, 0.54), rng.uniform(-0.62, -0.42)
    _rays(c, rng, (0.0, 0.0), shade(lamp, 1.3))
    base = one_of(rng, (BLACK, IRON, STEEL))
    foot = rng.uniform(0.62, 0.78)
    c.fill(lathe([(radius + 0.06, 0.42), (radius + 0.12, 0.6), (foot, 0.78), (foot, 0.95)]),
           Paint(base, 'across'))
    c.fill(lathe([(0.02, top), (0.6 * radius, top + 0.06), (radius, top + 0.34), (radius + 0.03, 0.46)]),
           Paint(lamp, 'across', 'gloss'))
    c.ball(0, 0.02, 0.24, 0.36, Paint(shade(lamp, 1.6), 'ball', 'matte'), opacity=0.7)
    c.ball(0, 0.06, 0.12, 0.2, Paint((255, 244, 190), 'flat', 'plain'), opacity=0.9)
    for y in np.linspace(top + 0.36, 0.34, 4):
        c.stroke(arc(0, y - 0.02, radius, 0.05, 0.15, np.pi - 0.15), 0.014, shade(lamp, 0.55))
    c.fill(ellipse(-0.24, -0.12, 0.07, 0.26, 0.12), Paint(WHITE, 'flat', 'plain'), opacity=0.75)
    c.fill(rounded(0, 0.47, 2 * radius + 0.16, 0.13, 0.05), Paint(shade(STEEL, 0.9), 'across', 'metal'))


def _rays(c: Canvas, rng: np.random.Generator, centre: tuple[float, float], colour: Colour) -> None:
    """Beams to the sides and above, as drawn round a lamp that is lit."""
    if rng.random() < 0.25:
        return
    near, far, half = 0.72, rng.uniform(0.92, 1.05), rng.uniform(0.05, 0.09)
    for angle in np.linspace(-np.pi, 0, int(rng.integers(5, 9))):
        beam = [(near, -half), (far, -0.5 * half), (far, 0.5 * half), (near, half)]
        c.fill(turn(beam, float(angle)) + centre, Paint(colour, 'flat', 'plain'), edge=False)


def _light_bar(c: Canvas, rng: np.random.Generator) -> None:
    left, right = (_LAMPS[0], _LAMPS[1]) if rng.random() < 0.8 else (_LAMPS[2], _LAMPS[2])
    for side, lamp in ((-1, left), (1, right)):
        _rays_above(c, rng, side * 0.62, shade(lamp, 1.3))
        dome = rounded(side * 0.57, 0.02, 0.84, 0.52, 0.2)
        c.fill(dome, Paint(one_of(rng, (lamp,)), 'along', 'gloss'))
        for x in (0.35, 0.57, 0.79):
            c.ball(side * x, 0.06, 0.08, 0.14, Paint((255, 240, 200), 'ball', 'matte'), opacity=0.75)
    c.fill(rounded(0, 0.02, 0.36, 0.44, 0.05), Paint(STEEL, 'along', 'metal'))
    for y in (-0.08, 0.02, 0.12):
        c.stroke([(-0.12, y), (0.12, y)], 0.035, BLACK)
    c.fill(rounded(0, 0.33, 2.0, 0.17, 0.06), Paint(BLACK, 'along'))
    for side in (-1, 1):
        c.fill(rect(side * 0.7, 0.47, 0.22, 0.14), Paint(IRON, 'across'))


def _rays_above(c: Canvas, rng: np.random.Generator, x: float, colour: Colour) -> None:
    for angle in (-0.5, 0.0, 0.5):
        beam = [(-0.05, -0.38), (-0.03, -0.62), (0.03, -0.62), (0.05, -0.38)]
        c.fill(turn(beam, angle) + (x, 0), Paint(colour, 'flat', 'plain'), edge=False)


def alarm_clock(c: Canvas, rng: np.random.Generator) -> None:
    """Draw a twin-bell clock, or now and then one with red digits."""
    if rng.random() < 0.18:
        _digital_clock(c, rng)
    else:
        _twin_bell_clock(c, rng)


def _twin_bell_clock(c: Canvas, rng: np.random.Generator) -> None:
    case = one_of(rng, (*METALS, lively(rng), lively(rng), lively(rng)))
    metal = one_of(rng, (BRASS, GOLD, SILVER, STEEL, shade(case, 0.9)))
    for side in (-1, 1):
        c.tube([(side * 0.4, 0.7), (side * 0.62, 1.0)], 0.14, shade(metal, 0.8))
        c.tube([(side * 0.3, -0.4), (side * 0.47, -0.72)], 0.08, shade(metal, 0.7))
        dome = np.concatenate([arc(0, 0, 0.36, 0.34, np.pi, 2 * np.pi), [(0.36, 0.04), (-0.36, 0.04)]])
        c.fill(turn(dome, side * 0.65) + (side * 0.46, -0.66), Paint(metal, 'ball', 'gloss'))
    c.tube([(0, -0.5), (0, -0.86)], 0.06, shade(metal, 0.6))
    c.fill(rounded(0, -0.88, 0.24, 0.13, 0.05), Paint(shade(metal, 0.7), 'along', 'metal'))
    if rng.random() < 0.5:
        c.tube(arc(0, -0.78, 0.2, 0.36, np.pi, 2 * np.pi), 0.06, shade(metal, 0.8))
    c.ball(0, 0.15, 0.8, 0.8, Paint(case, 'ball', 'gloss'))
    dark = rng.random() < 0.2
    c.ball(0, 0.15, 0.66, 0.66, Paint((40, 44, 60) if dark else one_of(rng, (WHITE, IVORY)), 'dish', 'plain'))
    _dial(c, rng, WHITE if dark else one_of(rng, (BLACK, BLACK, (120, 20, 20), (20, 40, 110))))


def _dial(c: Canvas, rng: np.random.Generator, ink: Colour) -> None:
    for hour in range(12):
        long = hour % 3 == 0
        mark = turn([(0.48 if long else 0.54, 0), (0.6, 0)], hour * np.pi / 6)
        c.stroke(mark + (0, 0.15), 0.07 if long else 0.04, ink)
    for length, width in ((0.32, 0.085), (0.5, 0.055)):
        hand = turn([(-0.08, 0), (length, 0)], rng.uniform(0, 2 * np.pi))
        c.stroke(hand + (0, 0.15), width, ink)
    c.ball(0, 0.15, 0.06, 0.06, Paint(GOLD, 'ball'))


def _digital_clock(c: Canvas, rng: np.random.Generator) -> None:
    case = one_of(rng, (BLACK, IRON, WHITE, lively(rng)))
    c.fill(rounded(0, 0.1, 2.0, 1.0, 0.16), Paint(case, 'down', 'gloss'))
    c.fill(rounded(0, 0.12, 1.7, 0.68, 0.06), Paint((16, 12, 14), 'down'))
    lit = one_of(rng, ((255, 46, 30), (60, 240, 90), (255, 60, 40), (70, 190, 255)))
    time = f'{rng.integers(24):02}{rng.integers(60):02}'
    for x, digit in zip((-0.62, -0.25, 0.25, 0.62), time, strict=True):
        _digit(c, x, int(digit), lit)
    for y in (0.0, 0.24):
        c.ball(0, y, 0.035, 0.035, Paint(lit, 'flat', 'plain'))
    c.fill(rounded(0, -0.45, rng.uniform(0.5, 1.1), 0.14, 0.05), Paint(shade(case, 0.75), 'along'))


# Which of the seven segments (top, upper right, lower right, bottom, lower left, upper left, middle) are lit.
_SEGMENTS = ('1111110', '0110000', '1101101', '1111001', '0110011', '1011011', '1011111', '1110000',
             '1111111', '1111011')
_STROKES = (((-1, -2), (1, -2)), ((1, -2), (1, 0)), ((1, 0), (1, 2)), ((-1, 2), (1, 2)), ((-1, 0), (-1, 2)),
            ((-1, -2), (-1, 0)), ((-1, 0), (1, 0)))


def _digit(c: Canvas, x: float, digit: int, colour: Colour) -> None:
    for on, stroke in zip(_SEGMENTS[digit], _STROKES, strict=True):
        if on == '1':
            c.stroke(np.array(stroke) * 0.115 * (1, 0.95) + (x, 0.12), 0.065, colour)
