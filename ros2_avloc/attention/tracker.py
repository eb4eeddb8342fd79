"""Sources followed over time, on the sphere of directions around the camera.

Each track is a Kalman filter whose state is a unit vector: innovation and covariance live on its tangent
plane, and the correction is turned back onto the sphere (Hertzberg et al., "Integrating generic sensor fusion
algorithms with sound state representations through encapsulation of manifolds", Information Fusion, 2013).
Sources go to tracks by the least sum of negative log-likelihoods within a gate (Blackman & Popoli, "Design
and Analysis of Modern Tracking Systems", 1999). Existence grows and fades after the idea of integrated
probabilistic data association (Musicki, Evans & Stankovic, IEEE Trans. Automatic Control 39(6), 1994), with
fixed rates in place of densities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ros2_avloc.attention.bearing import Bearing, Matrix, covariance_at, rotate, spread, turned, turns
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.sources import Source
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

RANDOM_WALK = math.radians(5.0) ** 2
"""How fast a bearing becomes uncertain, in rad² per second."""

GATE = 13.8
"""Largest squared Mahalanobis distance of a source from its track: 99.9 % of χ² with two degrees."""

REACH = math.radians(15.0)
"""Largest angle from a track to its source: what is farther is something else, however unsure the track."""

WITNESS = 0.5
"""Part of a source's probability that counts as new evidence: successive frames share most of their sound."""

SILENCE = 5.0
"""Seconds in which the existence of a track that is in view and silent falls to 1/e."""

TENTATIVE = 0.5
"""Seconds for which a track that is not confirmed is remembered."""

PAUSE = 0.25
"""Seconds: what is not seen for longer, though there are frames, has fallen silent."""

LEAST_EXISTENCE = 0.05
"""A track that is less likely to exist is dropped."""


@dataclass(frozen=True)
class Track:
    """A source followed over time.

    Attributes
    ----------
    id
        Never given to another track.
    bearing
        In the target frame, as seen from the camera.
    existence
        Probability that there is something that sounds, or has just sounded.
    probability
        That of the last source.
    confirmed
        Whether it was seen often enough.
    source
        The source in this frame, seen or heard only, or ``None`` when there was none.
    first_seen, last_seen
        Stamps in ns.
    sightings
        Frames in which it was seen.
    streak
        Those of them since it last began to sound; 0 while it is silent.
    sounding
        Whether it sounds: seen often enough since it last was silent. A single frame is no sound.
    heard_only
        Whether nobody has seen it yet.
    """

    id: int
    bearing: Bearing
    existence: float
    probability: float
    confirmed: bool
    source: Source | Heard | None
    first_seen: int
    last_seen: int
    sightings: int
    streak: int
    sounding: bool
    heard_only: bool = False

    @property
    def score(self) -> float:
        """What tracks are ordered by: existence times probability."""
        return self.existence * self.probability


class Tracker:
    """Keeps the tracks of all sources.

    Parameters
    ----------
    confirm
        Sightings until a track is confirmed. May be changed at any time.
    forget
        Seconds after which a track that was not seen is dropped. May be changed at any time.
    """

    def __init__(self, *, confirm: int, forget: float) -> None:
        self.confirm = confirm
        self.forget = forget
        self._tracks: list[Track] = []
        self._stamp: int | None = None
        self._next_id = 1

    def update(self, stamp: int, sources: Sequence[Source | Heard], pose: Pose, camera: Camera
               ) -> list[Track]:
        """Take in the sources of a frame.

        Parameters
        ----------
        stamp
            Of the frame, ns. If it lies before the last one (a bag begins anew), all tracks are dropped.
        sources
            Of the frame, in the camera's optical frame; those that are heard only count as seen.
        pose
            Of the camera in the target frame at that stamp. Its position is not used: how far away a source
            is nobody knows.
        camera
            Says which tracks are in view.

        Returns
        -------
        list[Track]
            All live tracks, best first.
        """
        seconds = self._seconds_since_last(stamp)
        # After a pause a track may be so uncertain that any source would fit it.
        tracks = [predict(track, seconds) for track in self._tracks if unseen(track, stamp) <= self.forget]
        bearings = [rotate(source.bearing, pose.rotation) for source in sources]
        matches = assign([track.bearing for track in tracks], bearings)
        for number, track in enumerate(tracks):
            if number in matches:
                match = matches[number]
                tracks[number] = see(track, stamp, sources[match], bearings[match], self.confirm)
            else:
                silent = hush(track, stamp)
                tracks[number] = fade(silent, seconds) if in_view(track.bearing, pose, camera) else silent
        new = [number for number in range(len(sources)) if number not in matches.values()]
        tracks += [self._begin(stamp, sources[number], bearings[number]) for number in new]
        kept = [track for track in tracks if remembered(track, stamp, self.forget)]
        self._tracks = sorted(kept, key=lambda track: track.score, reverse=True)
        return list(self._tracks)

    def _seconds_since_last(self, stamp: int) -> float:
        if self._stamp is None or stamp < self._stamp:
            self._tracks = []
            self._stamp = stamp
        seconds = (stamp - self._stamp) * 1e-9
        self._stamp = stamp
        return seconds

    def _begin(self, stamp: int, source: Source | Heard, bearing: Bearing) -> Track:
        track = Track(id=self._next_id, bearing=bearing, existence=WITNESS * source.probability,
                      probability=source.probability, confirmed=self.confirm <= 1, source=source,
                      first_seen=stamp, last_seen=stamp, sightings=1, streak=1,
                      sounding=self.confirm <= 1, heard_only=isinstance(source, Heard))
        self._next_id += 1
        return track


def predict(track: Track, seconds: float) -> Track:
    """Let a track's bearing become uncertain; it is not seen yet."""
    covariance = track.bearing.covariance + RANDOM_WALK * seconds * np.eye(2)
    return replace(track, bearing=Bearing(track.bearing.vector, covariance), source=None)


def see(track: Track, stamp: int, source: Source | Heard, bearing: Bearing, confirm: int) -> Track:
    """Correct a predicted track by its source, whose bearing in the target frame is `bearing`."""
    sightings, streak = track.sightings + 1, track.streak + 1
    return replace(
        track,
        bearing=fuse(track.bearing, bearing),
        existence=1.0 - (1.0 - track.existence) * (1.0 - WITNESS * source.probability),
        probability=source.probability,
        confirmed=track.confirmed or sightings >= confirm,
        source=source,
        last_seen=stamp,
        sightings=sightings,
        streak=streak,
        sounding=track.sounding or streak >= confirm,
        heard_only=track.heard_only and isinstance(source, Heard),
    )


def hush(track: Track, stamp: int) -> Track:
    """Let a track that is not seen in this frame be silent once the pause is too long."""
    return replace(track, streak=0, sounding=False) if unseen(track, stamp) > PAUSE else track


def fade(track: Track, seconds: float) -> Track:
    """Let a track fade that is in view and silent."""
    return replace(track, existence=track.existence * math.exp(-seconds / SILENCE))


def remembered(track: Track, stamp: int, forget: float) -> bool:
    """Whether a track lives on."""
    if track.last_seen == stamp:
        return True
    longest = forget if track.confirmed else min(forget, TENTATIVE)
    return unseen(track, stamp) <= longest and track.existence > LEAST_EXISTENCE


def unseen(track: Track, stamp: int) -> float:
    """Seconds since a track was seen."""
    return (stamp - track.last_seen) * 1e-9


def fuse(predicted: Bearing, seen: Bearing) -> Bearing:
    """Kalman update of a bearing by another one."""
    innovation, variance = _innovation(predicted, seen)
    gain = np.linalg.solve(variance, predicted.covariance).T
    vector = turned(predicted.vector, gain @ innovation)
    corrected = Bearing(predicted.vector, predicted.covariance - gain @ variance @ gain.T)
    return Bearing(vector, covariance_at(vector, spread(corrected)))


def assign(tracks: Sequence[Bearing], sources: Sequence[Bearing]) -> dict[int, int]:
    """Give each source to one track at most: track's index → source's index."""
    costs = np.array([[_cost(track, source) for source in sources] for track in tracks])
    if costs.size == 0:
        return {}
    # Finite, so that SciPy can leave a pair out by taking the dearest.
    outside = ~np.isfinite(costs)
    costs[outside] = 1e6
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return {int(track): int(source) for track, source in pairs if not outside[track, source]}


def in_view(bearing: Bearing, pose: Pose, camera: Camera) -> bool:
    """Whether a bearing in the target frame points into the camera's image."""
    x, y = camera.pixels((pose.rotation.T @ bearing.vector)[None])[0]
    return bool(-0.5 <= x <= camera.width - 0.5 and -0.5 <= y <= camera.height - 0.5)


def _cost(track: Bearing, source: Bearing) -> float:
    innovation, variance = _innovation(track, source)
    distance = float(innovation @ np.linalg.solve(variance, innovation))
    within = distance <= GATE and np.linalg.norm(innovation) <= REACH
    return distance + math.log(np.linalg.det(variance)) if within else math.inf


def _innovation(predicted: Bearing, seen: Bearing) -> tuple[NDArray[np.float64], Matrix]:
    variance = predicted.covariance + covariance_at(predicted.vector, spread(seen))
    return turns(predicted.vector, seen.vector), variance
