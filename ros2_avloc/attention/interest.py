"""How interesting a track is: each rule a function of its own. See docs/attention.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.track import Track

QUIETEST, LOUDEST = -60.0, -20.0
"""Chosen, as all constants here are, for the story that docs/attention.md tells and draws.
Levels in dB of full scale between which loudness rises from 0 to 1."""

LOUDER = 1.0
"""Seconds in which the loudness of a track follows the level."""

LOUDNESS, NOVELTY = 0.15, 0.15
"""Parts of the interest that only what is loud, and only what is new, can have."""

STALE_AFTER, FRESH_AFTER = 3.0, 6.0
"""Seconds of sound in which the novelty of a track falls to 1/e, and of silence in which it comes back."""

USED_TO, RECOVERS = 15.0, 20.0
"""Seconds of an even sound in which habituation comes to 1 - 1/e, and of silence in which it goes again."""

EVEN, LIVELY = 2.0, 6.0
"""Spread in dB of the levels within a second, up to which a sound is even, and from which it is lively."""

LIVELY_PACE = 0.25
"""Pace of habituation to a lively sound, as a part of that to an even one."""

OVER, QUIETER = 0.4, 20.0
"""Seconds at a window's end, and by how many dB they are quieter than its loudest part where its sound is
over: not so long that the last of a sound holds the attention, not so short that a pause in speech counts."""

_PARTS = 20
"""Parts of a second whose levels are compared."""


@dataclass(frozen=True)
class Hearing:
    """How a second sounds.

    Attributes
    ----------
    level
        dB of full scale.
    pace
        At which one gets used to it: 1 for an even sound, less for a lively one.
    over
        Whether it has ended: what is seen to sound in this second does so no longer.
    """

    level: float = LOUDEST
    pace: float = 1.0
    over: bool = False


@dataclass(frozen=True)
class Regard:
    """What attention remembers of a track.

    Attributes
    ----------
    loudness
        0 to 1, of the sound while the track sounded; with one microphone it is that of all there is to hear.
    stale
        0 for what has just begun to sound, 1 for what has sounded for a while.
    habituation
        0 to 1: how used one is to it.
    """

    loudness: float
    stale: float = 0.0
    habituation: float = 0.0


def hear(samples: NDArray[np.float32]) -> Hearing:
    """Return how a sound sounds, float32 ``(n,)``."""
    parts = samples[:len(samples) // _PARTS * _PARTS].reshape(_PARTS, -1)
    powers = np.einsum('pn,pn->p', parts, parts).astype(np.float64) / parts.shape[1]
    levels = 10.0 * np.log10(powers + 1e-12)
    level = 10.0 * math.log10(float(powers.mean()) + 1e-12)
    return Hearing(level, pace_of(float(levels.std())), is_over(levels))


def is_over(levels: NDArray[np.float64]) -> bool:
    """Whether a second whose parts have these levels in dB ends in silence."""
    last = round(OVER * len(levels))
    return bool(levels[-last:].max() < levels.max() - QUIETER)


def pace_of(spread: float) -> float:
    """Pace of habituation to a sound whose level varies by so many dB within a second."""
    return 1.0 - (1.0 - LIVELY_PACE) * _share(spread, EVEN, LIVELY)


def loudness_of(level: float) -> float:
    """Loudness from 0 to 1 of a level in dB of full scale."""
    return _share(level, QUIETEST, LOUDEST)


def grown(regard: Regard | None, *, sounds: bool, hearing: Hearing, seconds: float) -> Regard:
    """Return what is remembered of a track so many seconds later, in which it sounded or was silent."""
    loudness = loudness_of(hearing.level)
    if regard is None:
        return Regard(loudness)
    if not sounds:
        return Regard(regard.loudness, towards(regard.stale, 0.0, seconds / FRESH_AFTER),
                      towards(regard.habituation, 0.0, seconds / RECOVERS))
    return Regard(towards(regard.loudness, loudness, seconds / LOUDER),
                  towards(regard.stale, 1.0, seconds / STALE_AFTER),
                  towards(regard.habituation, 1.0, hearing.pace * seconds / USED_TO))


def _share(value: float, none: float, whole: float) -> float:
    """Return how far a value has come from one to the other, 0 to 1."""
    return min(max((value - none) / (whole - none), 0.0), 1.0)


def towards(value: float, end: float, time: float) -> float:
    """Let a value come nearer to an end, to 1/e of the way that is left within a time of 1."""
    return end + (value - end) * math.exp(-time)


def interest(track: Track, regard: Regard) -> float:
    """Interest in a track, 0 to 1: by existence and probability, loudness, novelty and habituation."""
    weight = 1.0 - LOUDNESS * (1.0 - regard.loudness) - NOVELTY * regard.stale
    return track.score * weight * (1.0 - regard.habituation)
