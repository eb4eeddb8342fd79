"""The audio of the last seconds as mono float32 at 48 kHz, addressed by ROS time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from ros2_avloc.audio.array_ring import ArrayRing
from ros2_avloc.audio.block import Block, StampSource
from ros2_avloc.audio.clock import SampleClock
from ros2_avloc.audio.continuity import SHIFT_BLOCKS, Timing, Tolerance, Verdict, judge, lasting_shift
from ros2_avloc.audio.resampler import Resampler
from ros2_avloc.audio.ring import Ring
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Missing, Sound

_UNSTAMPED_LIMIT = 8
"""Blocks without a stamp in a row that a stamped stream may have before it counts as unstamped."""


@dataclass(frozen=True)
class TimelineStatus:
    """What the timeline says of itself, for diagnostics.

    Attributes
    ----------
    stamp_source
        ``'header'`` or ``'arrival'``: where the times come from; None before the first audio.
    sample_rate
        Rate that comes in, in Hz.
    drift_ppm
        By how much the sound card runs fast against the ROS clock.
    jitter_ms
        Root mean square of the times around the recovered clock.
    skew_ms
        By how much later than its last sample the last block arrived, from capture to here. Seconds or
        more of it: audio is stamped by another clock than the node's.
    seconds_kept
        Audio that can be asked for.
    lost_samples, repeated_samples
        Since the start, at 48 kHz.
    restarts
        How often the timeline started anew.
    """

    stamp_source: StampSource | None = None
    sample_rate: int = 0
    drift_ppm: float = 0.0
    jitter_ms: float = 0.0
    skew_ms: float = 0.0
    seconds_kept: float = 0.0
    lost_samples: int = 0
    repeated_samples: int = 0
    restarts: int = 0


class Timeline:
    """Ring buffer with clock recovery. Belongs to one thread: that which writes also reads.

    Any may ask for the `status`, whose numbers need not be of one moment.

    An index is a sample since the timeline started (anew); lost samples have theirs, so that a loss
    shifts nothing after it. The clock of :mod:`ros2_avloc.audio.clock` says which index a ROS time is.

    Parameters
    ----------
    seconds
        How much audio is kept, at least two seconds.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = max(2.0, seconds)
        self._ring = Ring(round(self._seconds * SAMPLE_RATE))
        self._clock: SampleClock | None = None
        self._resampler = Resampler(SAMPLE_RATE)
        self._array: ArrayRing | None = None
        self._source: StampSource | None = None
        self._count = 0  # samples since the start, at the rate that comes in
        self._doubtful: list[Block] = []
        self._residuals: deque[float] = deque(maxlen=SHIFT_BLOCKS)
        self._epoch = 0
        self._unstamped = 0  # blocks in a row
        self._lost = self._repeated = 0
        self._skew = 0.0

    def second(self, until: int) -> Sound | Missing:
        """Return the second that ends at ROS time `until`, or say why it cannot be had.

        The end is rounded down to a multiple of 240 samples (5 ms). The samples are a copy, 0.2 MB.
        """
        if self._clock is None:
            return Missing.NO_AUDIO
        end = int(self._clock.index_at(until) // HOP) * HOP
        begin = end - SOUND_SAMPLES
        if begin < self._ring.begin:
            return Missing.NO_AUDIO
        if end > self._ring.end:
            return Missing.NOT_YET
        if self._ring.has_hole(begin, end):
            return Missing.HOLE
        channels = None if self._array is None else self._array.read(begin, end)
        return Sound(self._ring.read(begin, end), end, self._epoch, channels)

    @property
    def latest(self) -> int | None:
        """ROS time (ns) of the end of the last sample; None where nothing was heard."""
        return None if self._clock is None or not self._ring.end else self._clock.time_at(self._ring.end)

    def index_at(self, time: int) -> float | None:
        """Sample of the timeline at ROS time `time` (ns), with its fraction; None where nothing was heard."""
        return None if self._clock is None else self._clock.index_at(time)

    @property
    def status(self) -> TimelineStatus:
        """A snapshot for diagnostics."""
        clock = self._clock
        return TimelineStatus(
            stamp_source=self._source,
            sample_rate=self._resampler.sample_rate if clock else 0,
            drift_ppm=clock.drift_ppm if clock else 0.0,
            jitter_ms=1e3 * clock.jitter if clock else 0.0,
            skew_ms=1e3 * self._skew,
            seconds_kept=(self._ring.end - self._ring.begin) / SAMPLE_RATE,
            lost_samples=self._lost,
            repeated_samples=self._repeated,
            restarts=self._epoch,
        )

    def append(self, block: Block) -> None:
        """Take the next block of the stream."""
        self._unstamped = self._unstamped + 1 if block.stamp_source == 'arrival' else 0
        if self._source == 'header' and 0 < self._unstamped <= _UNSTAMPED_LIMIT:
            block = self._stamped_by_count(block)
        if block.sample_rate != self._resampler.sample_rate or block.stamp_source != self._source:
            self.restart()
        if self._clock is None:
            self._start(block)
        self._doubtful.append(block)
        self._settle()
        self._skew = (block.arrival - self._clock_now.time_at(self._at_48k(self._count))) * 1e-9

    def restart(self) -> None:
        """Forget all audio and the clock; what comes next begins a new epoch."""
        if self._clock is not None:
            self._clock = self._source = None
            self._doubtful = []
            self._epoch += 1

    def _stamped_by_count(self, block: Block) -> Block:
        """Give a block whose stamp nobody filled in the time that follows from those before it."""
        count = self._count + sum(len(doubtful.samples) for doubtful in self._doubtful)
        time = self._clock_now.time_at(self._at_48k(count))
        return replace(block, time=time, position=0, stamp_source='header')

    @property
    def _clock_now(self) -> SampleClock:
        assert self._clock is not None
        return self._clock

    def _start(self, block: Block) -> None:
        self._ring = Ring(round(self._seconds * SAMPLE_RATE))
        self._resampler = Resampler(block.sample_rate)
        self._array = None
        if block.channels is not None:
            self._array = ArrayRing(round(self._seconds * SAMPLE_RATE), block.sample_rate,
                                    block.channels.shape[1])
        self._source = block.stamp_source
        self._count = 0
        self._residuals.clear()
        self._clock = SampleClock(self._at_48k(block.position), block.time,
                                  late=block.stamp_source == 'arrival')

    def _settle(self) -> None:
        """Judge the blocks that are in doubt until none is left or more are needed."""
        while self._doubtful:
            timings, tolerance = self._timings(), self._tolerance()
            verdict = judge(timings, tolerance, self._seconds)
            if verdict is Verdict.WAIT:
                return
            if verdict is Verdict.RESTART:
                last_two = self._doubtful[-2:]
                self.restart()
                self._start(last_two[0])
                self._doubtful = last_two
            elif verdict is Verdict.REPEATED:
                self._repeated += round(self._at_48k(len(self._doubtful.pop(0).samples)))
            elif verdict is Verdict.LOST:
                self._insert_hole(self._missing(timings, tolerance))
                self._write(self._doubtful.pop(0))
            else:
                if verdict is Verdict.STEPPED:
                    self._clock_now.step(timings[-1].residual)
                self._write_all(timings[-1])

    def _timings(self) -> list[Timing]:
        """Hold the times of the blocks in doubt against the sample count."""
        timings, count = [], self._count
        for block in self._doubtful:
            residual = self._clock_now.residual(self._at_48k(count + block.position), block.time)
            timings.append(Timing(residual, block.length, block.arrival))
            count += len(block.samples)
        return timings

    def _tolerance(self) -> Tolerance:
        of = Tolerance.of_stamps if self._source == 'header' else Tolerance.of_arrivals
        return of(self._clock_now.jitter)

    def _missing(self, timings: list[Timing], tolerance: Tolerance) -> int:
        """Count the samples that were lost before the first block in doubt, at the rate that comes in."""
        seconds = timings[0].residual
        if not tolerance.seconds < seconds <= timings[-1].residual + tolerance.seconds:
            return 0  # the first one's own time was odd
        return self._samples(seconds, timings[0].length)

    def _samples(self, seconds: float, block: float) -> int:
        """Count the samples of a loss: of whole blocks, if jitter explains what is between."""
        blocks = round(seconds / block) * block
        whole = abs(seconds - blocks) <= 2 * self._clock_now.jitter
        return round((blocks if whole else seconds) * self._resampler.sample_rate)

    def _insert_hole(self, samples: int) -> None:
        begin, end = self._at_48k(self._count), self._at_48k(self._count + samples)
        if samples:
            self._ring.mark_hole(math.floor(begin), math.ceil(end))
            self._lost += round(end - begin)
            self._write_silence(samples)

    def _write_all(self, timing: Timing) -> None:
        """Write the blocks in doubt, and believe the time of the last."""
        last = self._doubtful[-1]
        for block in self._doubtful[:-1]:
            self._write(block)
        self._fill_small_loss(timing)
        self._clock_now.observe(self._at_48k(self._count + last.position), last.time)
        self._write(last)
        self._doubtful = []

    def _fill_small_loss(self, timing: Timing) -> None:
        if self._source == 'header':
            self._residuals.append(timing.residual)
        shift = lasting_shift(self._residuals)
        if shift:
            self._insert_hole(self._samples(shift, timing.length))
            self._residuals.clear()

    def _write(self, block: Block) -> None:
        self._ring.write(self._resampler.resample(block.samples))
        if self._array is not None and block.channels is not None:
            self._array.write(block.channels)
        self._count += len(block.samples)

    def _write_silence(self, samples: int) -> None:
        self._ring.write(self._resampler.resample(np.zeros(samples, np.float32)))
        if self._array is not None:
            self._array.write_silence(samples)
        self._count += samples

    def _at_48k(self, samples: float) -> float:
        return samples * SAMPLE_RATE / self._resampler.sample_rate
