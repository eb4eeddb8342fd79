"""Times, several runs of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

RUNS = 5


@dataclass(frozen=True)
class Times:
    """Median over the calls of a run, in ms: of the middle run, the fastest and the slowest."""

    median: float
    fastest: float
    slowest: float


def times(run: Callable[[], Iterable[Callable[[], Any]]]) -> Times:
    """Time calls.

    Parameters
    ----------
    run
        Begins a run and gives its calls; the first run only warms up.
    """
    medians = [statistics.median(_milliseconds(call) for call in run()) for _ in range(RUNS + 1)][1:]
    return Times(statistics.median(medians), min(medians), max(medians))


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3
