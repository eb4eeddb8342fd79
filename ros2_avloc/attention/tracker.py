"""Sources followed over time, on the sphere of directions around the camera.

`motion` holds where a track is, `association` which source belongs to it, `existence` whether it is there
and sounds, `track` what becomes of it in a frame. Where the target frame turns with the camera, so do the
tracks: a pan then moves all of them, and they are followed as far as they are seen to move.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from ros2_avloc.attention.association import assign
from ros2_avloc.attention.bearing import rotate
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import (
    Followed,
    Sighting,
    Track,
    begin,
    lives_on,
    missed,
    predicted,
    seen,
    unseen,
)
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

SHARES = 3.0
"""Seconds for which a track may share another's source. Chosen: things that cross do so within it."""


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
        self._followed: list[Followed] = []
        self._stamp: int | None = None
        self._next_id = 1

    def update(self, stamp: int, sources: Sequence[Source | Heard], pose: Pose, camera: Camera, *,
               faint: Sequence[Source] = (), correspondence: float = 1.0) -> list[Track]:
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
        faint
            What is less likely to sound than a source, in the camera's frame: it keeps up tracks that sound
            and have no source, and begins none.
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
        followed = [predicted(one, seconds, pose, camera) for one in remembered]
        bearings = [rotate(source.bearing, pose.rotation) for source in sources]
        matches = assign([one.motion for one in followed], bearings,
                         [one.track.sounding for one in followed])
        sightings = [Sighting(stamp, *both) for both in zip(sources, bearings, strict=True)]
        shared = _share(followed, matches, sightings, pose, camera)
        kept = _keep_up(followed, matches | shared, [Sighting(stamp, one, rotate(one.bearing, pose.rotation))
                                                     for one in faint])
        for number, one in enumerate(followed):
            match = (matches | shared).get(number)
            sighting = kept.get(number) if match is None else sightings[match]
            followed[number] = missed(one, stamp, seconds, correspondence) if sighting is None else seen(
                one, sighting, seconds, self.confirm, alone=match not in shared.values())
        new = [number for number in range(len(sources)) if number not in matches.values()]
        followed += [begin(self._next_id + place, sightings[number], self.confirm)
                     for place, number in enumerate(new)]
        self._next_id += len(new)
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


def _share(followed: Sequence[Followed], matches: dict[int, int], sightings: Sequence[Sighting], pose: Pose,
           camera: Camera) -> dict[int, int]:
    """Return which tracks without a source share that of another: things that cross become one peak."""
    return {number: match for number, one in enumerate(followed) if number not in matches
            for match in matches.values() if _covers(sightings[match], one, pose, camera)}


def _keep_up(followed: Sequence[Followed], taken: Container[int],
             faint: Sequence[Sighting]) -> dict[int, Sighting]:
    """Give what is faint to confirmed tracks that sound and have nothing else."""
    left = [number for number, one in enumerate(followed)
            if number not in taken and one.track.confirmed and one.track.sounding]
    matches = assign([followed[number].motion for number in left], [one.bearing for one in faint],
                     [True] * len(left))
    return {left[place]: faint[match] for place, match in matches.items()}


def _covers(sighting: Sighting, one: Followed, pose: Pose, camera: Camera) -> bool:
    """Whether a source lies over a track that sounded until just now."""
    source = sighting.source
    if isinstance(source, Heard) or not one.track.sounding or sighting.stamp - one.alone > SHARES * 1e9:
        return False
    pixel = camera.pixels((pose.rotation.T @ one.motion.vector)[None])[0]
    away = np.abs(pixel - source.box[:2])
    return bool(np.all(away <= np.array(source.box[2:]) / 2))
