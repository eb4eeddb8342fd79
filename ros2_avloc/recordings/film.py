"""A video of pictures made of a recording, with its sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.recording import SECOND, Recording
from ros2_avloc.recordings.soundtrack import Soundtrack
from ros2_avloc.recordings.video import VideoWriter

STEP = SECOND // 10
"""ns of sound that are appended at once."""


class Film:
    """A video file that is begun with its first picture, whose size it has.

    Parameters
    ----------
    path
        Of the file, see `VideoWriter`.
    rate
        Nominal pictures per second.
    recording
        Whose sound is heard, as far as it can be read.
    """

    def __init__(self, path: Path, rate: float, recording: Recording) -> None:
        self._path, self._rate, self._recording = path, rate, recording
        self._video: VideoWriter | None = None
        self._size = (0, 0)

    def show(self, bgr: NDArray[np.uint8], stamp: int) -> None:
        """Append a picture, uint8 ``(H, W, 3)``, at a time (ns); one of another size is stretched.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        size = bgr.shape[1], bgr.shape[0]
        if self._video is None:
            self._size = size
            self._video = VideoWriter(self._path, *size, self._rate, sound=True)
            self._sound = self._seconds(stamp)
            self._ahead = next(self._sound, None)
            self._track = Soundtrack(stamp)
        if size != self._size:
            bgr = np.asarray(cv2.resize(bgr, self._size), np.uint8)
        self._video.write(bgr, stamp)
        self._hear(stamp)

    def _hear(self, until: int) -> None:
        """Append the sound up to a time (ns), and a little more."""
        while self._video is not None and self._ahead is not None and self._ahead[0] <= until + STEP:
            for samples in self._track.add(self._ahead[1], self._ahead[0]):
                self._video.hear(samples)
            self._ahead = next(self._sound, None)

    def _seconds(self, begin: int) -> Iterator[tuple[int, Sound]]:
        """Give seconds that overlap, each with the time (ns) at which it ends; silence is left out."""
        untils = range(begin + STEP, int(self._recording.stamps[-1]) + SECOND, STEP)
        with suppress(InputError):
            for until, sound in zip(untils, self._recording.sounds(untils), strict=True):
                if isinstance(sound, Sound):
                    yield until, sound

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._video is not None:
            self._video.close()
