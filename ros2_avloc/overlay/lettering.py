"""Words on pictures: OpenCV's stroke font, drawn large and made small, so that it is smooth at any size.

OpenCV draws its letters on whole pixels, which at the size of a caption are ragged and uneven. Drawn four
times as large and averaged, they have the width and the place of fractions of a pixel. A degree sign, which
the font lacks, is added.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WEIGHT = 0.125
"""Width of a stroke as a part of a capital's height."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CAPITAL = 21.0
"""Height of a capital at scale 1 in pixels, between the middles of its strokes (OpenCV's
getFontScaleFromHeight)."""

_LARGER = 4
_BELOW = 0.45
"""Room for what reaches below the line, as a part of a capital's height."""


def width_of(text: str, height: float) -> int:
    """Width of a text in pixels whose capitals are `height` pixels high."""
    return int(_mask(text, height).shape[1])


def write(picture: Picture, text: str, x: int, baseline: int, height: float, colour: Colour) -> None:
    """Write a text onto a picture.

    Parameters
    ----------
    picture
        uint8 ``(H, W, 3)``; what does not fit on it is cut off.
    text
        Printable ASCII and the degree sign.
    x, baseline
        Where the text begins, and the pixel on whose lower edge its letters stand.
    height
        Of a capital, in pixels.
    colour
        Blue first.
    """
    mask = _mask(text, height)
    top = baseline + 1 + round(_BELOW * height) - mask.shape[0]
    rows = slice(max(-top, 0), max(min(mask.shape[0], picture.shape[0] - top), 0))
    columns = slice(max(-x, 0), max(min(mask.shape[1], picture.shape[1] - x), 0))
    cut = mask[rows, columns, None]
    if cut.size == 0:
        return
    under = picture[top + rows.start:top + rows.stop, x + columns.start:x + columns.stop]
    under[:] = (under + (np.array(colour, np.float32) - under) * cut).round()


@lru_cache(maxsize=512)
def _mask(text: str, height: float) -> NDArray[np.float32]:
    """Coverage of each pixel by a text, float32 in [0, 1]; its last rows are below the line."""
    scale = _LARGER * height * (1 - WEIGHT) / _CAPITAL
    line = max(1, round(_LARGER * height * WEIGHT))
    rows = round(height) + 1 + round(_BELOW * height)
    baseline = (rows - round(_BELOW * height)) * _LARGER - line // 2
    parts = text.split('°')
    ring = round(0.18 * _LARGER * height)
    widths = [_advance(part, scale) for part in parts]
    columns = -(-(sum(widths) + (len(parts) - 1) * (3 * ring) + 2 * line) // _LARGER)
    large = np.zeros((rows * _LARGER, max(columns, 1) * _LARGER), np.uint8)
    left = line
    for number, (part, width) in enumerate(zip(parts, widths, strict=True)):
        if number:
            middle = (left + ring, baseline - round(_CAPITAL * scale) + ring)
            cv2.circle(large, middle, ring, 255, line, cv2.LINE_AA)
            left += 3 * ring
        cv2.putText(large, part, (left, baseline), _FONT, scale, 255, line, cv2.LINE_AA)
        left += width
    small = cv2.resize(large, None, fx=1 / _LARGER, fy=1 / _LARGER, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def _advance(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, _FONT, scale, 1)[0][0]) if text else 0
