"""Colours and materials: how a surface answers to light, as a ramp from shadow to highlight."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Red, green, blue, each 0 to 255."""

BLACK: Colour = (26, 26, 30)
WHITE: Colour = (240, 240, 236)
STEEL: Colour = (168, 174, 182)
IRON: Colour = (92, 96, 104)
BRASS: Colour = (206, 164, 62)
GOLD: Colour = (232, 186, 50)
COPPER: Colour = (190, 108, 66)
SILVER: Colour = (204, 208, 214)
OAK: Colour = (176, 122, 66)
WALNUT: Colour = (104, 64, 38)
MAHOGANY: Colour = (126, 48, 32)
PINE: Colour = (216, 170, 108)
IVORY: Colour = (244, 238, 220)

METALS = (STEEL, BRASS, GOLD, COPPER, SILVER)
WOODS = (OAK, WALNUT, MAHOGANY, PINE)

# Stops of each finish: (light from 0 to 1, factor on the colour, share of white).
_FINISHES: dict[str, tuple[tuple[float, float, float], ...]] = {
    'plain': ((0, 0.94, 0), (1, 1.0, 0.05)),
    'matte': ((0, 0.62, 0), (0.55, 0.95, 0), (1, 1.08, 0.08)),
    'satin': ((0, 0.48, 0), (0.5, 0.92, 0), (0.85, 1.1, 0.1), (1, 1.1, 0.35)),
    'gloss': ((0, 0.38, 0), (0.55, 0.95, 0), (0.8, 1.1, 0.08), (0.88, 1.0, 0.6), (1, 1.0, 0.8)),
    'metal': ((0, 0.4, 0), (0.18, 0.85, 0), (0.35, 0.6, 0), (0.62, 1.0, 0.05), (0.84, 1.05, 0.6),
              (1, 1.0, 0.8)),
}


@dataclass(frozen=True)
class Paint:
    """What a shape is filled with.

    Attributes
    ----------
    colour
        The colour in plain light.
    field
        How the light falls on the shape, a name known to `light_field`.
    finish
        'plain', 'matte', 'satin', 'gloss' or 'metal'.
    """

    colour: Colour
    field: str = 'down'
    finish: str = 'satin'

    def ramp(self) -> NDArray[np.uint8]:
        """Give the colour for each of 256 values of light, uint8 ``(256, 4)``, alpha 255."""
        stops = np.array(_FINISHES[self.finish])
        light = np.linspace(0.0, 1.0, 256)
        factor = np.interp(light, stops[:, 0], stops[:, 1])[:, None]
        white = np.interp(light, stops[:, 0], stops[:, 2])[:, None]
        ramp = np.full((256, 4), 255.0)
        ramp[:, :3] = np.array(self.colour) * factor * (1 - white) + 255.0 * white
        return np.clip(ramp, 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def light_field(name: str) -> NDArray[np.uint8]:
    """Give the light on a shape that fills the unit square, uint8 ``(64, 64)``; lit from the upper left.

    'flat' even; 'down' lit from above; 'up' from below; 'across' an upright cylinder; 'along' a lying
    one; 'ball' a sphere; 'dish' a hollow.
    """
    v, u = np.mgrid[0:64, 0:64] / 63.0
    fields = {
        'flat': np.full_like(u, 0.6),
        'down': 0.92 - 0.8 * v + 0.08 * (1 - u),
        'up': 0.1 + 0.8 * v,
        'across': 1.0 - np.abs(u - 0.3) / 0.7,
        'along': 1.0 - np.abs(v - 0.3) / 0.7,
        'ball': 1.0 - np.hypot(u - 0.34, v - 0.28) / 0.85,
        'dish': np.hypot(u - 0.4, v - 0.35) / 0.75,
    }
    return np.asarray(np.clip(fields[name] * 255, 0, 255), dtype=np.uint8)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Give the colour of hue, saturation and value, each 0 to 1 (hue wraps)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return (255 * red, 255 * green, 255 * blue)


def shade(colour: Colour, factor: float) -> Colour:
    """Make the colour darker (factor < 1) or lighter (> 1)."""
    red, green, blue = (min(255.0, factor * channel) for channel in colour)
    return (red, green, blue)


def lively(rng: np.random.Generator) -> Colour:
    """Choose a random, clearly coloured colour."""
    return hsv(rng.uniform(), rng.uniform(0.55, 0.95), rng.uniform(0.45, 0.95))


def one_of(rng: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    """Choose one of the colours and change it slightly."""
    colour = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.85, 1.1) + rng.normal(0, 6, 3)
    red, green, blue = np.clip(colour, 8, 250)
    return (float(red), float(green), float(blue))
