"""One sound without gaps from the seconds that belong to frames, for a video that shows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, Sound
from ros2_avloc.recordings.recording import SECOND


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

    def add(self, sound: Sound, until: int) -> NDArray[np.float32]:
        """Take the second that ends at a time (ns), and return what follows what was returned before.

        Within a stretch without a gap samples are counted, as times would be a sample early or late.
        """
        second, last = sound.samples[HOP:], self._last
        self._last = sound
        if last is not None and last.epoch == sound.epoch and sound.end - last.end <= len(second):
            new = second[len(second) - max(0, sound.end - last.end):]
        else:
            new = self._placed(second, until)
        self._written += len(new)
        return new

    def _placed(self, second: NDArray[np.float32], until: int) -> NDArray[np.float32]:
        end = (until - self._begin) * SAMPLE_RATE // SECOND
        lacking = max(0, end - self._written)
        return np.pad(second[-lacking:] if lacking else second[:0], (max(0, lacking - len(second)), 0))
