"""A flat surface to draw on in metres: walls, floors and skylines of the simulated surroundings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.simulation.objects.colours import Colour, shade


class Board:
    """A picture of `width` × `height` metres; x to the right, z up from the lower edge.

    Parameters
    ----------
    width, height
        Metres.
    resolution
        Pixels per metre.
    colour
        What it is filled with.
    """

    def __init__(self, width: float, height: float, resolution: float, colour: Colour) -> None:
        self.width, self.height, self.resolution = width, height, resolution
        shape = (max(2, round(height * resolution)), max(2, round(width * resolution)), 3)
        self.rgb: NDArray[np.uint8] = np.empty(shape, np.uint8)
        self.rgb[:] = np.clip(colour, 0, 255)

    def polygon(self, points: ArrayLike, colour: Colour) -> None:
        """Fill a polygon given by points (x, z)."""
        cv2.fillPoly(self.rgb, [self._fixed(points)], _ink(colour), cv2.LINE_AA, 4)

    def box(self, x: float, z: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle whose lower left corner is at (x, z)."""
        self.polygon([(x, z), (x + width, z), (x + width, z + height), (x, z + height)], colour)

    def lit_box(self, x: float, z: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle with a light upper and a dark lower half, as furniture has."""
        steps = 6
        for k in range(steps):
            part = height / steps
            self.box(x, z + k * part, width, part * 1.05, shade(colour, 0.8 + 0.4 * k / steps))

    def disc(self, x: float, z: float, rx: float, rz: float, colour: Colour) -> None:
        """Fill an ellipse."""
        angle = np.linspace(0, 2 * np.pi, 25)
        self.polygon(np.stack([x + rx * np.cos(angle), z + rz * np.sin(angle)], axis=1), colour)

    def line(self, points: ArrayLike, width: float, colour: Colour) -> None:
        """Draw a line through points (x, z)."""
        thickness = max(1, round(width * self.resolution))
        cv2.polylines(self.rgb, [self._fixed(points)], False, _ink(colour), thickness, cv2.LINE_AA, 4)

    def _fixed(self, points: ArrayLike) -> NDArray[np.int32]:
        pixels = (np.asarray(points, float) * (1, -1) + (0, self.height)) * self.resolution - 0.5
        return np.round(pixels * 16).astype(np.int32)


Furnishing = Callable[[Board, np.random.Generator, float], float]
"""Draws something on a board from x on, and says how wide it is, m."""


def place_along(
    b: Board, rng: np.random.Generator, choice: Sequence[Furnishing], gap: float, until: float
) -> None:
    """Place random things side by side from the left up to `until`, about `gap` metres apart."""
    x = float(rng.uniform(0, gap))
    while x < until:
        x += choice[int(rng.integers(len(choice)))](b, rng, x) + float(rng.uniform(0.2, 2 * gap))


def every(start: float, stop: float, step: float) -> list[float]:
    """Give start, start + step, … below stop."""
    return [float(value) for value in np.arange(start, stop, step)]


def cloudy(
    rng: np.random.Generator, height: int, width: int, cells: int, octaves: int = 4
) -> NDArray[np.float32]:
    """Make smooth random noise, about -1 to 1, float32 ``(height, width)``; its left and right ends meet.

    `cells` is the number of coarsest patches across the width.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        across = cells * 2**octave
        down = max(2, round(across * height / width))
        coarse = rng.uniform(-1, 1, (down, across)).astype(np.float32)
        round_trip = np.concatenate([coarse[:, -2:], coarse, coarse[:, :2]], axis=1)
        fine = width * (across + 4) / across
        wide = cv2.resize(round_trip, (round(fine), height), interpolation=cv2.INTER_CUBIC)
        margin = (wide.shape[1] - width) // 2
        total += 0.55**octave * wide[:, margin : margin + width]
    return total


def _ink(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (min(255.0, max(0.0, float(channel))) for channel in colour)
    return (red, green, blue)
