"""Chooses the one track that the robot should turn to. See docs/attention.md for the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ros2_avloc.attention.interest import Hearing, interest
from ros2_avloc.attention.regards import Regards
from ros2_avloc.attention.track import Track

LEAST_INTEREST = 0.1
"""What is of less interest holds no attention, even where there is nothing else."""

GLANCE = 10.0
"""Seconds: who attended to something else for no longer than that returns to what was attended before."""

BELIEVED = 0.6
"""What was attended before and is out of view is taken to sound on with at least this probability."""


class Why(Enum):
    """Why a track is attended, or none is."""

    BEST = 'the best of what sounds'
    RETURNED = 'again after a glance at something else'
    SILENT = 'nothing in view sounds'
    OVER = 'the sound has just ended'
    UNSURE = 'what sounds has not been seen often enough yet'
    USED_TO = 'what sounds has sounded on and on'
    NO_POSE = 'the transform to target_frame is missing'


@dataclass(frozen=True)
class _Holds:
    """What is attended, and since when; `after_glance` if it is the end of a glance."""

    id: int
    since: int
    after_glance: bool = False


class Attention:
    """Attends to one track at a time.

    Parameters
    ----------
    min_dwell
        Seconds for which the attended track stays attended while it sounds. May be changed at any time.
    switch_margin
        By how much a rival's interest must exceed the attended track's. May be changed at any time.

    Attributes
    ----------
    why
        Why the last choice was made.
    interests
        Interest in each track at the last choice, by id, 0 to 1.
    """

    def __init__(self, *, min_dwell: float, switch_margin: float) -> None:
        self.min_dwell = min_dwell
        self.switch_margin = switch_margin
        self.why = Why.SILENT
        self.interests: dict[int, float] = {}
        self._regards = Regards()
        self._holds: _Holds | None = None
        self._before: _Holds | None = None
        self._stamp: int | None = None

    def choose(self, stamp: int, tracks: Sequence[Track], hearing: Hearing | None = None) -> Track | None:
        """Choose among the tracks of a frame; ``None`` when none qualifies.

        Parameters
        ----------
        stamp
            Of the frame, ns.
        tracks
            All live tracks.
        hearing
            How the frame's second of sound sounds.
        """
        hearing = hearing or Hearing()
        self._grow(stamp, tracks, hearing)
        interests = self.interests = {track.id: interest(track, self._regards[track.id]) for track in tracks}
        candidates = [track for track in tracks if self._is_candidate(track, interests[track.id])]
        current = next((track for track in candidates if self._holds and track.id == self._holds.id), None)
        if hearing.over:
            return current or self._turn_to(None, stamp, Why.OVER if candidates else self._reason(tracks))
        best = max(candidates, key=lambda track: interests[track.id], default=None)
        if best is not None and current is not None and not (
                dwelt(stamp, self._since, self.min_dwell)
                and exceeds(interests[best.id], interests[current.id], self.switch_margin)):
            return current
        back = next((track for track in tracks if self._returns_to(track, stamp)), None)
        if back is not None and (best is None or current is None and not exceeds(
                interests[best.id], interests[back.id], self.switch_margin)):
            return self._turn_to(back, stamp, Why.RETURNED)
        return self._turn_to(best, stamp, self._reason(tracks) if best is None else Why.BEST)

    def start_over(self) -> None:
        """Forget all: the frame that tracks are told in is another one."""
        self._regards, self._holds, self._before = Regards(), None, None

    @property
    def _since(self) -> int:
        return self._holds.since if self._holds else 0

    def _grow(self, stamp: int, tracks: Sequence[Track], hearing: Hearing) -> None:
        if self._stamp is None or stamp < self._stamp:
            self._regards, self._before, self._stamp = Regards(), None, stamp
        seconds = (stamp - self._stamp) * 1e-9
        self._stamp = stamp
        self._regards.grow(tracks, hearing, seconds)

    def _is_candidate(self, track: Track, its_interest: float) -> bool:
        if its_interest < LEAST_INTEREST:
            return False
        holds = self._holds
        return track.sounding or (
            holds is not None and holds.after_glance and track.id == holds.id and sounds_unseen(track))

    def _returns_to(self, track: Track, stamp: int) -> bool:
        """Whether a track was attended before, sounds on, and was left for no longer than a glance."""
        before, holds = self._before, self._holds
        return (before is not None and track.id == before.id and (track.sounding or sounds_unseen(track))
                and (holds is None or track.id != holds.id) and glanced(stamp, before.since))

    def _turn_to(self, track: Track | None, stamp: int, why: Why) -> Track | None:
        """Attend to a track, and remember what was attended until now."""
        self.why = why
        if track is None:
            self._holds = None
            return None
        if why is Why.RETURNED:
            self._before = None
        elif self._holds is not None and self._holds.id != track.id:
            self._before = _Holds(self._holds.id, stamp)
        if self._holds is None or self._holds.id != track.id:
            self._holds = _Holds(track.id, stamp, why is Why.RETURNED)
        return track

    @staticmethod
    def _reason(tracks: Sequence[Track]) -> Why:
        if any(track.sounding for track in tracks):
            return Why.USED_TO
        return Why.UNSURE if any(track.source is not None for track in tracks) else Why.SILENT


def dwelt(stamp: int, since: int, min_dwell: float) -> bool:
    """Whether the attended track has been attended for long enough, or since a time that is yet to come."""
    return not 0 <= (stamp - since) * 1e-9 < min_dwell


def exceeds(rival: float, current: float, margin: float) -> bool:
    """Whether a rival's interest exceeds the attended track's by more than a margin."""
    return rival > current + margin


def glanced(stamp: int, left: int) -> bool:
    """Whether something was left for no longer than a glance at something else."""
    return 0 <= (stamp - left) * 1e-9 <= GLANCE


def sounds_unseen(track: Track) -> bool:
    """Whether a track out of view is believed to sound on."""
    return not track.in_view and track.confirmed and track.sounds >= BELIEVED
