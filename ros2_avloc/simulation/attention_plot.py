"""Draws how attention moves: ``python -m ros2_avloc.simulation.attention_plot docs/images/attention.png``.

The tracks are made up and the policy is real: a voice, something new beside it, a fan that goes on and on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.attention import Attention, Why
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.interest import LIVELY_PACE, Hearing
from ros2_avloc.attention.track import Track
from ros2_avloc.errors import InputError

WIDTH, LANE, LEFT, RIGHT, TOP = 1200, 110, 150, 30, 64
INK, FAINT, GREY = (50, 50, 50), (225, 225, 225), (190, 190, 190)
LENGTH, RATE = 90.0, 10.0
MIN_DWELL, MARGIN = 1.0, 0.1

LABELS = {Why.BEST: 'best', Why.RETURNED: 'returns after a glance', Why.USED_TO: 'used to it: lets go'}

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
    Part('voice', ((3, 22), (52, 58)), 0.80, Hearing(-25.0, LIVELY_PACE), (176, 92, 24)),
    Part('door bell', ((12, 15),), 0.95, Hearing(-20.0, LIVELY_PACE), (40, 120, 230)),
    Part('fan', ((18, 86),), 0.85, Hearing(-30.0, 1.0), (90, 150, 60)),
)
"""Blue, green, red. Where two sound at once the second that is heard is as even as the more even of them."""


@dataclass(frozen=True)
class Moment:
    """What attention did at one time: interests by part, the attended part, and why."""

    t: float
    interests: tuple[float, ...]
    attended: int | None
    why: Why


def play() -> list[Moment]:
    """Let the policy attend to `PARTS`."""
    attention, moments = Attention(min_dwell=MIN_DWELL, switch_margin=MARGIN), []
    for t in np.arange(0.0, LENGTH, 1 / RATE).tolist():
        tracks = [_track(number, part, part.sounds(t)) for number, part in enumerate(PARTS)
                  if any(start <= t for start, _ in part.spans)]
        chosen = attention.choose(round(t * 1e9), tracks, _heard(t))
        interests = tuple(attention.interests.get(number, 0.0) * part.sounds(t)
                          for number, part in enumerate(PARTS))
        moments.append(Moment(t, interests, chosen.id if chosen else None, attention.why))
    return moments


def _heard(t: float) -> Hearing:
    sounding = [part.hearing for part in PARTS if part.sounds(t)]
    return max(sounding, key=lambda hearing: hearing.level, default=Hearing(-70.0, 1.0))


def _track(number: int, part: Part, sounds: bool) -> Track:
    bearing = Bearing(np.array([1.0, 0.0, 0.0]), np.eye(2))
    return Track(id=number, bearing=bearing, existence=1.0, probability=part.probability, confirmed=True,
                 source=None, first_seen=0, last_seen=0, sightings=9, streak=9, sounding=sounds)


def draw(moments: list[Moment]) -> Picture:
    """Draw a lane for each part: its interest, and in full colour while it is attended.

    Returns
    -------
    uint8 ``(h, 1200, 3)``
        Blue first.
    """
    height = TOP + LANE * len(PARTS) + 56
    picture = np.full((height, WIDTH, 3), 255, np.uint8)
    _write(picture, 'Interest of each track over time; filled: attended to', LEFT, 34, 0.62)
    for t in range(0, int(LENGTH) + 1, 10):
        cv2.line(picture, (_x(t), TOP), (_x(t), height - 50), FAINT, 1)
        _write(picture, f'{t} s', _x(t) - 14, height - 26, 0.5)
    for number, part in enumerate(PARTS):
        _draw_lane(picture, moments, number, part)
    _draw_changes(picture, moments)
    return picture


def _draw_lane(picture: Picture, moments: list[Moment], number: int, part: Part) -> None:
    foot = TOP + LANE * (number + 1) - 14
    cv2.line(picture, (LEFT, foot), (WIDTH - RIGHT, foot), GREY, 1)
    _write(picture, part.name, 24, foot - 28, 0.62)
    for moment in moments:
        top = foot - round(moment.interests[number] * (LANE - 36))
        if moment.interests[number] > 0:
            colour = part.colour if moment.attended == number else FAINT
            cv2.rectangle(picture, (_x(moment.t), top), (_x(moment.t + 1 / RATE), foot), colour, -1)
            cv2.line(picture, (_x(moment.t), top), (_x(moment.t + 1 / RATE), top), part.colour, 2)


def _draw_changes(picture: Picture, moments: list[Moment]) -> None:
    """Say above each lane why attention came to it, and where it let go."""
    for before, moment in zip(moments, moments[1:], strict=False):
        if moment.attended == before.attended:
            continue
        lane = before.attended if moment.attended is None else moment.attended
        ended = moment.attended is None and lane is not None and not PARTS[lane].sounds(moment.t)
        if lane is None or ended:
            continue
        _write(picture, LABELS[moment.why], _x(moment.t) + 2, TOP + LANE * lane + 14, 0.44)


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
