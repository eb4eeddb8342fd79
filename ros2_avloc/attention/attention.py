"""Chooses the one track that the robot should turn to."""

from __future__ import annotations

from collections.abc import Sequence

from ros2_avloc.attention.tracker import Track


class Attention:
    """Attends to one track at a time.

    Parameters
    ----------
    min_dwell
        Seconds for which the attended track stays attended while it sounds. May be changed at any time.
    switch_margin
        By how much a rival's score must exceed the attended track's. May be changed at any time.
    """

    def __init__(self, *, min_dwell: float, switch_margin: float) -> None:
        self.min_dwell = min_dwell
        self.switch_margin = switch_margin
        self._attended: int | None = None
        self._since = 0

    def choose(self, stamp: int, tracks: Sequence[Track]) -> Track | None:
        """Choose among the tracks of a frame; ``None`` when none qualifies.

        Parameters
        ----------
        stamp
            Of the frame, ns.
        tracks
            All live tracks.
        """
        candidates = [track for track in tracks if track.sounding]
        current = next((track for track in candidates if track.id == self._attended), None)
        best = max(candidates, key=lambda track: track.score, default=None)
        if best is not None and current is not None and not (
            dwelt(stamp, self._since, self.min_dwell) and exceeds(best, current, self.switch_margin)
        ):
            return current
        if best is not None:
            self._since = stamp
        self._attended = best.id if best is not None else None
        return best


def dwelt(stamp: int, since: int, min_dwell: float) -> bool:
    """Whether the attended track has been attended for long enough, or since a time that is yet to come."""
    return not 0 <= (stamp - since) * 1e-9 < min_dwell


def exceeds(rival: Track, current: Track, margin: float) -> bool:
    """Whether a rival is better than the attended track by more than a margin."""
    return rival.score > current.score + margin
