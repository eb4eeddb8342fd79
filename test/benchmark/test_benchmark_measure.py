"""Times of runs, and what is compared within a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import pytest

from benchmark.measure import Times, again, times


def test_a_figure_is_the_median_of_the_runs_with_the_least_and_the_most() -> None:
    assert str(Times((4.0, 1.0, 2.0))) == '2 (1 … 4)'
    assert str(Times((2.0, 2.0, 2.001))) == '2'


def test_a_ratio_is_taken_within_each_run_before_the_median_of_the_runs_is() -> None:
    slow, fast = Times((2.0, 30.0, 4.0)), Times((1.0, 10.0, 4.0))
    assert slow.over(fast).runs == (2.0, 3.0, 1.0)
    assert slow.over(fast).median == 2.0  # that of the medians is 1
    assert (fast * 2).runs == (2.0, 20.0, 8.0)


def test_ratios_of_different_runs_are_refused() -> None:
    with pytest.raises(ValueError):
        Times((1.0, 2.0)).over(Times((1.0,)))


def test_everything_takes_its_turn_in_each_run_and_the_first_run_does_not_count() -> None:
    log: list[str] = []

    def run(name: str) -> Callable[[], Iterator[Callable[[], None]]]:
        return lambda: (lambda: log.append(name) for _ in range(2))

    found = times({'a': run('a'), 'b': run('b')}, 3)
    assert log == ['a', 'a', 'b', 'b'] * 4
    assert [len(of.runs) for of in found.values()] == [3, 3]
    assert all(time > 0 for time in chain(*(of.runs for of in found.values())))


def test_a_run_begins_anew_each_time() -> None:
    calls: list[int] = []
    run = again(lambda: calls.append(1), 5)
    assert len([call() for call in run()]) == len([call() for call in run()]) == 5
    assert len(calls) == 10
