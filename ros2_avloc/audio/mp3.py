"""Decoding of mp3, as audio_capture sends it by default: a stream that is cut anywhere."""

from __future__ import annotations

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError
from numpy.typing import NDArray

from ros2_avloc.audio.decoded import Decoded
from ros2_avloc.audio.mp3_frames import Bytes, FrameHeader, Splitter
from ros2_avloc.errors import InputError

CODEC_DELAY = 576 + 529
"""Samples by which what comes out of the decoder lags behind what went into the encoder at the same
place of the stream: LAME's encoder delay and the decoder's (LAME, tech-FAQ; a test measures it)."""

NO_FRAME_LIMIT = 8192
"""Bytes without a frame after which a stream is called no mp3: more than a second at 64 kbit/s."""


def _codec() -> AudioCodecContext:
    codec = av.CodecContext.create('mp3float', 'r')
    assert isinstance(codec, AudioCodecContext)
    return codec


class Mp3Decoder:
    """Decodes a stream of chunks, cut at any byte and joined at any time.

    Time is kept by counting bytes: a chunk begins where the last one ended, in samples of the frames
    before it plus the part of a frame that its bytes make up. That is exact for whole frames and
    for a constant bit rate; within a frame it is off by less than a frame for a variable one.
    """

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._codec = _codec()
        self._stream: FrameHeader | None = None

    def decode(self, data: Bytes) -> Decoded:
        """Decode what is complete.

        A frame that is damaged is left out; its time is missing then, as that of a lost chunk is.

        Raises
        ------
        InputError
            If `data` is empty, or if there was no mp3 frame for long.
        """
        if len(data) == 0:
            raise InputError('An audio chunk is empty: look at the audio driver.')
        frames = self._splitter.feed(data)
        if not frames and self._splitter.unframed > NO_FRAME_LIMIT:
            raise InputError(f'The audio is said to be mp3, but no mp3 frame is in its last '
                             f'{self._splitter.unframed} bytes: set audio.format to the sample format '
                             f'that the driver uses, such as S16LE.')
        if frames:
            self._follow(frames[-1][0])
        return self._decoded([self._samples(frame) for header, frame in frames
                              if header.of_one_stream(self._stream)], len(data))

    def _follow(self, header: FrameHeader) -> None:
        """Take a new decoder where the stream changes its rate or channels."""
        if self._stream is not None and not header.of_one_stream(self._stream):
            self._codec = _codec()
        self._stream = header

    def _samples(self, frame: bytes) -> NDArray[np.float32]:
        """Decode a frame to ``(n, channels)``; n is 0 where it is damaged."""
        try:
            blocks = [block.to_ndarray().T for block in self._codec.decode(av.Packet(frame))]
        except FFmpegError:
            blocks = []
        return np.concatenate(blocks) if blocks else np.empty((0, self._channels), np.float32)

    @property
    def _channels(self) -> int:
        return self._stream.channels if self._stream else 1

    def _decoded(self, blocks: list[NDArray[np.float32]], count: int) -> Decoded:
        samples = np.concatenate(blocks) if blocks else np.empty((0, self._channels), np.float32)
        if self._stream is None or not len(samples):
            return Decoded(samples, 0, 0, 0)
        per_byte = self._stream.samples / self._stream.length
        end = len(samples) + self._splitter.pending * per_byte + CODEC_DELAY
        return Decoded(np.clip(samples, -1, 1), self._stream.sample_rate, end - count * per_byte, end)
