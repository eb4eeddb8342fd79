"""Times, several runs of them, and what is compared within a run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

RUNS = 5
"""Runs that count; one before them warms up."""


@dataclass(frozen=True)
class Times:
    """Medians over the calls of each run, in ms, in the order of the runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the middle run."""
        return statistics.median(self.runs)

    @property
    def fastest(self) -> float:
        """Of the fastest run."""
        return min(self.runs)

    @property
    def slowest(self) -> float:
        """Of the slowest run."""
        return max(self.runs)

    def ratio(self, other: Times) -> float:
        """Median over the runs of this over the other, each within one run."""
        return statistics.median(mine / its for mine, its in zip(self.runs, other.runs, strict=True))

    def __sub__(self, other: Times) -> Times:
        """Return what is left of each run."""
        return Times(tuple(mine - its for mine, its in zip(self.runs, other.runs, strict=True)))

    def __str__(self) -> str:
        return f'{self.median:.3g} ({self.fastest:.3g} … {self.slowest:.3g})'


Run = Callable[[], Iterable[Callable[[], Any]]]
"""Begins a run and gives its calls."""


def times(runs: dict[str, Run], count: int = RUNS) -> dict[str, Times]:
    """Time what is to be compared: everything once in each run, so that all meet the same load."""
    medians: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(count + 1):
        for name, run in runs.items():
            medians[name].append(statistics.median(_milliseconds(call) for call in run()))
    return {name: Times(tuple(found[1:])) for name, found in medians.items()}


def again(call: Callable[[], Any], calls: int = 20) -> Run:
    """Return a run that is the same call again and again."""
    return lambda: (call for _ in range(calls))


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3
