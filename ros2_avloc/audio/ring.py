"""The last seconds of samples, by index."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray


class Ring:
    """Keeps the newest samples; an index counts all that were ever written.

    Parameters
    ----------
    capacity
        Samples that are kept.
    shape
        Of one sample: empty, or the number of channels.
    """

    def __init__(self, capacity: int, shape: tuple[int, ...] = ()) -> None:
        self._samples = np.zeros((capacity, *shape), np.float32)
        self._holes: deque[tuple[int, int]] = deque()
        self.end = 0
        """Index after the last sample."""

    @property
    def begin(self) -> int:
        """Index of the oldest sample that is kept."""
        return max(0, self.end - len(self._samples))

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append float32 ``(n, …)``."""
        kept = samples[-len(self._samples):]
        at = (self.end + len(samples) - len(kept)) % len(self._samples)
        first = min(len(kept), len(self._samples) - at)
        self._samples[at:at + first] = kept[:first]
        self._samples[:len(kept) - first] = kept[first:]
        self.end += len(samples)
        while self._holes and self._holes[0][1] <= self.begin:
            self._holes.popleft()

    def mark_hole(self, begin: int, end: int) -> None:
        """Say that the samples from `begin` to before `end`, written or not yet, are not real."""
        self._holes.append((begin, end))

    def has_hole(self, begin: int, end: int) -> bool:
        """Whether a sample from `begin` to before `end` is not real."""
        return any(start < end and begin < stop for start, stop in self._holes)

    def read(self, begin: int, end: int) -> NDArray[np.float32]:
        """Copy the samples from `begin` to before `end`, which must be kept, out of the ring."""
        at, count = begin % len(self._samples), end - begin
        first = self._samples[at:at + count]
        return np.concatenate((first, self._samples[:count - len(first)]))
