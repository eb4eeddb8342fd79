"""Clock recovery: which ROS time belongs to which sample.

The sample count of a sound card is steady but of unknown offset and slightly wrong rate; stamps are
right on average but jitter. A Kalman filter on the two states of the clock, time and drift, fuses
them. It is the least-squares form of the delay-locked loop of F. Adriaensen, "Using a DLL to filter
time" (Linux Audio Conference 2005): the same second-order loop, whose gains start wide and narrow as
the filter learns, instead of a fixed bandwidth. Residuals beyond three standard deviations are
clipped (Huber), so that a single late stamp does not pull.

Chunks without a stamp have only the time of their arrival, and a delivery is late, never early. There
the filter follows the lower envelope: of each second of audio only the least late chunk is an
observation (minimum filter, as V. Paxson, "On calibrating measurements of packet transit times",
SIGMETRICS 1998, and the clock filter of NTP). In the first second every chunk that is earlier than
the line moves the line at once, later only one that is earlier by more than 8 ms.
"""

from __future__ import annotations

import math

from ros2_avloc.audio.sound import SAMPLE_RATE

_FIRST_DRIFT = 100e-6
"""Standard deviation of the drift before anything is known of it: crystals of sound cards."""

_MOST_DRIFT = 500e-6
"""No working card is worse."""

_DRIFT_WALK = 1e-13
"""Variance that the drift gains per second: 3 ppm in 100 s, a card that warms up."""

_STEP = 8e-3
"""Seconds: where one arrival is earlier by that, or all of a second are later, the line steps at once."""

_FIRST_JITTER = 2e-3
_LEAST_JITTER = 0.5e-3
_MOST_JITTER = 50e-3
_JITTER_CHUNKS = 32
"""Chunks over which the jitter is averaged."""


class SampleClock:
    """The line between samples of the timeline and ROS time, learned from observations.

    Parameters
    ----------
    index, time
        The first observation: sample `index` of the timeline (48 kHz, may lie between two samples)
        was at ROS time `time` (ns).
    late
        Whether observations are late by a delivery delay (arrivals), instead of right on average (stamps).
    """

    def __init__(self, index: float, time: int, *, late: bool) -> None:
        self._index = index
        self._time = time
        self._slope = 0.0  # seconds that a nominal second of samples takes, minus 1
        self._late = late
        self._jitter2 = _FIRST_JITTER ** 2
        # A stamp's line may wander 30 us in a second, an envelope's 0.1 ms: that sets how fast they follow.
        self._wander = 1e-8 if late else 1e-9
        self._p_time, self._p_both, self._p_slope = self._jitter2, 0.0, _FIRST_DRIFT ** 2
        self._least: tuple[float, float, int] | None = None  # residual, index, time of the least late chunk
        self._second_began = index
        self._settling = late  # the first second of arrivals

    @property
    def drift_ppm(self) -> float:
        """By how much the card runs fast against the ROS clock, in parts per million."""
        return -1e6 * self._slope

    @property
    def jitter(self) -> float:
        """Standard deviation of the observations around the line, in seconds."""
        return math.sqrt(self._jitter2)

    def time_at(self, index: float) -> int:
        """ROS time in ns of sample `index`."""
        return self._time + round((index - self._index) * (1 + self._slope) * (1_000_000_000 / SAMPLE_RATE))

    def index_at(self, time: int) -> float:
        """Sample of the timeline at ROS time `time` (ns), with its fraction."""
        return self._index + (time - self._time) * (SAMPLE_RATE / 1_000_000_000) / (1 + self._slope)

    def residual(self, index: float, time: int) -> float:
        """By how many seconds `time` (ns) is later than the line says for `index`."""
        return (time - self.time_at(index)) * 1e-9

    def observe(self, index: float, time: int) -> None:
        """Learn that sample `index` was, or arrived, at ROS time `time` (ns)."""
        residual = self.residual(index, time)
        self._learn_jitter(residual)
        if self._late:
            self._observe_arrival(residual, index, time)
        else:
            self._correct(index, residual, self._jitter2)

    def step(self, seconds: float) -> None:
        """Move the line: from now on every sample is later by `seconds` than it was said to be."""
        self._time += round(seconds * 1e9)
        self._least = None

    def _observe_arrival(self, residual: float, index: float, time: int) -> None:
        if residual < (0 if self._settling else -_STEP):
            self.step(residual)
            residual = 0.0
        if self._least is None or residual < self._least[0]:
            self._least = (residual, index, time)
        if index - self._second_began >= SAMPLE_RATE and self._least is not None:
            _, least_index, least_time = self._least
            late = self.residual(least_index, least_time)
            if late > _STEP:
                self.step(late)
            else:
                self._correct(least_index, late, _LEAST_JITTER ** 2)
            self._least, self._second_began, self._settling = None, index, False

    def _learn_jitter(self, residual: float) -> None:
        bounded = min(residual ** 2, _MOST_JITTER ** 2)
        self._jitter2 += (bounded - self._jitter2) / _JITTER_CHUNKS
        self._jitter2 = max(self._jitter2, _LEAST_JITTER ** 2)

    def _correct(self, index: float, residual: float, variance: float) -> None:
        """One step of the Kalman filter: predict to `index`, correct by `residual`."""
        seconds = (index - self._index) / SAMPLE_RATE
        self._time, self._index = self.time_at(index), index
        elapsed = abs(seconds)
        self._p_time += 2 * seconds * self._p_both + seconds ** 2 * self._p_slope + self._wander * elapsed
        self._p_both += seconds * self._p_slope
        self._p_slope += _DRIFT_WALK * elapsed
        spread = self._p_time + variance
        limit = 3 * math.sqrt(spread)
        clipped = max(-limit, min(limit, residual))
        gain_time, gain_slope = self._p_time / spread, self._p_both / spread
        self._time += round(gain_time * clipped * 1e9)
        self._slope = max(-_MOST_DRIFT, min(_MOST_DRIFT, self._slope + gain_slope * clipped))
        self._p_slope -= gain_slope * self._p_both
        self._p_both -= gain_time * self._p_both
        self._p_time -= gain_time * self._p_time
