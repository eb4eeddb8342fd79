"""What the diagnostics say of attention: to which track, or why to none."""

from __future__ import annotations

from dataclasses import dataclass

from ros2_avloc.attention.attention import Why
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
        Why nothing is attended; empty where something is.
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
    track = result.attended
    if where is None or track is None:
        why = 'the pose of the camera is not known' if where is None else _why(result)
        return Attending(None, 0.0, 0.0, why, '' if where is None else where.frame_id, *counts)
    return Attending(track.id, where.azimuth(track.bearing), track.score, '', where.frame_id, *counts)


def _why(result: Result) -> str:
    if result.why is Why.USED_TO:
        return result.why.value
    if not result.tracks:
        return 'nothing sounds in view'
    if not live(result.tracks):
        return 'what sounds has not sounded for long enough'
    return 'what has sounded is silent'
