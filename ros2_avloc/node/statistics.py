"""What the node counts of its own work, for the diagnostics."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ros2_avloc.audio.timeline import TimelineStatus
from ros2_avloc.node.attending import Attending
from ros2_avloc.node.mailbox import Stream
from ros2_avloc.windows import Drop

DEFECT = 'defect'
ENGINE = 'engine'
TIME = 'time'
TRANSFORM = 'transform'
"""Where faults are counted that are of no single stream: errors of this program, failures of the engine,
jumps of time, and transforms that are not there."""

RATE_SPAN = 5.0
"""Seconds over which rates are taken."""

QUIET = 5.0
"""Seconds for which a fault that goes on is not logged again."""

_CAUSES = 50
"""More causes than this are not told apart: what arrives on a topic must not fill the memory."""


class Rate:
    """How often something happens, and how long ago it last did (steady clock)."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=4096)

    def tick(self) -> None:
        """Count one that happens now."""
        self._times.append(time.monotonic())

    def per_second(self) -> float:
        """Mean rate in Hz over the last `RATE_SPAN` seconds."""
        since = time.monotonic() - RATE_SPAN
        recent = [moment for moment in list(self._times) if moment >= since]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0

    def age(self) -> float | None:
        """Seconds since it last happened; ``None`` if it never did."""
        return time.monotonic() - self._times[-1] if self._times else None


@dataclass(frozen=True)
class Fault:
    """What went wrong in one way.

    Attributes
    ----------
    count
        How often.
    sentence
        The last sentence about it.
    last, logged
        When it last happened and when it was last logged (steady clock, seconds).
    """

    count: int
    sentence: str
    last: float
    logged: float

    def age(self) -> float:
        """Seconds since it last happened."""
        return time.monotonic() - self.last


class Faults:
    """Counts faults by cause, and logs each cause when it is new and then rarely.

    Two sentences that differ in numbers alone have the same cause. A cause is reported by one thread; any may
    ask, and none waits for another.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._faults: dict[tuple[str, str], Fault] = {}

    def report(self, where: str, sentence: str, detail: str = '') -> None:
        """Count a fault; `where` is the stream or part that it concerns, `detail` goes into the log alone."""
        now = time.monotonic()
        cause = (where, re.sub(r'\d[\d.]*', '#', sentence))
        if cause not in self._faults and len(self._faults) >= _CAUSES:
            cause = (where, 'other')
        known = self._faults.get(cause, Fault(0, '', now, now - QUIET))
        due = now - known.logged >= QUIET
        self._faults[cause] = Fault(known.count + 1, sentence, now, now if due else known.logged)
        if due:
            again = f' ({known.count + 1} times by now)' if known.count else ''
            self._log(f'{where}: {sentence}{again}' + (f'\n{detail}' if detail else ''))

    def by_cause(self, where: str) -> list[Fault]:
        """Return the faults of one stream or part, the most frequent first."""
        # A copy is made at one go; a list of items allocates each, and another thread may come in between.
        known = self._faults.copy()
        faults = [fault for (place, _), fault in known.items() if place == where]
        return sorted(faults, key=lambda fault: -fault.count)


class Statistics:
    """Everything that is counted, shared by the executor's thread and the worker's.

    Attributes
    ----------
    faults
        What went wrong.
    arrivals
        Messages of each stream.
    incompatible
        Publishers that were met whose QoS cannot serve the subscription.
    delays
        From the newest stamp of a stream to its arrival, s.
    skew
        By how much a frame was ahead of the end of the audio when it came, s; ``None`` before both are there.
    stamps
        The two stamps that `skew` compares, ns.
    jumps_back
        How often time jumped back.
    results
        Frames that went through.
    attending
        Attention after the last of them; ``None`` before the first.
    drops, timeline, audio_format, camera
        As they were when the diagnostics last asked.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.arrivals = {stream: Rate() for stream in Stream}
        self.incompatible: Counter[Stream] = Counter()
        self.delays: dict[Stream, float] = {}
        self.skew: float | None = None
        self.stamps: tuple[int, int] = (0, 0)
        self.jumps_back = 0
        self.results = Rate()
        self.attending: Attending | None = None
        self.drops: Counter[Drop] = Counter()
        self.timeline = TimelineStatus()
        self.audio_format = ''
        self.camera = ''
        self._latencies: deque[float] = deque(maxlen=300)

    def published(self, latency: float, attending: Attending) -> None:
        """Results of a frame went out `latency` seconds after its stamp."""
        self.results.tick()
        self.attending = attending
        self._latencies.append(latency)

    def compared(self, image: int, audio: int) -> None:
        """Note the stamp of a new frame and the end of the audio at that moment, both ns."""
        self.stamps = (image, audio)
        self.skew = (image - audio) / 1e9

    def latency(self) -> tuple[float, float] | None:
        """Median and 99th percentile (s) over the last results; ``None`` before the first."""
        latencies = list(self._latencies)
        if not latencies:
            return None
        median, worst = np.percentile(latencies, (50, 99))
        return float(median), float(worst)
