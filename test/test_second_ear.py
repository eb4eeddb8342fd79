"""The whole way with an array, shipped model and simulated rooms: what the second ear is there for.

`benchmark/second_ear.py` measures the same on more scenes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmark.second_ear import ARRAYS, Trial


@pytest.fixture(scope='module')
def trial() -> Iterator[Trial]:
    yield Trial()


def test_of_two_alike_drums_the_one_is_found_that_sounds(trial: Trial) -> None:
    heard = [trial.alike(ARRAYS['square'], seed, windows=3) for seed in (0, 4)]
    assert sum(run.windows for run in heard) == 12
    assert sum(run.right for run in heard) >= 0.9 * 12


def test_without_an_array_they_cannot_be_told_apart(trial: Trial) -> None:
    heard = trial.alike(ARRAYS['none'], 0, windows=3)
    assert heard.right < heard.windows


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_what_sounds_behind_the_robot_is_attended_though_nobody_sees_it(trial: Trial, seed: int) -> None:
    found, errors, _ = trial.behind(ARRAYS['tetrahedron'], seed, windows=5)
    assert found.near == found.windows == 3
    assert max(errors) < 10
