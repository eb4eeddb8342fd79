"""One sound without gaps from seconds that overlap, for a video."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, Sound
from ros2_avloc.recordings.recording import SECOND

APART = SAMPLE_RATE // 50
"""Samples by which the sound may be early or late before it is put right: 20 ms, which nobody hears."""


class Soundtrack:
    """Puts seconds one after another, each without what was heard before; what lacks is silent.

    Parameters
    ----------
    begin
        When it begins, ns.
    """

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._written = 0
        self._last: Sound | None = None

    def add(self, sound: Sound, until: int) -> Iterator[NDArray[np.float32]]:
        """Take the second that ends at a time (ns), and give what follows what was given before, in parts.

        Within a stretch without a gap samples are counted, as times would be a sample early or late. Where a
        clock that drifts has made count and time differ by more than `APART`, time is right.
        """
        second, last = sound.samples[HOP:], self._last
        self._last = sound
        lacking = max(0, (until - self._begin) * SAMPLE_RATE // SECOND - self._written)
        if last is not None and last.epoch == sound.epoch:
            counted = max(0, sound.end - last.end)
            if counted <= len(second) and abs(counted - lacking) <= APART:
                lacking = counted
        self._written += lacking
        for silent in range(lacking - len(second), 0, -SAMPLE_RATE):
            yield np.zeros(min(silent, SAMPLE_RATE), np.float32)
        if lacking:
            yield second[-lacking:]
