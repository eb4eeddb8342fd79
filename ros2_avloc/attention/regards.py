"""What attention remembers of what sounds: of each track while it lives, and of its direction after that.

A fan that pauses until its track is forgotten, or that comes under another id, is still that fan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ros2_avloc.attention.bearing import Vector, angle
from ros2_avloc.attention.interest import Hearing, Regard, grown
from ros2_avloc.attention.track import Track

SAME = math.radians(8.0)
"""A track that begins closer than this to one that is not there any more is of the same thing.
Chosen: twice what two bearings of a thing differ by."""

LEAST = 0.05
"""What is less stale and less used to is as good as new, and not remembered."""


@dataclass(frozen=True)
class _Kept:
    vector: Vector
    regard: Regard


class Regards:
    """The regards of all tracks, and of those that were."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def __getitem__(self, track: int) -> Regard:
        return self._kept[track].regard

    def grow(self, tracks: Sequence[Track], hearing: Hearing, seconds: float) -> None:
        """Let time pass in which these tracks live, all told in one frame; others fade as silence does."""
        unseen = {track.id for track in tracks if track.source is None}
        gone = self._kept.keys() - {track.id for track in tracks}
        free = {number: self._kept[number] for number in self._kept if number in unseen | gone}
        kept = {}
        for track in tracks:
            before = self._kept.get(track.id)
            if before is None and (number := _nearest(track, free)) is not None:
                before = free.pop(number)
                gone -= {number}
            known = None if before is None else before.regard
            regard = grown(known, sounds=track.sounding, hearing=hearing, seconds=seconds)
            kept[track.id] = _Kept(track.bearing.vector, regard)
        for number in gone:
            old = self._kept[number]
            regard = grown(old.regard, sounds=False, hearing=hearing, seconds=seconds)
            if max(regard.stale, regard.habituation) >= LEAST:
                kept[number] = _Kept(old.vector, regard)
        self._kept = kept


def _nearest(track: Track, free: dict[int, _Kept]) -> int | None:
    """Return the number of the nearest in direction of what is free, if it is near."""
    away = {number: angle(one.vector, track.bearing.vector) for number, one in free.items()}
    nearest = min(away, key=away.__getitem__, default=None)
    return nearest if nearest is not None and away[nearest] <= SAME else None
