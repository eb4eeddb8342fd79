"""One second of the timeline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
"""Rate of the timeline in Hz (Objects that Sound, section 2)."""

HOP = 240
"""Samples between two columns of the spectrogram: half of its 10 ms window."""

SOUND_SAMPLES = SAMPLE_RATE + HOP
"""Samples that 200 columns look at: one second, and half a column before it."""


@dataclass(frozen=True)
class Sound:
    """One second of the timeline, with the half column before it.

    Attributes
    ----------
    samples
        Mono, float32 ``(48240,)`` in [-1, 1]: the second is ``samples[240:]``.
    end
        Index on the timeline of the sample after the last one, a multiple of 240, so that
        the columns of successive spectrograms coincide.
    epoch
        Counts how often the timeline started anew; indices of two epochs cannot be compared.
    channels
        The same samples of each microphone of an array, float32 ``(48240, c)``; ``None`` where there is none.
    """

    samples: NDArray[np.float32]
    end: int
    epoch: int
    channels: NDArray[np.float32] | None = None

    @property
    def level(self) -> float:
        """Root mean square of the second in dB of full scale; −120 for silence."""
        square = float(np.mean(np.square(self.samples[HOP:], dtype=np.float64)))
        return 10.0 * math.log10(square + 1e-12)


class Missing(Enum):
    """Why the timeline cannot give a second of sound."""

    NO_AUDIO = auto()
    """Nothing was heard yet, or the second began before the first sample that is kept."""
    NOT_YET = auto()
    """The second ends after the last sample that has arrived."""
    HOLE = auto()
    """Samples of the second were lost on the way."""
