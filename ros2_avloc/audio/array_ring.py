"""The channels of an array, beside the mono samples of the timeline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.resampler import Resampler
from ros2_avloc.audio.ring import Ring


class ArrayRing:
    """The last seconds of several channels at 48 kHz.

    Fed block by block with as many samples as the ring of the mono samples, it has the same indices.

    Parameters
    ----------
    capacity
        Samples that are kept of each channel.
    sample_rate
        Rate of the input in Hz.
    channels
        Their number.
    """

    def __init__(self, capacity: int, sample_rate: int, channels: int) -> None:
        self._channels = channels
        self._resampler = Resampler(sample_rate, channels)
        self._ring = Ring(capacity, (channels,))

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append float32 ``(n, channels)`` at the rate of the input."""
        self._ring.write(self._resampler.resample(samples))

    def write_silence(self, count: int) -> None:
        """Append `count` samples of silence at the rate of the input, in place of what was lost."""
        self.write(np.zeros((count, self._channels), np.float32))

    def read(self, begin: int, end: int) -> NDArray[np.float32]:
        """Copy the samples from `begin` to before `end`, which must be kept: float32 ``(m, channels)``."""
        return self._ring.read(begin, end)
