"""What was true, attended and told while a robot followed, and how well it turned each time."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field, replace

from ros2_avloc.following.response import Response, respond

SECOND = 1e9
"""Nanoseconds."""

MIDDLE = math.radians(5.0)
"""A source is in the middle within this angle: a cell of the heatmap is about as wide."""

WORTH = math.radians(10.0)
"""Nearer sources ask for no turn that could be judged."""


@dataclass
class Record:
    """Angles in rad, positive to the left, by ROS time in ns.

    Attributes
    ----------
    truth
        From straight ahead to what sounds.
    attended
        From straight ahead to what the node attends to, by the stamp of the frame.
    yaws
        Where the camera faces in the world.
    speeds
        That the base was told, rad/s, by the time at which that was heard.
    """

    truth: dict[int, list[float]] = field(default_factory=dict)
    attended: dict[int, float] = field(default_factory=dict)
    yaws: dict[int, float] = field(default_factory=dict)
    speeds: dict[int, float] = field(default_factory=dict)

    @property
    def start(self) -> int:
        """The first stamp."""
        return next(iter(self.truth), 0)

    @property
    def length(self) -> float:
        """Seconds from the first stamp to the last."""
        return (next(reversed(self.truth)) - self.start) / SECOND if self.truth else 0.0


@dataclass(frozen=True)
class Turn:
    """A turn to one source.

    Attributes
    ----------
    sounds
        When the source began to sound alone, seconds of the record.
    begin
        When anything was first attended to since; infinite where nothing was.
    response
        From `begin` on. Where nothing was attended to it is of the whole time, and not settled.
    """

    sounds: float
    begin: float
    response: Response

    @property
    def settled(self) -> float:
        """Seconds from the first sound until the source stayed in the middle; infinite where it never did."""
        return self.begin - self.sounds + self.response.settled


def turns(record: Record) -> list[Turn]:
    """Return every turn to a single source that stood `WORTH` or more aside when it was first attended to.

    What was never attended to is among them, by where it stood when it began to sound.
    """
    found = []
    attended = sorted(record.attended)
    for stamps in _stretches(record):
        place = bisect_left(attended, stamps[0])
        missed = place == len(attended) or attended[place] > stamps[-1]
        own = stamps if missed else [stamp for stamp in stamps if stamp >= attended[place]]
        times = [(stamp - record.start) / SECOND for stamp in own]
        response = respond(times, [record.truth[stamp][0] for stamp in own], MIDDLE)
        if missed:
            response = replace(response, settled=math.inf, rest=math.nan)
        if abs(response.start) >= WORTH:
            sounds = (stamps[0] - record.start) / SECOND
            found.append(Turn(sounds, math.inf if missed else times[0], response))
    return found


def _stretches(record: Record) -> list[list[int]]:
    """Return the stamps during each of which one source sounds alone."""
    stretches: list[list[int]] = []
    sounded = False
    for stamp, angles in record.truth.items():
        sounds = len(angles) == 1
        if sounds and not sounded:
            stretches.append([])
        if sounds:
            stretches[-1].append(stamp)
        sounded = sounds
    return stretches
