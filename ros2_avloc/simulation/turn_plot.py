"""A picture of how a robot turned to what sounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.following.record import SECOND, Record, Turn

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1200, 560, 70, 20, 50, 50
INK, FAINT, MISSED = (60, 60, 60), (225, 225, 225), (40, 40, 220)
TRUE, ATTENDED, FACES = (190, 190, 190), (0, 120, 230), (160, 80, 20)
"""Blue, green, red of the lines: what sounds, what is attended to, where the robot faces."""

ASTRAY = math.radians(2.0)
"""From this angle on the wrong way is worth a word; things move about as much by themselves."""

Picture = NDArray[np.uint8]


def draw(record: Record, turns: Sequence[Turn], caption: str) -> Picture:
    """Draw directions in the world over time.

    Returns
    -------
    uint8 ``(560, 1200, 3)``
        Blue first.
    """
    yaws = np.array(list(record.yaws.values()))
    faced = {stamp: float(yaw) for stamp, yaw in zip(record.yaws, np.unwrap(yaws), strict=True)}
    true = [(stamp, faced[stamp] + angle) for stamp, angles in record.truth.items() for angle in angles
            if stamp in faced]
    attended = [(stamp, faced[stamp] + angle) for stamp, angle in record.attended.items() if stamp in faced]
    low, high = _range([*faced.values(), *(angle for _, angle in true + attended)])

    def place(points: Sequence[tuple[int, float]]) -> NDArray[np.int32]:
        times = np.array([(stamp - record.start) / SECOND for stamp, _ in points])
        angles = np.degrees([angle for _, angle in points])
        x = LEFT + times / record.length * (WIDTH - LEFT - RIGHT)
        y = TOP + (high - angles) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return np.stack([x, y], axis=1).round().astype(np.int32).reshape(-1, 2)

    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    _grid(picture, record.length, low, high)
    for points, colour, radius in ((true, TRUE, 5), (attended, ATTENDED, 2)):
        for point in place(points):
            cv2.circle(picture, point.tolist(), radius, colour, cv2.FILLED, cv2.LINE_AA)
    cv2.polylines(picture, [place(list(faced.items()))], False, FACES, 2, cv2.LINE_AA)
    for turn in turns:
        _mark(picture, turn, record.length)
    _legend(picture, caption)
    return picture


def _range(angles: Sequence[float]) -> tuple[float, float]:
    """Return the angles in degrees between which everything lies, whole thirties."""
    degrees = np.degrees(angles)
    return float(np.floor(degrees.min() / 30 - 0.2) * 30), float(np.ceil(degrees.max() / 30 + 0.2) * 30)


def _grid(picture: Picture, seconds: float, low: float, high: float) -> None:
    for angle in np.arange(low, high + 1, 30):
        y = round(TOP + (high - angle) / (high - low) * (HEIGHT - TOP - BOTTOM))
        cv2.line(picture, (LEFT, y), (WIDTH - RIGHT, y), FAINT, 1)
        _write(picture, f'{angle:.0f}', (28, y + 5))
    for second in np.arange(0, seconds, 5 if seconds > 20 else 1):
        x = round(LEFT + second / seconds * (WIDTH - LEFT - RIGHT))
        cv2.line(picture, (x, TOP), (x, HEIGHT - BOTTOM), FAINT, 1)
        _write(picture, f'{second:.0f}', (x - 8, HEIGHT - BOTTOM + 20))
    _write(picture, 'degrees to the left', (LEFT, TOP - 10))
    _write(picture, 'seconds', (WIDTH - RIGHT - 60, HEIGHT - 12))


def _mark(picture: Picture, turn: Turn, seconds: float) -> None:
    """Mark when a source was first attended to, or where it never was, when it began to sound."""
    response, missed = turn.response, math.isinf(turn.begin)
    x = round(LEFT + (turn.sounds if missed else turn.begin) / seconds * (WIDTH - LEFT - RIGHT))
    cv2.line(picture, (x, TOP), (x, HEIGHT - BOTTOM), MISSED if missed else INK, 1)
    if math.isinf(response.settled):
        _write(picture, 'not faced', (x + 4, HEIGHT - BOTTOM - 26), MISSED)
        return
    lines = [f'{response.settled:.1f} s ({turn.settled:.1f} s)', f'over {np.degrees(response.overshoot):.1f}']
    if response.astray >= ASTRAY:
        lines.insert(0, f'astray {np.degrees(response.astray):.1f}')
    for number, line in enumerate(reversed(lines)):
        _write(picture, line, (x + 4, HEIGHT - BOTTOM - 8 - 18 * number))


def _legend(picture: Picture, caption: str) -> None:
    for x, colour, text in ((300, TRUE, 'what sounds'), (470, ATTENDED, 'what the node attends to'),
                            (730, FACES, 'where the robot faces')):
        cv2.circle(picture, (x, TOP - 28), 6, colour, cv2.FILLED, cv2.LINE_AA)
        _write(picture, text, (x + 14, TOP - 23))
    _write(picture, caption, (LEFT, HEIGHT - 12))
    _write(picture, 'seconds until faced: since attended to (since it sounds)', (580, HEIGHT - 12))


def _write(picture: Picture, text: str, where: tuple[int, int], colour: tuple[int, int, int] = INK) -> None:
    cv2.putText(picture, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
