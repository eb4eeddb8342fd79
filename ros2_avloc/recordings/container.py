"""Opening video files, and time in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.recording import SECOND

BEGIN = SECOND
"""Stamp of the beginning of a video file: one second, because in ROS a stamp of 0 is none."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file for reading; whatever FFmpeg finds wrong while it is open becomes one sentence.

    Raises
    ------
    InputError
        If it cannot be opened, or what is decoded is damaged.
    """
    try:
        with av.open(str(path)) as container:
            for stream in container.streams.video:
                stream.codec_context.thread_count = 1  # several processes decode at once
            yield container
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise InputError(f'{path} cannot be read as a video ({reason}); '
                         'replace the file or leave it out.') from error


def video_stream(container: Any) -> Any:
    """Return the first stream of moving pictures (not a cover), or ``None``."""
    moving = (stream for stream in container.streams.video if not stream.disposition & _COVER)
    return next(moving, None)


def audio_stream(container: Any) -> Any:
    """Return the first stream of sound, or ``None``."""
    return next(iter(container.streams.audio), None)


_COVER = av.stream.Disposition.attached_pic


def zero_of(container: Any) -> Fraction:
    """Return the time of the container, in seconds, at which the file begins."""
    return max(Fraction(container.start_time or 0, av.time_base), Fraction(0))


def stamp_of(pts: int, time_base: Fraction, zero: Fraction) -> int:
    """Return the stamp, in ns, of a presentation time."""
    return BEGIN + round((pts * time_base - zero) * SECOND)
