"""What a decoder makes of a chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.mp3_frames import Bytes


@dataclass(frozen=True)
class Decoded:
    """Samples of a chunk, and where among them the chunk begins and ends in time.

    Attributes
    ----------
    samples
        float32 ``(n, channels)``; may be read-only; n may be 0 where a codec needs more bytes.
    sample_rate
        In Hz.
    begin, end
        Positions, in samples from ``samples[0]``, that were recorded when the chunk began and ended.
        0 and n for PCM; a codec's delay shifts both.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    begin: float
    end: float


class Decoder(Protocol):
    """Turns the chunks of one stream into samples."""

    def decode(self, data: Bytes) -> Decoded:
        """Decode the next chunk; raise InputError if it cannot be used."""
        ...
