"""Any sample rate becomes 48 kHz, chunk by chunk, without clicks at their borders."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE


class Resampler:
    """A stream of samples at 48 kHz.

    soxr ('HQ', linear phase) gives its output aligned with its input: output sample k belongs to
    input sample k * rate / 48000 from the first one on, so that no delay is left to subtract. It
    holds back what it cannot compute yet: at most 40 ms of sound from 16 kHz up, 0.18 s at 8 kHz,
    nothing at 48 kHz.

    Parameters
    ----------
    sample_rate
        Rate of the input in Hz.
    channels
        Their number, which changes nothing of when what comes out. They stay together.
    """

    def __init__(self, sample_rate: int, channels: int = 1) -> None:
        self.sample_rate = sample_rate
        self._stream: soxr.ResampleStream | None = None
        if sample_rate != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, channels)

    def resample(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Feed float32 ``(n,)`` or ``(n, channels)``, return the ``(m, …)`` at 48 kHz that it completes."""
        if self._stream is None:
            return samples
        completed: NDArray[np.float32] = self._stream.resample_chunk(samples)
        return completed
