"""Videos with a JSON of boxes beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.learning.measures.maps import Box
from ros2_avloc.learning.measuring.recorded import Annotated, AnnotatedMoment, spaced
from ros2_avloc.recordings.finding import open_recording
from ros2_avloc.recordings.recording import SECOND

LONGEST = 86_400.0
"""Latest time of a key frame, s."""


@dataclass(frozen=True)
class Sounding:
    """An object that sounds: its label, and its box at the times of key frames.

    Attributes
    ----------
    times
        s from the beginning of the file, rising, ``(n,)``.
    boxes
        Left, top, width, height as fractions of the frame, ``(n, 4)``.
    """

    label: str
    times: NDArray[np.float64]
    boxes: NDArray[np.float64]

    def box_at(self, time: float) -> Box | None:
        """Return the box at a time, linearly between key frames; ``None`` outside of them."""
        if not self.times[0] - 1e-3 <= time <= self.times[-1] + 1e-3:
            return None
        left, top, width, height = (float(np.interp(time, self.times, side)) for side in self.boxes.T)
        return left, top, width, height


def read_boxed_videos(path: Path) -> list[Annotated]:
    """Read videos with boxes.

    Parameters
    ----------
    path
        A JSON: a list of objects with ``file`` (relative to the JSON), ``label``, and ``key_frames``, a list
        of objects with ``time`` (s) and ``box`` (left, top, width, height as fractions of the frame). A file
        in which several things sound together stands in it several times. What is in it sounds from its
        first to its last key frame.

    Raises
    ------
    InputError
        If the JSON or a video cannot be read.
    """
    files: dict[str, list[Sounding]] = defaultdict(list)
    for entry in _entries(path):
        name, sounding = _sounding(path, entry)
        files[name].append(sounding)
    return [_annotated(path.parent / name, soundings) for name, soundings in files.items()]


def _entries(path: Path) -> Sequence[Any]:
    try:
        entries = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f'{path} cannot be read as JSON ({error}).') from error
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{path} is no list of videos with boxes; see docs/evaluation.md.')
    return entries


def _sounding(path: Path, entry: Any) -> tuple[str, Sounding]:
    try:
        keys = sorted((float(key['time']), [float(side) for side in key['box']])
                      for key in entry['key_frames'])
        times, boxes = np.array([time for time, _ in keys]), np.array([box for _, box in keys])
        name, label = str(entry['file']), str(entry['label'])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f'{path} has an entry that lacks file, label or key_frames with time and box, or '
                         f'has something else there ({error!r}); see docs/evaluation.md.') from error
    if boxes.shape != (len(keys), 4) or not keys or not _within(boxes):
        raise InputError(f'{path}: a box of {name} is not left, top, width and height as fractions of the '
                         'frame; see docs/evaluation.md.')
    if not ((times >= 0) & (times <= LONGEST)).all():
        raise InputError(f'{path}: a time of {name} is not in seconds, between 0 and {LONGEST:.0f}; see '
                         'docs/evaluation.md.')
    return name, Sounding(label, times, boxes)


def _within(boxes: NDArray[np.float64]) -> bool:
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    inside = (corners >= -0.01) & (corners <= 1.01)
    return bool(inside.all() and (boxes[:, 2:] > 0).all())


def _annotated(path: Path, soundings: Sequence[Sounding]) -> Annotated:
    recording = open_recording(path)
    if not len(recording.stamps):
        raise InputError(f'{path} has no pictures; leave it out.')
    seconds = [(one.times[0], one.times[-1]) for one in soundings]
    first, last = (recording.begin + round(time * SECOND)
                   for time in (min(start for start, _ in seconds), max(end for _, end in seconds)))
    moments = []
    for place in spaced(recording.stamps, first, last):
        time = (int(recording.stamps[place]) - recording.begin) / SECOND
        objects = [(one.label, one.box_at(time)) for one in soundings]
        there = tuple((label, box) for label, box in objects if box is not None)
        if there:
            moments.append(AnnotatedMoment(place, there, tuple(dict.fromkeys(label for label, _ in there))))
    return Annotated(recording, tuple(moments))
