"""What a timeline has heard in the course of a whole recording, kept on disk."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Missing, Sound
from ros2_avloc.recordings.recording import SECOND, Stamps
from ros2_avloc.recordings.writing import writing

_HOP_NS = HOP * SECOND // SAMPLE_RATE
_STEP = SECOND // 2
"""ns between two looks at a timeline that is heard without a gap."""

KEPT = 'The sound of a recording, which is kept in a temporary file (TMPDIR says where),'
"""What a tape is to a person."""


@dataclass
class _Stretch:
    """Audio without a gap: samples of the timeline, where they lie in the file, and what time they are.

    Attributes
    ----------
    epoch
        Of the timeline.
    begin, end
        Indices on the timeline.
    offset
        Place of sample `begin` in the file.
    times, indices
        Points of the clock's line as it was when the sound was heard, both rising.
    """

    epoch: int
    begin: int
    end: int
    offset: int
    times: list[int] = field(default_factory=list)
    indices: list[float] = field(default_factory=list)


class Tape:
    """Listens to a timeline while a recording is replayed, and gives any second of it later.

    A second is what `Timeline.second` gave as soon as it was complete: with the clock as it was known then,
    with its losses. The samples lie in a temporary file that nobody else sees.
    """

    def __init__(self, hearing: Hearing) -> None:
        self._timeline = hearing.timeline
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the tape)
        self._stretches: list[_Stretch] = []
        self._open: _Stretch | None = None
        self._written = 0
        self._asked: int | None = None
        self._epoch = -1
        self._samples: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def begin(self) -> int:
        """Time (ns) up to which the first second was heard; 0 where none was."""
        return self._stretches[0].times[0] if self._stretches else 0

    def follow(self) -> None:
        """Take down what the timeline has heard since the last call."""
        latest, epoch = self._timeline.latest, self._timeline.status.restarts
        if latest is None:
            return
        if self._asked is None or epoch != self._epoch:
            self._asked, self._epoch, self._open = latest - 10 * SECOND, epoch, None
        while self._asked < latest:
            step = _HOP_NS if self._open is None else _STEP
            self._asked = min(self._asked + step, latest)
            self._take(self._asked, self._timeline.second(self._asked))

    def finish(self) -> None:
        """Make all that was taken down readable; nothing is taken down afterwards."""
        if self._asked is not None:
            self._note_time(self._asked + _HOP_NS)
        with writing(KEPT):
            self._file.flush()
        if self._written:
            self._samples = np.memmap(self._file, np.float32, 'r', shape=(self._written,))

    def audible(self, untils: Stamps) -> NDArray[np.bool_]:
        """Say of each time whether the second that ends then was heard."""
        found = np.zeros(len(untils), np.bool_)
        for stretch in self._stretches:
            found |= _reaches(stretch, np.asarray(untils, np.int64))
        return found

    def second(self, until: int) -> Sound | Missing:
        """Give the second that ends at a time (ns), or say why it cannot be had."""
        for stretch in self._stretches:
            if _reaches(stretch, np.array([until]))[0]:
                end = int(_end_at(stretch, np.array([until]))[0])
                place = stretch.offset + end - stretch.begin
                return Sound(np.array(self._samples[place - SOUND_SAMPLES:place]), end, stretch.epoch)
        if not self._stretches or until < self._stretches[0].times[0]:
            return Missing.NO_AUDIO
        return Missing.NOT_YET if until > self._stretches[-1].times[-1] else Missing.HOLE

    def _take(self, until: int, second: Sound | Missing) -> None:
        if isinstance(second, Missing):
            self._note_time(until)
            self._open = None
            return
        if self._open is None:
            begin = second.end - SOUND_SAMPLES
            self._open = _Stretch(second.epoch, begin, begin, self._written)
            self._stretches.append(self._open)
            self._note_time(until - _HOP_NS)
        stretch = self._open
        new = second.samples[SOUND_SAMPLES - (second.end - stretch.end):] if second.end > stretch.end else ()
        with writing(KEPT):
            self._file.write(np.asarray(new, np.float32).tobytes())
        self._written += len(new)
        stretch.end = max(stretch.end, second.end)
        self._note_time(until)

    def _note_time(self, time: int) -> None:
        """Add a point to the line of the open stretch; the first and last lie just outside of it."""
        index, stretch = self._timeline.index_at(time), self._open
        if stretch is None or index is None:
            return
        if not stretch.times or (time > stretch.times[-1] and index > stretch.indices[-1]):
            stretch.times.append(time)
            stretch.indices.append(index)


def _end_at(stretch: _Stretch, untils: Stamps) -> NDArray[np.int64]:
    """Return where seconds end that end at the times `untils`, rounded down to whole hops."""
    first = stretch.times[0]
    exact = np.interp(untils - first, np.array(stretch.times) - first, stretch.indices)
    return np.asarray(exact // HOP * HOP, np.int64)


def _reaches(stretch: _Stretch, untils: Stamps) -> NDArray[np.bool_]:
    ends = _end_at(stretch, untils)
    inside = (untils >= stretch.times[0]) & (untils <= stretch.times[-1])
    return inside & (ends - SOUND_SAMPLES >= stretch.begin) & (ends <= stretch.end)
