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
from ros2_avloc.overlay.places import Places, Rectangle
from ros2_avloc.overlay.sound_history import SoundStrip

_CORNER = 0.22
"""Length of the attended box's corners, as a part of its shorter side."""

_HEAD = np.array(((0.0, 0.0), (0.8, 0.6), (0.5, 0.0), (0.8, -0.6)))
"""Corners of an arrow head, back from its tip and to its side."""


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
    places = Places(picture.shape[1], free)
    for box in reversed(ordered):
        text = _words(box)
        place = places.take(_label_of(text, *_above(box, pen), pen), pen.row)
        _draw_label(picture, text, place, box.attended, pen)
    for arrow in sorted(arrows, key=lambda arrow: (arrow.attended, arrow.probability), reverse=True):
        _draw_arrow(picture, arrow, free, places, boxes, pen)
    return picture


def _draw_frame(picture: Picture, source: OverlayBox, pen: Pen) -> None:
    """Draw a thin box; the attended one has strong corners, so that colour is not all that marks it."""
    left, top, right, bottom = _outline(source)
    colour = ATTENDED if source.attended else WHITE
    cv2.rectangle(picture, (left, top), (right, bottom), DARK, pen.line + 2)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, pen.line)
    if source.attended:
        reach = round(max(_CORNER * min(source.box[2:]), 2 * pen.letter))
        across, down = min(reach, (right - left) // 2), min(reach, (bottom - top) // 2)
        for corner_x, step_x in ((left, across), (right, -across)):
            for corner_y, step_y in ((top, down), (bottom, -down)):
                path = np.array([(corner_x + step_x, corner_y), (corner_x, corner_y),
                                 (corner_x, corner_y + step_y)], np.int32)
                cv2.polylines(picture, [path], False, colour, 3 * pen.line)


def _above(source: OverlayBox, pen: Pen) -> tuple[int, int]:
    """Top left corner of the label: above the box, or inside where there is no room above."""
    left, top, _, _ = _outline(source)
    return left, top - pen.row if top >= pen.row else top


def _outline(source: OverlayBox) -> Rectangle:
    x, y, width, height = source.box
    return round(x - width / 2), round(y - height / 2), round(x + width / 2), round(y + height / 2)


def _label_of(text: str, left: int, top: int, pen: Pen) -> Rectangle:
    return left, top, left + pen.width(text) + 2 * pen.margin, top + pen.row


def _draw_label(picture: Picture, text: str, corner: tuple[int, int], attended: bool, pen: Pen) -> None:
    ink, ground = (DARK, ATTENDED) if attended else (WHITE, DARK)
    left, top, right, bottom = _label_of(text, *corner, pen)
    cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), ground, cv2.FILLED)
    pen.write(picture, text, left, top, ink)


def _draw_arrow(picture: Picture, arrow: OverlayArrow, free: int, places: Places, boxes: Sequence[OverlayBox],
                pen: Pen) -> None:
    """Draw an arrow head where the direction leaves the picture, and its label beside it, further in.

    Both move up or down where something else stands there.
    """
    towards = -np.asarray(arrow.towards)
    towards /= hypot(*towards) or 1.0
    middle = np.array(((picture.shape[1] - 1) / 2, (free - 1) / 2))
    room = np.maximum(middle - pen.margin, 0.0) / np.maximum(np.abs(towards), 1e-9)
    tip = middle + room.min() * towards
    head = tip - 2.2 * pen.letter * _HEAD @ (towards, towards[::-1] * (-1, 1))
    text = f'{_words(arrow)}, {"heard" if arrow.heard else "out of view"}'
    size = np.array((pen.width(text) + 2 * pen.margin, pen.row))
    label = np.round(tip - towards * (2.0 * pen.letter + size / 2) - size / 2)
    corners = np.concatenate([head, (label, label + size)])
    first, last = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    moved = places.take((*first.tolist(), *last.tolist()), pen.row, [_outline(box) for box in boxes]) - first
    _fill(picture, head + moved, ATTENDED if arrow.attended else WHITE, pen)
    left, top = (label + moved).astype(int).tolist()
    _draw_label(picture, text, (left, top), arrow.attended, pen)


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
