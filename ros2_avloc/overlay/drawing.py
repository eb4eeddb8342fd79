"""The picture for people: the frame, with what the localizer sees in it and what is heard beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import degrees, hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.overlay.caption import draw_caption
from ros2_avloc.overlay.heat import warmed
from ros2_avloc.overlay.pen import ATTENDED, DARK, WHITE, Colour, Pen, Picture
from ros2_avloc.overlay.sound_history import SoundStrip

_CORNER = 0.22
"""Length of the attended box's corners, as a part of its shorter side."""


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


@dataclass(frozen=True)
class OverlayArrow:
    """Something out of view, to be drawn as an arrow at the edge.

    Attributes
    ----------
    towards
        Azimuth and elevation in radians as the camera sees them, to the left and upwards positive.
    heard
        Whether it is heard only, by several microphones; else it was seen before.
    id, probability, azimuth, attended
        As of an `OverlayBox`.
    """

    towards: tuple[float, float]
    heard: bool
    id: int | None
    probability: float
    azimuth: float | None
    attended: bool


def draw_overlay(rgb: Picture, *, heatmap: NDArray[np.float32], correspondence: float,
                 boxes: Sequence[OverlayBox], arrows: Sequence[OverlayArrow] = (),
                 strip: SoundStrip | None = None) -> Picture:
    """Draw heatmap, boxes, arrows and a foot with words and sound onto a copy of the frame.

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
    arrows
        What is out of view.
    strip
        The sound of the last seconds.

    Returns
    -------
    uint8 ``(H, W, 3)``, blue first.
    """
    picture = warmed(rgb, heatmap)
    pen = Pen.for_height(picture.shape[0])
    ordered = sorted(boxes, key=lambda box: (box.attended, box.probability))
    for box in ordered:
        _draw_frame(picture, box, pen)
    text = f'sounding in view: {correspondence:.0%}' if boxes else 'nothing in view sounds'
    free = picture.shape[0] - draw_caption(picture, text, strip, pen)
    for box in ordered:
        _draw_label(picture, _words(box), _above(box, pen), free, box.attended, pen)
    for arrow in sorted(arrows, key=lambda arrow: (arrow.attended, arrow.probability)):
        _draw_arrow(picture, arrow, free, pen)
    return picture


def _draw_frame(picture: Picture, source: OverlayBox, pen: Pen) -> None:
    """Draw a thin box; the attended one has strong corners, so that colour is not all that marks it."""
    x, y, width, height = source.box
    left, top = round(x - width / 2), round(y - height / 2)
    right, bottom = round(x + width / 2), round(y + height / 2)
    colour = ATTENDED if source.attended else WHITE
    cv2.rectangle(picture, (left, top), (right, bottom), DARK, pen.line + 2)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, pen.line)
    if source.attended:
        reach = round(max(_CORNER * min(width, height), 2 * pen.letter))
        across, down = min(reach, (right - left) // 2), min(reach, (bottom - top) // 2)
        for corner_x, step_x in ((left, across), (right, -across)):
            for corner_y, step_y in ((top, down), (bottom, -down)):
                path = np.array([(corner_x + step_x, corner_y), (corner_x, corner_y),
                                 (corner_x, corner_y + step_y)], np.int32)
                cv2.polylines(picture, [path], False, colour, 3 * pen.line)


def _above(source: OverlayBox, pen: Pen) -> tuple[int, int]:
    """Top left corner of the label: above the box, or inside where there is no room above."""
    x, y, width, height = source.box
    top = round(y - height / 2)
    return round(x - width / 2), top - pen.row if top >= pen.row else top


def _draw_label(picture: Picture, text: str, corner: tuple[int, int], free: int, attended: bool, pen: Pen
                ) -> None:
    """Write a label; never over the edge, nor over the foot that begins at row `free`."""
    ink, ground = (DARK, ATTENDED) if attended else (WHITE, DARK)
    width = pen.width(text) + 2 * pen.margin
    left = min(max(corner[0], 0), max(picture.shape[1] - width, 0))
    top = min(max(corner[1], 0), max(free - pen.row, 0))
    cv2.rectangle(picture, (left, top), (left + width - 1, top + pen.row - 1), ground, cv2.FILLED)
    pen.write(picture, text, left, top, ink)


def _draw_arrow(picture: Picture, arrow: OverlayArrow, free: int, pen: Pen) -> None:
    """Draw an arrow head where the direction leaves the picture, and its label beside it, further in."""
    right, down = -arrow.towards[0], -arrow.towards[1]
    length = hypot(right, down) or 1.0
    right, down = right / length, down / length
    size = 2.2 * pen.letter
    middle_x, middle_y = (picture.shape[1] - 1) / 2, (free - 1) / 2
    room_x, room_y = max(middle_x - pen.margin, 0.0), max(middle_y - pen.margin, 0.0)
    reach = min(room_x / max(abs(right), 1e-9), room_y / max(abs(down), 1e-9))
    tip_x, tip_y = middle_x + reach * right, middle_y + reach * down
    corners = ((0.0, 0.0), (0.8, 0.6), (0.5, 0.0), (0.8, -0.6))
    head = np.array([(tip_x - size * (right * back + down * side),
                      tip_y - size * (down * back - right * side)) for back, side in corners])
    _fill(picture, head, ATTENDED if arrow.attended else WHITE, pen)
    text = f'{_words(arrow)}, {"heard" if arrow.heard else "out of view"}'
    width = pen.width(text) + 2 * pen.margin
    centre_x = tip_x - right * (0.9 * size + width / 2)
    centre_y = tip_y - down * (0.9 * size + pen.row / 2)
    corner = (round(centre_x - width / 2), round(centre_y - pen.row / 2))
    _draw_label(picture, text, corner, free, arrow.attended, pen)


def _fill(picture: Picture, outline: NDArray[np.float64], colour: Colour, pen: Pen) -> None:
    points = [np.round(16 * outline).astype(np.int32)]
    cv2.polylines(picture, points, True, DARK, 2 * pen.line + 1, cv2.LINE_AA, shift=4)
    cv2.fillPoly(picture, points, colour, cv2.LINE_AA, shift=4)


def _words(source: OverlayBox | OverlayArrow) -> str:
    """Return id, probability and direction."""
    words = [] if source.id is None else [f'#{source.id}']
    words.append(f'{source.probability:.0%}')
    if source.azimuth is not None:
        words.append(side_of(source.azimuth, '°'))
    return '  '.join(words)


def side_of(azimuth: float, unit: str) -> str:
    """Say to which side an azimuth in radians points, and by how many degrees, which are called `unit`."""
    angle = round(degrees(azimuth))
    return f'{"left" if angle > 0 else "right"} {abs(angle)}{unit}' if angle else 'ahead'
