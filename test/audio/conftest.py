from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def encode_mp3() -> Callable[..., list[bytes]]:
    """Encoder of int16 ``(channels, n)`` to the frames of an mp3 stream, through LAME."""

    def encode(samples: NDArray[np.int16], rate: int, bit_rate: int = 128_000) -> list[bytes]:
        layout = 'mono' if len(samples) == 1 else 'stereo'
        codec = av.CodecContext.create('libmp3lame', 'w')
        codec.sample_rate, codec.format, codec.layout = rate, 's16p', layout
        codec.bit_rate, codec.time_base = bit_rate, Fraction(1, rate)
        codec.open()
        packets = []
        for start in range(0, samples.shape[1] - codec.frame_size + 1, codec.frame_size):
            block = np.ascontiguousarray(samples[:, start:start + codec.frame_size])
            frame = av.AudioFrame.from_ndarray(block, format='s16p', layout=layout)
            frame.sample_rate, frame.pts = rate, start
            packets += codec.encode(frame)
        return [bytes(packet) for packet in packets + codec.encode(None)]

    return encode
