"""A chunk of audio as it arrives, and the format it is in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AudioFormat:
    """How the bytes of a chunk are to be read.

    Attributes
    ----------
    coding
        ``'pcm'`` or ``'mp3'``.
    sample_format
        For PCM: ``'U8'``, ``'S8'``, ``'S16LE'``, ``'S16BE'``, ``'S24LE'``, ``'S24BE'``, ``'S32LE'``,
        ``'S32BE'``, ``'F32LE'`` or ``'F32BE'`` (GStreamer's names, as audio_capture gives them).
        Ignored for mp3.
    sample_rate
        Samples per second and channel. For mp3 the stream says it; this value is ignored.
    channels
        Interleaved channels. For mp3 the stream says it; this value is ignored.
    """

    coding: str
    sample_format: str
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Chunk:
    """A block of audio as one message brought it.

    Attributes
    ----------
    data
        The bytes of the message, PCM or mp3 (any object with the buffer protocol).
    format
        How to read them.
    stamp
        ROS time of the chunk in ns (of its first or last sample, see ``stamp_at``),
        or ``None`` where the message has no header.
    arrival
        ROS time in ns at which the message was received.
    """

    data: bytes | memoryview | NDArray[np.generic]
    format: AudioFormat
    stamp: int | None
    arrival: int
