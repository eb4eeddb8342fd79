"""What the diagnostics say of attention: to which track, or to none, and why."""

from __future__ import annotations

from dataclasses import dataclass

from ros2_avloc.node.messages import Where, live
from ros2_avloc.pipeline import Result


@dataclass(frozen=True)
class Attending:
    """Attention after a frame.

    Attributes
    ----------
    track
        Id of the attended track, ``None`` where there is none.
    azimuth
        Its azimuth in radians in `frame_id`, to the left positive.
    score
        Its score.
    why
        Why that one is attended, or why none.
    frame_id
        Frame of bearings; empty where it is not known.
    tracks, sounding, heard_only
        How many tracks are published, how many of them sound, and how many nobody has seen.
    """

    track: int | None
    azimuth: float
    score: float
    why: str
    frame_id: str
    tracks: int
    sounding: int
    heard_only: int


def attending(result: Result, where: Where | None) -> Attending:
    """Say how a result attends."""
    tracks = live(result.tracks)
    counts = (len(tracks), sum(track.sounding for track in tracks), sum(track.heard_only for track in tracks))
    why, track = result.why.value, result.attended
    if where is None or track is None:
        return Attending(None, 0.0, 0.0, why, '' if where is None else where.frame_id, *counts)
    return Attending(track.id, where.azimuth(track.bearing), track.score, why, where.frame_id, *counts)
