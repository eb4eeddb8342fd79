"""Times, several runs of them, and what is compared within a run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

RUNS = 5
"""Runs that count; one before them warms up."""

CALLS = 20
"""Of a run that is the same call again and again."""


@dataclass(frozen=True)
class Times:
    """What each run came to, in the order of the runs: medians of times, or ratios within the run."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.runs)

    @property
    def least(self) -> float:
        """The least of the runs."""
        return min(self.runs)

    @property
    def most(self) -> float:
        """The most of the runs."""
        return max(self.runs)

    def over(self, other: Times) -> Times:
        """Return the ratio of this to the other within each run."""
        return Times(tuple(mine / its for mine, its in zip(self.runs, other.runs, strict=True)))

    def __mul__(self, factor: float) -> Times:
        return Times(tuple(factor * run for run in self.runs))

    def __str__(self) -> str:
        middle, least, most = (f'{run:.3g}' for run in (self.median, self.least, self.most))
        return middle if least == most else f'{middle} ({least} … {most})'


Run = Callable[[], Iterable[Callable[[], Any]]]
"""Begins a run and gives its calls."""


def times(runs: dict[str, Run], count: int | None = None) -> dict[str, Times]:
    """Time what is to be compared: everything once in each run, so that all meet the same load.

    Parameters
    ----------
    runs
        What is to be compared, by name.
    count
        Runs that count; ``None``: `RUNS`.

    Returns
    -------
    dict[str, Times]
        Medians over the calls of each run, ms.
    """
    count = RUNS if count is None else count
    medians: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(count + 1):
        for name, run in runs.items():
            medians[name].append(statistics.median(_milliseconds(call) for call in run()))
    return {name: Times(tuple(found[1:])) for name, found in medians.items()}


def again(call: Callable[[], Any], calls: int | None = None) -> Run:
    """Return a run that is the same call again and again; ``None``: `CALLS` times."""
    return lambda: (call for _ in range(CALLS if calls is None else calls))


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3
