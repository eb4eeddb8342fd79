"""The picture for people: the frame, with what the localizer sees in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import degrees

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Colour = (255, 255, 255)
_DARK: Colour = (24, 24, 24)
_ATTENDED: Colour = (255, 230, 0)
_QUIETEST_DB = -60.0

_STRONGEST = 0.65
_ALPHA = _STRONGEST * np.linspace(0, 1, 256) ** 0.6
"""Opacity by probability: nothing where nothing sounds, and the object still shows where something does."""
_COLOURS = np.asarray(cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_INFERNO), np.uint8)[:, 0]
_HEAT = (_COLOURS * _ALPHA[:, None]).round().astype(np.uint8)[:, None]
_KEEP = np.repeat(255 * (1 - _ALPHA)[:, None], 3, axis=1).round().astype(np.uint8)[:, None]


@dataclass(frozen=True)
class OverlayBox:
    """A source to be drawn.

    Attributes
    ----------
    box
        Centre x and y, width and height in pixels.
    id
        Id of its track, None where it has none.
    probability
        Of the source, 0 to 1.
    azimuth
        Radians in the frame where the robot steers, to the left positive; None where it is not known.
    attended
        Whether it is the attended track's.
    """

    box: tuple[float, float, float, float]
    id: int | None
    probability: float
    azimuth: float | None
    attended: bool


def draw_overlay(rgb: Image, *, heatmap: NDArray[np.float32], correspondence: float,
                 boxes: Sequence[OverlayBox], level: float | None = None) -> Image:
    """Draw heatmap, boxes and a line of text onto a copy of the frame.

    Parameters
    ----------
    rgb
        The frame, uint8 ``(H, W, 3)``.
    heatmap
        Probabilities ``(14, 14)``.
    correspondence
        The probability that anything in view makes the sound.
    boxes
        The sources; if there are none, the picture says that nothing in view sounds.
    level
        Of the sound in dB of full scale, shown as a bar.

    Returns
    -------
    uint8 ``(H, W, 3)``, blue first.
    """
    picture = warmed(rgb, heatmap)
    pen = _Pen.for_height(picture.shape[0])
    for box in sorted(boxes, key=lambda box: (box.attended, box.probability)):
        _draw_box(picture, box, pen)
    text = f'sounding in view: {correspondence:.0%}' if boxes else 'nothing in view sounds'
    _draw_foot(picture, text, pen)
    if level is not None:
        _draw_level(picture, level, pen)
    return picture


@dataclass(frozen=True)
class _Pen:
    """Sizes in pixels, by the height of the picture."""

    scale: float
    line: int
    margin: int

    @classmethod
    def for_height(cls, height: int) -> _Pen:
        scale = max(0.36, height / 1000)
        return cls(scale, max(1, round(2.8 * scale)), max(2, round(8 * scale)))

    def size(self, text: str) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(text, _FONT, self.scale, self.line)
        return width, height

    def write(self, picture: Image, text: str, x: int, baseline: int, colour: Colour) -> None:
        cv2.putText(picture, text, (x, baseline), _FONT, self.scale, colour, self.line, cv2.LINE_AA)


def warmed(rgb: Image, heatmap: NDArray[np.float32]) -> Image:
    """Return a copy of the frame, blue first, with the heatmap blended in."""
    height, width = rgb.shape[:2]
    frame = rgb[..., ::-1] if rgb.strides[-1] < 0 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    cells = np.clip(255 * heatmap, 0, 255).round().astype(np.uint8)
    smooth = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    probability = cv2.cvtColor(smooth, cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(frame, cv2.LUT(probability, _KEEP), scale=1 / 255)
    return np.asarray(cv2.add(kept, cv2.LUT(probability, _HEAT)), np.uint8)


def _draw_box(picture: Image, source: OverlayBox, pen: _Pen) -> None:
    x, y, width, height = source.box
    left, top = round(x - width / 2), round(y - height / 2)
    corner = (round(x + width / 2), round(y + height / 2))
    colour, line = (_ATTENDED, 2 * pen.line) if source.attended else (_WHITE, pen.line)
    cv2.rectangle(picture, (left, top), corner, _DARK, line + 2)
    cv2.rectangle(picture, (left, top), corner, colour, line)
    _draw_label(picture, source, (left, top), pen)


def _draw_label(picture: Image, source: OverlayBox, corner: tuple[int, int], pen: _Pen) -> None:
    """Write above the box, or inside it where there is no room above; never over the edge."""
    ink, ground = (_DARK, _ATTENDED) if source.attended else (_WHITE, _DARK)
    text = _label(source)
    width, height = pen.size(text)
    ring = 0 if source.azimuth is None else max(1, round(3 * pen.scale))
    box_width, box_height = width + 3 * ring + 2 * pen.margin, height + 2 * pen.margin
    left = min(max(corner[0], 0), max(picture.shape[1] - box_width, 0))
    top = corner[1] - box_height if corner[1] >= box_height else max(corner[1], 0)
    cv2.rectangle(picture, (left, top), (left + box_width, top + box_height), ground, cv2.FILLED)
    pen.write(picture, text, left + pen.margin, top + pen.margin + height, ink)
    if ring:
        # The font has no degree sign.
        centre = (left + pen.margin + width + ring, top + pen.margin + ring)
        cv2.circle(picture, centre, ring, ink, pen.line, cv2.LINE_AA)


def _label(source: OverlayBox) -> str:
    """Return id, probability and direction; the degree sign is drawn behind it."""
    words = [] if source.id is None else [f'#{source.id}']
    words.append(f'{source.probability:.0%}')
    if source.azimuth is not None:
        angle = round(degrees(source.azimuth))
        words.append(f'{"left" if angle > 0 else "right"} {abs(angle)}' if angle else 'ahead 0')
    return ' '.join(words)


def _draw_foot(picture: Image, text: str, pen: _Pen) -> None:
    """Write the line of text and the legend of the colours onto a dark strip."""
    height, width = picture.shape[:2]
    letter = pen.size('0')[1]
    below = pen.margin + pen.margin // 2
    strip = picture[max(height - letter - below - pen.margin, 0):]
    strip //= 4
    baseline = height - below
    pen.write(picture, text, pen.margin, baseline, _WHITE)
    ramp_width, (end_width, _) = width // 8, pen.size('100%')
    right = width - 2 * pen.margin - end_width
    left = right - ramp_width
    if left < pen.size(text)[0] + pen.size('0%')[0] + 3 * pen.margin:
        return
    ramp = np.linspace(0, 255, ramp_width).astype(np.uint8)
    picture[baseline - letter:baseline, left:right] = _COLOURS[ramp]
    pen.write(picture, '0%', left - pen.margin - pen.size('0%')[0], baseline, _WHITE)
    pen.write(picture, '100%', right + pen.margin, baseline, _WHITE)


def _draw_level(picture: Image, level: float, pen: _Pen) -> None:
    """Draw the loudness of the sound as a bar in the top right corner."""
    words, bar = pen.size('sound'), round(120 * pen.scale)
    left = picture.shape[1] - words[0] - bar - 3 * pen.margin
    if left < 0:
        return
    bottom = words[1] + 2 * pen.margin
    tag = picture[:bottom, left:]
    tag //= 4
    pen.write(picture, 'sound', left + pen.margin, bottom - pen.margin, _WHITE)
    start, top = left + words[0] + 2 * pen.margin, pen.margin
    loud = float(np.clip(1 - level / _QUIETEST_DB, 0, 1))
    cv2.rectangle(picture, (start, top), (start + bar, top + words[1]), _WHITE, 1)
    cv2.rectangle(picture, (start, top), (start + round(bar * loud), top + words[1]), _WHITE, cv2.FILLED)
