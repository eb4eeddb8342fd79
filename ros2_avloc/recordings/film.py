"""A video of pictures with the seconds of sound that belong to them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.recordings.soundtrack import Soundtrack
from ros2_avloc.recordings.video import VideoWriter


class Film:
    """A video file that is begun with its first picture, whose size it has.

    Parameters
    ----------
    path
        Of the file, see `VideoWriter`.
    rate
        Nominal pictures per second.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._begun: tuple[VideoWriter, Soundtrack] | None = None
        self._size = (0, 0)

    def show(self, bgr: NDArray[np.uint8], stamp: int) -> None:
        """Append a picture, uint8 ``(H, W, 3)``, at a time (ns); one of another size is stretched.

        Raises
        ------
        InputError
            If the file cannot be made.
        """
        size = bgr.shape[1], bgr.shape[0]
        if self._begun is None:
            self._size = size
            self._begun = VideoWriter(self._path, *size, self._rate, sound=True), Soundtrack(stamp)
        if size != self._size:
            bgr = np.asarray(cv2.resize(bgr, self._size), np.uint8)
        self._begun[0].write(bgr, stamp)

    def hear(self, sound: Sound, until: int) -> None:
        """Append what is new in the second that ends at a time (ns); nothing before the first picture."""
        if self._begun is not None:
            video, track = self._begun
            video.hear(track.add(sound, until))

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begun is not None:
            self._begun[0].close()
