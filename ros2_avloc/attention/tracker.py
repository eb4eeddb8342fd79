"""Sources followed over time, on the sphere of directions around the camera.

`motion` holds where a track is, `association` which source belongs to it, `existence` whether it is there and
sounds. Where the target frame turns with the camera, so do the tracks: a pan then moves all of them, and they
are followed as far as they are seen to move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ros2_avloc.attention import existence, motion
from ros2_avloc.attention.association import assign
from ros2_avloc.attention.bearing import Bearing, Matrix, covariance_at, rotate, spread
from ros2_avloc.attention.existence import Presence
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.motion import Motion
from ros2_avloc.attention.sources import Source
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

LASTING = 0.9
"""Part of a source's variance that is the same from frame to frame, which no averaging takes away: where on
a thing the network sees the sound."""

TENTATIVE = 0.5
"""Seconds for which a track that is not confirmed is remembered."""

PAUSE = 0.25
"""Seconds: what is not seen for longer, though there are frames, has fallen silent."""

SHARES = 3.0
"""Seconds for which a track may share another's source."""

LEAST_EXISTENCE = 0.05
"""A track that is less likely to exist is dropped."""

BEGINS, ENDS = 0.5, 0.4
"""Probabilities that a track sounds, from which it is taken to, and below which no longer."""

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
    in_view
        Whether its bearing points into the image.
    sounds
        Probability that it sounds in this moment, in view or not; never more than `existence`.
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
    in_view: bool = True
    sounds: float = 0.0

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
        self._followed: list[_Followed] = []
        self._stamp: int | None = None
        self._next_id = 1

    def update(self, stamp: int, sources: Sequence[Source | Heard], pose: Pose, camera: Camera, *,
               correspondence: float = 1.0) -> list[Track]:
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
        correspondence
            Probability that anything in view sounds.

        Returns
        -------
        list[Track]
            All live tracks, best first.
        """
        seconds = self._seconds_since_last(stamp)
        # After a pause a track may be so uncertain that any source would fit it.
        remembered = [one for one in self._followed if unseen(one.track, stamp) <= self.forget]
        followed = [_predicted(one, seconds, pose, camera) for one in remembered]
        bearings = [rotate(source.bearing, pose.rotation) for source in sources]
        matches = assign([one.motion for one in followed], bearings)
        sightings = [_Sighting(stamp, *both) for both in zip(sources, bearings, strict=True)]
        shared = _share(followed, matches, sightings, pose, camera)
        for number, one in enumerate(followed):
            match = (matches | shared).get(number)
            followed[number] = _missed(one, stamp, seconds, correspondence) if match is None else _seen(
                one, sightings[match], seconds, self.confirm, alone=match not in shared.values())
        new = [number for number in range(len(sources)) if number not in matches.values()]
        followed += [self._begin(sightings[number]) for number in new]
        self._followed = [one for one in followed if lives_on(one.track, stamp, self.forget)]
        return sorted((one.track for one in self._followed), key=lambda track: track.score, reverse=True)

    def start_over(self) -> None:
        """Drop all tracks; their ids are not given again."""
        self._followed = []

    def _seconds_since_last(self, stamp: int) -> float:
        if self._stamp is None or stamp < self._stamp:
            self.start_over()
            self._stamp = stamp
        seconds = (stamp - self._stamp) * 1e-9
        self._stamp = stamp
        return seconds

    def _begin(self, sighting: _Sighting) -> _Followed:
        probability = sighting.source.probability
        presence = existence.first(probability)
        confirmed = self.confirm <= 1
        track = Track(
            id=self._next_id, bearing=sighting.bearing, existence=presence.existence, probability=probability,
            confirmed=confirmed, source=sighting.source, first_seen=sighting.stamp, last_seen=sighting.stamp,
            sightings=1, streak=1, sounding=confirmed,
            heard_only=isinstance(sighting.source, Heard), sounds=presence.sounds)
        self._next_id += 1
        return _Followed(track, motion.begin(_fleeting(sighting.bearing)), presence, _lasting(sighting),
                         sighting.stamp)

@dataclass(frozen=True)
class _Sighting:
    """A source of a frame, with its bearing in the target frame."""

    stamp: int
    source: Source | Heard
    bearing: Bearing

@dataclass(frozen=True)
class _Followed:
    """A track and what its next state is computed from.

    `lasting` is the covariance ``(3, 3)`` of the error that its sources share; `alone` is the stamp of the
    last source that it had to itself.
    """

    track: Track
    motion: Motion
    presence: Presence
    lasting: Matrix
    alone: int

    def told(self, **changes: Any) -> _Followed:
        """Return the same with a track that tells what is now known."""
        bearing = self.motion.bearing
        covariance = bearing.covariance + covariance_at(bearing.vector, self.lasting)
        track = replace(self.track, bearing=Bearing(bearing.vector, covariance),
                        existence=self.presence.existence, sounds=self.presence.sounds, **changes)
        return replace(self, track=track)

def _predicted(one: _Followed, seconds: float, pose: Pose, camera: Camera) -> _Followed:
    visible = in_view(one.motion.bearing, pose, camera)
    moved = (motion.predict if visible else motion.wander)(one.motion, seconds)
    presence = existence.pass_time(one.presence, seconds)
    return replace(one, motion=moved, presence=presence).told(source=None, in_view=visible)


def _share(followed: Sequence[_Followed], matches: dict[int, int], sightings: Sequence[_Sighting], pose: Pose,
           camera: Camera) -> dict[int, int]:
    """Return which tracks without a source share that of another: things that cross become one peak."""
    return {number: match for number, one in enumerate(followed) if number not in matches
            for match in matches.values() if _covers(sightings[match], one, pose, camera)}


def _covers(sighting: _Sighting, one: _Followed, pose: Pose, camera: Camera) -> bool:
    """Whether a source lies over a track that sounded until just now."""
    source = sighting.source
    if isinstance(source, Heard) or not one.track.sounding or sighting.stamp - one.alone > SHARES * 1e9:
        return False
    pixel = camera.pixels((pose.rotation.T @ one.motion.vector)[None])[0]
    away = np.abs(pixel - source.box[:2])
    return bool(np.all(away <= np.array(source.box[2:]) / 2))


def _seen(one: _Followed, sighting: _Sighting, seconds: float, confirm: int, *, alone: bool) -> _Followed:
    """Take in a source. Where it is not a track's alone, it does not say where the track is."""
    track, source = one.track, sighting.source
    sightings, streak = track.sightings + 1, track.streak + 1
    presence = existence.seen(one.presence, source.probability, seconds)
    if alone:
        one = replace(one, motion=motion.correct(one.motion, _fleeting(sighting.bearing)),
                      lasting=_lasting(sighting), alone=sighting.stamp)
    return replace(one, presence=presence).told(
        probability=source.probability, confirmed=track.confirmed or sightings >= confirm, source=source,
        last_seen=sighting.stamp, sightings=sightings, streak=streak,
        sounding=track.sounding or (streak >= confirm and presence.sounds >= BEGINS),
        heard_only=track.heard_only and isinstance(source, Heard))


def _missed(one: _Followed, stamp: int, seconds: float, correspondence: float) -> _Followed:
    if one.track.in_view:
        one = replace(one, presence=existence.unseen(one.presence, correspondence, seconds))
    over = unseen(one.track, stamp) > PAUSE or one.presence.sounds < ENDS
    return one.told(streak=0, sounding=False) if over else one.told()

def _fleeting(seen: Bearing) -> Bearing:
    """Return a bearing with the part of its variance that averaging takes away."""
    return Bearing(seen.vector, (1.0 - LASTING) * seen.covariance)

def _lasting(sighting: _Sighting) -> Matrix:
    return LASTING * spread(sighting.bearing)

def lives_on(track: Track, stamp: int, forget: float) -> bool:
    """Whether a track lives on."""
    if track.last_seen == stamp:
        return True
    longest = forget if track.confirmed else min(forget, TENTATIVE)
    return unseen(track, stamp) <= longest and track.existence > LEAST_EXISTENCE

def unseen(track: Track, stamp: int) -> float:
    """Seconds since a track was seen."""
    return (stamp - track.last_seen) * 1e-9

def in_view(bearing: Bearing, pose: Pose, camera: Camera) -> bool:
    """Whether a bearing in the target frame points into the camera's image."""
    x, y = camera.pixels((pose.rotation.T @ bearing.vector)[None])[0]
    return bool(-0.5 <= x <= camera.width - 0.5 and -0.5 <= y <= camera.height - 0.5)
