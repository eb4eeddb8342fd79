"""Which moments of recordings are learned from.

A moment is a frame and the second of sound whose mid-point is the time of another frame of the same
recording, up to a second before or after ("Objects that Sound", sections 2 and 3). A pair is the frame of
one moment and the sound of another, or of the same one (`training.losses.Relations`). Networks that find an
easier way to tell pairs than looking and listening take it, so that nothing else may tell them:

- Every mid-point lies on a frame of its own recording, whether the pair corresponds or not: pieces of coded
  sound that are cut on such a grid sound a little different from others (the paper measures 5.7 % by that).
- The moments of a group are at the same place of their recordings: beginnings and ends look and sound alike.
- A pair that does not correspond is made by exchanging sounds within a group. So each frame and each sound,
  with its loudness, crop and shift, is as likely in a pair of one kind as in one of the other.

Places are shares of a recording's length. Where lengths differ, seconds from the beginning differ within a
group; recordings cut to one length are drawn at the same second too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.recordings.recording import SECOND, Stamps

Rng = np.random.Generator

VISITS = 8
"""Groups in a row that draw on the same recordings: a file is opened once for so many moments."""

STRETCH = 10 * SECOND
"""Part of a recording, in ns, that a round draws from: the length of the paper's clips."""

MISALIGNED = SECOND
"""By how much sound and frame differ at most, ns."""


@dataclass(frozen=True)
class Round:
    """What `VISITS` groups in a row draw on.

    Attributes
    ----------
    recordings
        Their numbers, int64 ``(group,)``; none is there twice before all are there once.
    places
        In recordings, 0 to 1, one for each group, float64 ``(VISITS,)``.
    """

    recordings: NDArray[np.int64]
    places: NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """What is drawn of a recording.

    Attributes
    ----------
    recording
        Its number.
    seen, heard
        Numbers among the frames that can be used: of the frame, and of that at the mid-point of the sound.
    """

    recording: int
    seen: int
    heard: int


def draw_round(lengths: NDArray[np.int64], group: int, rng: Rng) -> Round:
    """Draw recordings, all equally often, and places in them.

    Parameters
    ----------
    lengths
        Of all recordings, ns.
    group
        How many of them to draw.
    """
    recordings = np.resize(rng.permutation(len(lengths)), group)
    stretch = min(1.0, STRETCH / max(1, int(lengths[recordings].max())))
    begin = rng.uniform(0, 1 - stretch)
    return Round(recordings, begin + stretch * rng.random(VISITS))


def draw_moment(recording: int, usable: Stamps, place: float, rng: Rng) -> Moment:
    """Draw the moment at a place of a recording, whose `usable` frames have the given stamps."""
    time = usable[0] + round(place * (usable[-1] - usable[0]))
    seen = min(int(np.searchsorted(usable, time)), len(usable) - 1)
    first, last = np.searchsorted(usable, (usable[seen] - MISALIGNED, usable[seen] + MISALIGNED))
    return Moment(recording, seen, int(rng.integers(first, max(first + 1, last))))


def lengths_of(usable: Sequence[Stamps]) -> NDArray[np.int64]:
    """Return the time from the first usable frame of each recording to its last, ns."""
    return np.array([stamps[-1] - stamps[0] for stamps in usable], np.int64)
