"""Frames of an MPEG audio layer III stream: where they lie, and whether bytes are such a stream.

Header fields and tables: ISO/IEC 11172-3 section 2.4.1.3 (MPEG-1) and ISO/IEC 13818-3 section 2.4.2
(lower rates); MPEG-2.5 as every encoder writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Bytes = bytes | bytearray | memoryview

HEADER_BYTES = 4

LONGEST_FRAME = 1441
"""Bytes of the longest frame: 320 kbit/s at 32 kHz, padded."""

_HEADER = re.compile(rb'\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]', re.DOTALL)
_KILOBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KILOBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_1 = (44_100, 48_000, 32_000)
_MONO = 3


@dataclass(frozen=True)
class FrameHeader:
    """What the four bytes before a frame say: bytes with the header, samples per channel, rate, channels."""

    length: int
    samples: int
    sample_rate: int
    channels: int

    def of_one_stream(self, other: FrameHeader | None) -> bool:
        """Whether both can belong to one stream (the bit rate may vary)."""
        return (other is not None and self.sample_rate == other.sample_rate
                and self.samples == other.samples and self.channels == other.channels)


def frame_header(data: Bytes, at: int = 0) -> FrameHeader | None:
    """Read the header that begins at byte `at`; None where there is none, or not all of it."""
    if len(data) < at + HEADER_BYTES or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return None
    mpeg1 = version == 3
    sample_rate = _RATES_1[rate] >> (0 if mpeg1 else 1 if version == 2 else 2)
    bits = 1000 * (_KILOBITS_1 if mpeg1 else _KILOBITS_2)[bitrate]
    samples = 1152 if mpeg1 else 576
    length = samples // 8 * bits // sample_rate + (data[at + 2] >> 1 & 1)
    return FrameHeader(length, samples, sample_rate, 1 if data[at + 3] >> 6 == _MONO else 2)


def chained(data: Bytes, at: int, frames: int) -> bool:
    """Whether `frames` headers of one stream follow each other at the distance of a frame, from `at`."""
    first = frame_header(data, at)
    header = first
    for _ in range(frames):
        if header is None or not header.of_one_stream(first):
            return False
        at += header.length
        header = frame_header(data, at)
    return True


def find_chain(data: Bytes, frames: int) -> int | None:
    """Return the first byte from which `frames` headers are :func:`chained`, or None."""
    for match in _HEADER.finditer(data):
        if chained(data, match.start(), frames):
            return match.start()
    return None


def whole_frames(data: Bytes) -> bool:
    """Whether `data` is nothing but complete frames of one stream, as audio_capture sends them."""
    first = header = frame_header(data)
    at = 0
    while header is not None and header.of_one_stream(first):
        at += header.length
        header = frame_header(data, at)
    return at > 0 and at == len(data)


class Splitter:
    """Cuts a stream, fed in pieces of any length, into frames; finds its way back after damage."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._stream: FrameHeader | None = None
        self.unframed = 0
        """Bytes in a row that belong to no frame."""

    @property
    def pending(self) -> int:
        """Bytes held for a frame that is not complete."""
        return len(self._buffer)

    def feed(self, data: Bytes) -> list[tuple[FrameHeader, bytes]]:
        """Return the frames that `data` completes."""
        self._buffer += data
        frames: list[tuple[FrameHeader, bytes]] = []
        while (header := self._next_header()) is not None and len(self._buffer) >= header.length:
            frames.append((header, bytes(self._buffer[:header.length])))
            del self._buffer[:header.length]
            self.unframed = 0
        return frames

    def _next_header(self) -> FrameHeader | None:
        """Header at the front of the buffer, after what is no frame was thrown away."""
        if self._stream is not None:
            header = frame_header(self._buffer)
            if len(self._buffer) < HEADER_BYTES or self._stream.of_one_stream(header):
                return header
            self._stream = None
        start = find_chain(self._buffer, 2)
        if start is None:
            self._skip(max(0, len(self._buffer) - LONGEST_FRAME - HEADER_BYTES))
            return None
        self._skip(start)
        self._stream = frame_header(self._buffer)
        return self._stream

    def _skip(self, count: int) -> None:
        self.unframed += count
        del self._buffer[:count]
