"""Video files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.writing import writing

TICKS_PER_SECOND = 90_000
"""Time base of the video stream, MPEG's own."""


class VideoWriter:
    """Write frames with their times into an H.264 file that every player shows.

    Parameters
    ----------
    path
        The file; its ending chooses the container, ``.mp4`` as a rule.
    width, height
        Size of the frames in pixels; an odd row or column is cut off, as 4:2:0 colour asks.
    rate
        Nominal frames per second.
    sound
        Whether there will be sound, mono at 48 kHz.

    Raises
    ------
    InputError
        If the file cannot be made or written, or its ending names no container.
    """

    def __init__(self, path: Path, width: int, height: int, rate: float, *, sound: bool = False) -> None:
        self._path = path
        try:
            path.touch()  # PyAV opens the file with the first frame only
            self._container = av.open(str(path), 'w')
        except (OSError, ValueError) as error:
            raise InputError(f'The video {path} cannot be written ({error}); '
                             'choose another place, and a name that ends in .mp4.') from error
        self._stream = self._container.add_stream('libx264', rate=Fraction(rate).limit_denominator(1000))
        self._stream.width, self._stream.height = width - width % 2, height - height % 2
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        self._stream.options = {'preset': 'veryfast', 'crf': '22'}
        self._sound: Any = None
        if sound:
            self._sound = self._container.add_stream('aac', rate=SAMPLE_RATE, layout='mono')
        self._heard = 0
        self._first: int | None = None
        self._tick = -1

    def write(self, bgr: NDArray[np.uint8], stamp: int) -> None:
        """Append a frame.

        Parameters
        ----------
        bgr
            uint8 ``(height, width, 3)``, blue first.
        stamp
            Its time in ns; later than the frame before.
        """
        if self._first is None:
            self._first = stamp
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(bgr[: self._stream.height, : self._stream.width]), format='bgr24'
        )
        self._tick = max((stamp - self._first) * TICKS_PER_SECOND // 1_000_000_000, self._tick + 1)
        frame.pts, frame.time_base = self._tick, Fraction(1, TICKS_PER_SECOND)
        self._mux(self._stream, frame)

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Append sound, float32 ``(n,)`` in [-1, 1]; the first sample is heard with the first frame."""
        if self._sound is None or not len(samples):
            return
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format='fltp', layout='mono')
        block.sample_rate, block.time_base, block.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), self._heard
        self._heard += len(samples)
        self._mux(self._sound, block)

    def close(self) -> None:
        """Finish the file."""
        try:
            for stream in filter(None, (self._stream, self._sound)):
                self._mux(stream, None)
        finally:
            with self._writing():
                self._container.close()

    def _mux(self, stream: Any, frame: Any) -> None:
        with self._writing():
            self._container.mux(stream.encode(frame))

    def _writing(self) -> AbstractContextManager[None]:
        return writing(f'The video {self._path}', av.FFmpegError)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
