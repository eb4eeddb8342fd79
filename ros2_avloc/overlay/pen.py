"""What all that is drawn onto a picture shares: sizes by the picture's height, and colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.overlay import lettering

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
DARK: Colour = (24, 24, 24)
ATTENDED: Colour = (255, 230, 0)
"""Cyan: the one hue that inferno has not, apart from white for whoever sees red and green alike."""


@dataclass(frozen=True)
class Pen:
    """Sizes in pixels.

    Attributes
    ----------
    letter
        Height of a capital.
    line
        Width of a line.
    margin
        Between words and the edge of their ground.
    """

    letter: float
    line: int
    margin: int

    @classmethod
    def for_height(cls, height: int) -> Pen:
        """Make the pen for a picture: letters can be read from 240 rows on, and do not grow fat on many."""
        letter = max(8.0, 4.5 + height / 70)
        return cls(letter, max(1, round(height / 320)), max(2, round(0.4 * letter)))

    @property
    def row(self) -> int:
        """Height of a row of words with its margins."""
        return round(self.letter) + 2 * self.margin + 1

    def width(self, text: str) -> int:
        """Width of a text."""
        return lettering.width_of(text, self.letter)

    def write(self, picture: Picture, text: str, left: int, top: int, colour: Colour) -> None:
        """Write a text into a row whose top left corner is given, margins included."""
        baseline = top + self.margin + round(self.letter)
        lettering.write(picture, text, left + self.margin, baseline, self.letter, colour)


def darken(picture: Picture, top: int, bottom: int, left: int, right: int) -> None:
    """Make a part of a picture a ground for light words; what was there still shows."""
    part = picture[max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)]
    part //= 4
