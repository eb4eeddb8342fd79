"""Decoded audio on its way into the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

StampSource = Literal['header', 'arrival']


@dataclass(frozen=True)
class Block:
    """Mono audio at the rate at which it came, and the time of one place in it.

    Attributes
    ----------
    samples
        float32 ``(n,)``, n > 0.
    sample_rate
        In Hz.
    time
        ROS time in ns of position `position`.
    position
        Where in the block `time` belongs, in samples from its first (may lie outside).
    arrival
        ROS time in ns at which the block was received.
    stamp_source
        Whether `time` comes from a header or is the arrival.
    channels
        The same samples of each microphone of an array, float32 ``(n, c)``; ``None`` where there is none.
        All blocks of a stream have as many.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    time: int
    position: float
    arrival: int
    stamp_source: StampSource
    channels: NDArray[np.float32] | None = None

    @property
    def length(self) -> float:
        """In seconds."""
        return len(self.samples) / self.sample_rate
