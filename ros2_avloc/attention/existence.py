"""Whether a track is there, and whether it sounds.

A track sounds, is silent, or is gone: the second Markov chain of Musicki, Evans & Stankovic ("Integrated
probabilistic data association", IEEE Trans. Automatic Control 39(6), 1994), in which what exists need not be
observable. In place of their clutter densities stand the calibrated probabilities of the heatmap: seen with
probability p, the odds that a track sounds grow by p / (1 - p). Successive windows share most of their
second of sound, so that a frame counts as a part of a look only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SOUNDS, SILENT, STAYS = 4.0, 4.0, 8.0
"""Mean seconds for which a thing sounds, is silent, and stays while it is in view and silent.
Chosen, of the order of what a voice or a bell does."""

UNWATCHED = 0.3
"""Pace at which belief in what is out of view goes, where nothing tells that its sound has ended. Chosen, so
that what surely sounded is believed to (`attention.BELIEVED`) for nine seconds: a glance takes up to ten."""

LOOKS = 10.0
"""Looks that a second of frames is worth. Chosen, so that three frames at ten a second decide. Fewer
are independent, as `python -m benchmark.attention` prints; with so few attention would come later."""

MOST_CERTAIN = 0.95
"""No single look is more certain than this. Chosen: one window in twenty may be wrong however sure."""

MISSED = 0.25
"""Probability that what is in view sounds, where other things are seen to sound and it is not.
Chosen: two may sound at once, of which the louder hides the other."""

LEAST_CERTAIN = 0.02
"""No single look says with less than this probability that something sounds.
Chosen, as `MOST_CERTAIN`."""

MOST_SURE = 0.9
"""However often a track was seen, it is no surer than this to sound: it may end at any time.
Chosen: it falls below `track.ENDS` within three looks that see nothing."""

FIRST = 0.5
"""Part of its first source's probability with which a track begins to exist. Chosen: one look is no proof."""


@dataclass(frozen=True)
class Presence:
    """Probabilities.

    Attributes
    ----------
    sounds
        That it is there and sounds.
    silent
        That it is there and silent.
    """

    sounds: float
    silent: float = 0.0

    @property
    def existence(self) -> float:
        """That it is there."""
        return self.sounds + self.silent


def first(probability: float) -> Presence:
    """Return what is known of a track after its first source, which had this probability."""
    return Presence(FIRST * probability)


def pass_time(presence: Presence, seconds: float, *, in_view: bool = True) -> Presence:
    """Let time pass: what sounds may fall silent, what is silent may sound again."""
    at_rest = presence.existence * SOUNDS / (SOUNDS + SILENT)
    pace = 1.0 if in_view else UNWATCHED
    kept = math.exp(-pace * seconds * (1 / SOUNDS + 1 / SILENT))
    sounds = at_rest + kept * (presence.sounds - at_rest)
    return Presence(sounds, presence.existence - sounds)


def seen(presence: Presence, probability: float, seconds: float) -> Presence:
    """Take in that it was seen to sound with a probability, so long after the last frame."""
    certain = min(max(probability, LEAST_CERTAIN), MOST_CERTAIN)
    return _weighed(presence, (certain / (1.0 - certain)) ** _looks(seconds))


def unseen(presence: Presence, correspondence: float, seconds: float) -> Presence:
    """Take in that it was in view and not seen to sound, where anything did with this probability."""
    at_most = max(min(correspondence, MISSED), LEAST_CERTAIN)
    weighed = _weighed(presence, (at_most / (1.0 - at_most)) ** _looks(seconds))
    stays = math.exp(-seconds / STAYS)
    return Presence(stays * weighed.sounds, stays * weighed.silent)


def _looks(seconds: float) -> float:
    return min(1.0, LOOKS * seconds)


def _weighed(presence: Presence, weight: float) -> Presence:
    """Multiply the odds that it sounds by a weight."""
    total = 1.0 + presence.sounds * (weight - 1.0)
    sounds, silent = presence.sounds * weight / total, presence.silent / total
    over = max(0.0, sounds - MOST_SURE)
    return Presence(sounds - over, silent + over)
