"""The foot of the overlay: a line of words, the legend of the colours, and the sound of the last seconds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.spectrogram import FRONT_END
from ros2_avloc.overlay.heat import COLOURS
from ros2_avloc.overlay.pen import WHITE, Pen, Picture, darken
from ros2_avloc.overlay.sound_history import SECONDS, SoundStrip

_PAST = 0.45
"""Brightness of what was heard before the second that the frame was compared with."""

_BACKGROUND, _LEVEL = 20, 150
_SHARE = 0.5
"""Part of the strip that is spectrogram; the rest is level."""

_STRIP = 4.0
"""Height of the strip in letters."""

_GREY = (200, 200, 200)


def draw_caption(picture: Picture, text: str, strip: SoundStrip | None, pen: Pen) -> int:
    """Draw the foot, and return its height in pixels.

    Parameters
    ----------
    picture
        uint8 ``(H, W, 3)``.
    text
        What is to be said in words.
    strip
        The sound; ``None`` where it is not known.
    pen
        For the picture.
    """
    height, width = picture.shape[:2]
    sounds = 0 if strip is None else round(_STRIP * pen.letter)
    top = height - sounds - pen.row
    if top < 0:
        return 0
    darken(picture, top, top + pen.row, 0, width)
    pen.write(picture, text, 0, top, WHITE)
    used = _draw_legend(picture, top, pen.width(text) + 2 * pen.margin, pen)
    if strip is not None:
        _draw_loudness(picture, strip, top, pen.width(text) + 3 * pen.margin, width - used, pen)
        picture[height - sounds:] = cv2.cvtColor(_sound_picture(strip, width, sounds), cv2.COLOR_GRAY2BGR)
    return sounds + pen.row


def _draw_legend(picture: Picture, top: int, from_x: int, pen: Pen) -> int:
    """Draw the ramp of colours from 0 to 100 % at the right, if there is room; return the width it takes."""
    width = picture.shape[1]
    ends = pen.width('0%'), pen.width('100%')
    ramp_width = width // 8
    needed = ramp_width + sum(ends) + 5 * pen.margin
    if from_x + needed > width:
        return 0
    left = width - needed
    pen.write(picture, '0%', left, top, WHITE)
    start = left + ends[0] + 2 * pen.margin
    ramp = np.linspace(0, 255, ramp_width).astype(np.uint8)
    picture[top + pen.margin:top + pen.row - pen.margin, start:start + ramp_width] = COLOURS[ramp]
    pen.write(picture, '100%', start + ramp_width, top, WHITE)
    return needed


def _draw_loudness(picture: Picture, strip: SoundStrip, top: int, left: int, right: int, pen: Pen) -> None:
    """Write the level of the last second, if there is room."""
    text = f'{strip.level:.0f} dB' if strip.level > -100 else 'no sound'
    place = (left + right - pen.width(text)) // 2 - pen.margin
    if place >= left and place + pen.width(text) + 3 * pen.margin <= right:
        pen.write(picture, text, place, top, _GREY)


def _sound_picture(strip: SoundStrip, width: int, height: int) -> NDArray[np.uint8]:
    """Spectrogram above, level below, newest at the right; grey, for colours are the heatmap's."""
    upper = round(_SHARE * height)
    columns = cv2.resize(strip.bands, (width, len(strip.bands)), interpolation=cv2.INTER_AREA)
    bands = cv2.resize(columns, (width, upper), interpolation=cv2.INTER_LINEAR)
    levels = cv2.resize(strip.levels[None], (width, 1), interpolation=cv2.INTER_AREA)[0]
    rows = np.arange(height - upper)[::-1, None]
    bars = (rows < levels * (height - upper - 2)) * np.float32((_LEVEL - _BACKGROUND) / 255)
    shown = np.concatenate([np.clip(bands, 0, 1), bars])
    second = FRONT_END.columns * FRONT_END.hop / FRONT_END.sample_rate
    shown[:, :round(width * (1 - second / SECONDS))] *= _PAST
    return np.asarray(_BACKGROUND + (255 - _BACKGROUND) * shown, np.uint8)
