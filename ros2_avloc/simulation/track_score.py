"""How well tracks follow things: errors, changes of id, and what is found again.

A thing keeps its track as long as it lies near, as in the CLEAR MOT metrics (Bernardin & Stiefelhagen,
"Evaluating multiple object tracking performance", EURASIP Journal on Image and Video Processing, 2008).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from ros2_avloc.attention.bearing import Bearing, Matrix, Vector, angle, turns
from ros2_avloc.attention.track import Track
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.moments import SECOND, Moment, Thing

NEAR = math.radians(12.0)
"""A track farther from a thing than this is not that thing's."""

PLAIN = 0.6
"""Share of a thing that must be seen for it to be expected."""

STEADY = 0.99
"""Share of a second for which a thing must sound to be expected."""

TWO_SIGMA = 4.0
"""Squared Mahalanobis distance at the edge of the cone of uncertainty that is two sigma wide."""


@dataclass
class TrackScore:
    """Figures of one or more scenes.

    Attributes
    ----------
    seconds
        Length of the scenes.
    expected, followed
        Moments and things that sound in plain view, and those of them that a track follows.
    errors
        Angles from a track to its thing, rad.
    in_cone
        Whether the thing lies within the track's 2-sigma cone, one each.
    source_in_cone
        The same of sources of single frames.
    switches
        How often a thing got another track.
    gone, found
        How often a thing with a track came back into view, still remembered, and got its track again.
    """

    seconds: float = 0.0
    expected: int = 0
    followed: int = 0
    errors: list[float] = field(default_factory=list)
    in_cone: list[bool] = field(default_factory=list)
    source_in_cone: list[bool] = field(default_factory=list)
    switches: int = 0
    gone: int = 0
    found: int = 0

    @property
    def rmse(self) -> float:
        """Root of the mean squared error of tracks, rad; NaN without any."""
        return math.sqrt(float(np.mean(np.square(self.errors)))) if self.errors else math.nan

    @property
    def switches_per_minute(self) -> float:
        """Changes of id per minute."""
        return 60.0 * self.switches / self.seconds

    def add(self, moments: Sequence[Moment], results: Iterable[Result], *, forget: float,
            camera_frame: bool = False) -> None:
        """Take in a scene.

        Parameters
        ----------
        moments
            Its truth.
        results
            What a pipeline made of them.
        forget
            Seconds for which tracks out of view are remembered.
        camera_frame
            Whether tracks are told in the camera's frame, not in the world.
        """
        memory = _Memory(self, forget)
        self.seconds += (moments[-1].stamp - moments[0].stamp) / SECOND
        for moment, result in zip(moments, results, strict=True):
            into = moment.pose.rotation.T if camera_frame else np.eye(3)
            memory.look(moment, result, into)
            self._judge_sources(moment, result)

    def _judge_sources(self, moment: Moment, result: Result) -> None:
        """Compare each source that lies in the box of something that sounds with that thing's middle."""
        sounding = expected(moment)
        for source in result.sources:
            inside = [thing for thing in sounding if _inside(source.box, thing.box)]
            if inside:
                truths = [moment.pose.rotation.T @ thing.bearing for thing in inside]
                nearest = min(truths, key=lambda truth: angle(truth, source.bearing.vector))
                self.source_in_cone.append(in_cone(source.bearing, nearest))


class _Memory:
    """Which track each thing had, and when it was last seen."""

    def __init__(self, score: TrackScore, forget: float) -> None:
        self._score, self._forget = score, forget
        self._ids: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._away: set[str] = set()

    def look(self, moment: Moment, result: Result, into: Matrix) -> None:
        score = self._score
        self._note_leaving(moment)
        things = expected(moment)
        tracks = [track for track in result.tracks if track.confirmed and track.source is not None]
        pairs = self._match(things, tracks, into)
        score.expected += len(things)
        score.followed += len(pairs)
        for thing, track in pairs:
            truth = into @ thing.bearing
            score.errors.append(angle(track.bearing.vector, truth))
            score.in_cone.append(in_cone(track.bearing, truth))
            self._note_id(thing.name, track.id, moment.stamp)

    def _note_leaving(self, moment: Moment) -> None:
        out = {thing.name for thing in moment.things if not any(thing.box)}
        self._away |= out & self._ids.keys()

    def _note_id(self, name: str, track: int, stamp: int) -> None:
        score, had = self._score, self._ids.get(name)
        remembered = name in self._seen and stamp - self._seen[name] <= self._forget * SECOND
        if had is not None and remembered:
            if name in self._away:
                score.gone += 1
                score.found += had == track
            else:
                score.switches += had != track
        self._away.discard(name)
        self._ids[name], self._seen[name] = track, stamp

    def _match(self, things: list[Thing], tracks: list[Track], into: Matrix) -> list[tuple[Thing, Track]]:
        if not things or not tracks:
            return []
        costs = np.array([[self._cost(thing, track, into) for track in tracks] for thing in things])
        pairs = zip(*linear_sum_assignment(costs), strict=True)
        return [(things[a], tracks[b]) for a, b in pairs if costs[a, b] < math.pi]

    def _cost(self, thing: Thing, track: Track, into: Matrix) -> float:
        away = angle(track.bearing.vector, into @ thing.bearing)
        if away > NEAR:
            return 2 * math.pi
        return away - NEAR * (self._ids.get(thing.name) == track.id)


def expected(moment: Moment) -> list[Thing]:
    """Return what sounds in plain view."""
    return [thing for thing in moment.things if thing.heard >= STEADY and thing.visible >= PLAIN]


def in_cone(bearing: Bearing, truth: Vector) -> bool:
    """Whether a direction lies within the 2-sigma cone of a bearing."""
    away = turns(bearing.vector, truth)
    return bool(away @ np.linalg.solve(bearing.covariance, away) <= TWO_SIGMA)


def _inside(source: tuple[float, float, float, float], box: tuple[float, float, float, float]) -> bool:
    return all(abs(source[axis] - box[axis]) <= box[axis + 2] / 2 for axis in (0, 1))
