"""One track's life: what it tells, and how a frame in which it was seen, or not, changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ros2_avloc.attention import existence, motion
from ros2_avloc.attention.bearing import Bearing, Matrix, covariance_at, spread
from ros2_avloc.attention.existence import LOOKS, Presence
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.motion import Motion
from ros2_avloc.attention.sources import Source
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

LASTING = 0.9
"""Part of a source's variance that is the same from frame to frame, which no averaging takes away: where on
a thing the network sees the sound. `python -m benchmark.attention` prints it: the error that lasts a second.
"""

TENTATIVE = 0.5
"""Seconds for which a track that is not confirmed is remembered.
Chosen: longer than the network misses things for."""

PAUSE = 0.25
"""Seconds: what is not seen for longer, though there are frames, has fallen silent.
Chosen: two frames may be missed at ten a second."""

LEAST_EXISTENCE = 0.05
"""A track that is less likely to exist is dropped. Chosen: nothing of it would be attended."""

HURRIED = 0.9
"""Part of a look (see `existence.LOOKS`) after which the next sighting may count as another one."""

BEGINS, ENDS = 0.5, 0.4
"""Probabilities that a track sounds, from which it is taken to, and below which no longer.
Chosen: even odds, and a little less, so that they do not take turns."""


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
        The source in this frame, seen (too faint to be told as one, maybe) or heard only, or ``None`` when
        there was none.
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


@dataclass(frozen=True)
class Sighting:
    """A source of a frame, with its bearing in the target frame."""

    stamp: int
    source: Source | Heard
    bearing: Bearing


@dataclass(frozen=True)
class Followed:
    """A track and what its next state is computed from.

    `lasting` is the covariance ``(3, 3)`` of the error that its sources share; `alone` is the stamp of the
    last source that it had to itself, `began` that of the first in its streak.
    """

    track: Track
    motion: Motion
    presence: Presence
    lasting: Matrix
    alone: int
    began: int

    def told(self, **changes: Any) -> Followed:
        """Return the same with a track that tells what is now known."""
        bearing = self.motion.bearing
        covariance = bearing.covariance + covariance_at(bearing.vector, self.lasting)
        track = replace(self.track, bearing=Bearing(bearing.vector, covariance),
                        existence=self.presence.existence, sounds=self.presence.sounds, **changes)
        return replace(self, track=track)


def begin(number: int, sighting: Sighting, confirm: int) -> Followed:
    """Begin a track of this number with its first source."""
    stamp, source = sighting.stamp, sighting.source
    presence = existence.first(source.probability)
    confirmed = confirm <= 1
    track = Track(
        id=number, bearing=sighting.bearing, existence=presence.existence, probability=source.probability,
        confirmed=confirmed, source=source, first_seen=stamp, last_seen=stamp, sightings=1, streak=1,
        sounding=confirmed, heard_only=isinstance(source, Heard), sounds=presence.sounds)
    return Followed(track, motion.begin(_fleeting(sighting.bearing)), presence, _lasting(sighting),
                    alone=stamp, began=stamp)


def predicted(one: Followed, seconds: float, pose: Pose, camera: Camera) -> Followed:
    """Let time pass, without a source as yet."""
    visible = in_view(one.motion.bearing, pose, camera)
    moved = (motion.predict if visible else motion.wander)(one.motion, seconds)
    presence = existence.pass_time(one.presence, seconds, in_view=visible)
    return replace(one, motion=moved, presence=presence).told(source=None, in_view=visible)


def seen(one: Followed, sighting: Sighting, seconds: float, confirm: int, *, alone: bool) -> Followed:
    """Take in a source. Where it is not a track's alone, it does not say where the track is."""
    track, source = one.track, sighting.source
    sightings, streak = track.sightings + 1, track.streak + 1
    presence = existence.seen(one.presence, source.probability, seconds)
    if alone:
        one = replace(one, motion=motion.correct(one.motion, _fleeting(sighting.bearing)),
                      lasting=_lasting(sighting), alone=sighting.stamp)
    one = replace(one, presence=presence, began=sighting.stamp if streak == 1 else one.began)
    lasted = (sighting.stamp - one.began) * 1e-9 * LOOKS >= HURRIED * (confirm - 1)
    return one.told(
        probability=source.probability, confirmed=track.confirmed or sightings >= confirm, source=source,
        last_seen=sighting.stamp, sightings=sightings, streak=streak,
        sounding=track.sounding or (streak >= confirm and lasted and presence.sounds >= BEGINS),
        heard_only=track.heard_only and isinstance(source, Heard))


def missed(one: Followed, stamp: int, seconds: float, correspondence: float) -> Followed:
    """Take in that there was no source, where anything in view sounds with this probability."""
    if one.track.in_view:
        one = replace(one, presence=existence.unseen(one.presence, correspondence, seconds))
    over = unseen(one.track, stamp) > PAUSE or one.presence.sounds < ENDS
    return one.told(streak=0, sounding=False) if over else one.told()


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


def _fleeting(bearing: Bearing) -> Bearing:
    """Return a bearing with the part of its variance that averaging takes away."""
    return Bearing(bearing.vector, (1.0 - LASTING) * bearing.covariance)


def _lasting(sighting: Sighting) -> Matrix:
    return LASTING * spread(sighting.bearing)
