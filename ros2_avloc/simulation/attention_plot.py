"""Draws how attention moves: ``python -m ros2_avloc.simulation.attention_plot docs/images/attention.png``.

The tracks are made up and the policy is real: a voice, what is new beside it, a fan that goes on and on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.attention import LEAST_INTEREST, Attention, Why, dwelt, exceeds
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.interest import LIVELY_PACE, Hearing
from ros2_avloc.attention.track import Track
from ros2_avloc.errors import InputError

WIDTH, LANE, LEFT, RIGHT, TOP = 1200, 120, 150, 30, 64
HIGH = LANE - 42
"""Of an interest of 1, in pixels."""

INK, FAINT, GREY = (50, 50, 50), (225, 225, 225), (190, 190, 190)
LENGTH, RATE = 90.0, 10.0
MIN_DWELL, MARGIN = 1.0, 0.1

LABELS = {Why.BEST: 'best', Why.RETURNED: 'returns after a glance', Why.USED_TO: 'used to it',
          Why.SILENT: 'silence'}

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """What plays in the picture: when it sounds (s), how probable, how even its sound, and its colour."""

    name: str
    spans: tuple[tuple[float, float], ...]
    probability: float
    hearing: Hearing
    colour: Colour

    def sounds(self, t: float) -> bool:
        """Whether it sounds at `t` seconds."""
        return any(start <= t < end for start, end in self.spans)


PARTS = (
    Part('voice', ((3, 22), (52, 72)), 0.80, Hearing(-25.0, LIVELY_PACE), (176, 92, 24)),
    Part('door bell', ((12, 15), (52.3, 54.5)), 0.95, Hearing(-20.0, LIVELY_PACE), (40, 120, 230)),
    Part('dog', ((61, 67),), 0.64, Hearing(-25.0, LIVELY_PACE), (150, 60, 150)),
    Part('fan', ((18, 86),), 0.85, Hearing(-30.0, 1.0), (90, 150, 60)),
)
"""Blue first. Where two sound at once the second that is heard is as even as the more even of them."""


@dataclass(frozen=True)
class Moment:
    """What attention did at one time: interests by part, the attended part, since when (s), and why."""

    t: float
    interests: tuple[float, ...]
    attended: int | None
    since: float
    why: Why


def play() -> list[Moment]:
    """Let the policy attend to `PARTS`."""
    attention, moments = Attention(min_dwell=MIN_DWELL, switch_margin=MARGIN), list[Moment]()
    for t in np.arange(0.0, LENGTH, 1 / RATE).tolist():
        tracks = [_track(number, part, part.sounds(t)) for number, part in enumerate(PARTS)
                  if any(start <= t for start, _ in part.spans)]
        chosen = attention.choose(round(t * 1e9), tracks, _heard(t))
        interests = tuple(attention.interests.get(number, 0.0) * part.sounds(t)
                          for number, part in enumerate(PARTS))
        attended = chosen.id if chosen else None
        since = moments[-1].since if moments and moments[-1].attended == attended else t
        moments.append(Moment(t, interests, attended, since, attention.why))
    return moments


def _heard(t: float) -> Hearing:
    sounding = [part.hearing for part in PARTS if part.sounds(t)]
    return max(sounding, key=lambda hearing: hearing.level, default=Hearing(-70.0, 1.0))


def _track(number: int, part: Part, sounds: bool) -> Track:
    azimuth = np.radians(20.0 * number)
    bearing = Bearing(np.array([np.cos(azimuth), np.sin(azimuth), 0.0]), np.eye(2))
    return Track(id=number, bearing=bearing, existence=1.0, probability=part.probability, confirmed=True,
                 source=None, first_seen=0, last_seen=0, sightings=9, streak=9, sounding=sounds)


def held_back(moment: Moment, rival: int) -> str:
    """Say by which rule what is of more interest than the attended one is not attended; nothing if it is."""
    attended, interests = moment.attended, moment.interests
    if attended is None or rival == attended or interests[rival] <= interests[attended]:
        return ''
    if not exceeds(interests[rival], interests[attended], MARGIN):
        return 'waits: switch_margin'
    return '' if dwelt(round(moment.t * 1e9), round(moment.since * 1e9), MIN_DWELL) else 'waits: min_dwell'


def draw(moments: list[Moment]) -> Picture:
    """Draw a lane for each part: its interest, in full colour while it is attended; and one for nobody.

    Returns
    -------
    uint8 ``(h, 1200, 3)``
        Blue first.
    """
    height = TOP + LANE * (len(PARTS) + 1) + 30
    picture = np.full((height, WIDTH, 3), 255, np.uint8)
    _write(picture, 'Interest of each track over time; filled: attended to', LEFT, 34, 0.62)
    for t in range(0, int(LENGTH) + 1, 10):
        cv2.line(picture, (_x(t), TOP), (_x(t), height - 50), FAINT, 1)
        _write(picture, f'{t} s', _x(t) - 14, height - 26, 0.5)
    for number, part in enumerate(PARTS):
        _draw_scale(picture, number)
        _draw_lane(picture, moments, number, part)
    _draw_nobody(picture, moments)
    return picture


def _foot(lane: int) -> int:
    return TOP + LANE * (lane + 1) - 14


def _draw_scale(picture: Picture, lane: int) -> None:
    for level in (0.0, 0.5, 1.0):
        y = _foot(lane) - round(level * HIGH)
        cv2.line(picture, (LEFT - 6, y), (LEFT, y), INK, 1)
        _write(picture, f'{level:g}', LEFT - 34, y + 5, 0.42)
    least = _foot(lane) - round(LEAST_INTEREST * HIGH)
    for x in range(LEFT, WIDTH - RIGHT, 8):
        cv2.line(picture, (x, least), (x + 3, least), GREY, 1)
    if lane == 0:
        _write(picture, f'{LEAST_INTEREST:g}', WIDTH - RIGHT + 4, least + 4, 0.4)


def _draw_lane(picture: Picture, moments: list[Moment], number: int, part: Part) -> None:
    foot = _foot(number)
    cv2.line(picture, (LEFT, foot), (WIDTH - RIGHT, foot), GREY, 1)
    _write(picture, part.name, 14, foot - 28, 0.6)
    for moment in moments:
        top = foot - round(moment.interests[number] * HIGH)
        if moment.interests[number] > 0:
            colour = part.colour if moment.attended == number else FAINT
            cv2.rectangle(picture, (_x(moment.t), top), (_x(moment.t + 1 / RATE), foot), colour, -1)
            cv2.line(picture, (_x(moment.t), top), (_x(moment.t + 1 / RATE), top), part.colour, 2)
    _write_row(picture, foot - HIGH - 10, [(moment.t, _label(moment, number)) for moment in moments])


def _label(moment: Moment, number: int) -> str:
    return LABELS[moment.why] if moment.attended == number else held_back(moment, number)


def _draw_nobody(picture: Picture, moments: list[Moment]) -> None:
    foot = _foot(len(PARTS)) - 26
    _write(picture, 'nobody', 14, foot - 4, 0.6)
    for moment in moments:
        if moment.attended is None:
            cv2.rectangle(picture, (_x(moment.t), foot - 18), (_x(moment.t + 1 / RATE), foot), GREY, -1)
    _write_row(picture, foot - 26, [(moment.t, '' if moment.attended is not None else LABELS[moment.why])
                                    for moment in moments])


def _write_row(picture: Picture, y: int, labels: list[tuple[float, str]]) -> None:
    """Write each label where it begins, or behind the one before; what stays does so once."""
    before, end = '', 0
    for t, label in labels:
        if label and label != before:
            x = max(_x(t) + 2, end)
            _write(picture, label, x, y, 0.42)
            end = x + cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)[0][0] + 8
        before = label


def _x(t: float) -> int:
    return LEFT + round(t / LENGTH * (WIDTH - LEFT - RIGHT))


def _write(picture: Picture, text: str, x: int, y: int, size: float) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)


def main(path: str) -> None:
    """Write the picture to a file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        written = cv2.imwrite(path, draw(play()))
    except cv2.error:
        written = False
    if not written:
        raise InputError(f'{path!r} cannot be written; name a PNG file in a directory that exists.')


if __name__ == '__main__':
    main(*sys.argv[1:2] or ['docs/images/attention.png'])
