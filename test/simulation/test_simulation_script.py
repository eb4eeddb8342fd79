from __future__ import annotations

import math
from itertools import pairwise

import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.script import Event, Events, Script, Turns, read_script
from ros2_avloc.simulation.sounds import NEGATIVES

NAMES = ('bell_1', 'dog_1', 'drum_1', 'piano_1', 'siren_1')


def panning(time: float) -> dict[str, float]:
    """Three things in view, another half; the camera comes to the next 1 s after each 30."""
    first = int((time + 29) // 30)
    seen = (1.0, 1.0, 1.0, 0.5, 0.0)
    return {NAMES[(first + k) % len(NAMES)]: share for k, share in enumerate(seen)}


def plain(time: float) -> set[str]:
    return {name for name, share in panning(time).items() if share == 1.0}


def read(text: str, seed: int = 0) -> Script:
    return read_script(text, seed=seed, names=NAMES, visible=panning)


def test_list_is_read_in_lines_or_with_semicolons_and_sorted() -> None:
    expected = (Event('bell_1', 0, 3.5), Event('wind', 5, 8), Event('dog_1', 9, math.inf))
    for text in ('wind 5 8; bell_1 0 3.5;dog_1 9 inf', 'bell_1 0 3.5\n\nwind 5 8\n dog_1 9 inf \n'):
        assert read(text).between(0, 100) == expected


def test_between_takes_what_overlaps() -> None:
    script = Events((Event('a', 0, 2), Event('b', 1, 3), Event('c', 3, 4)))
    assert [event.name for event in script.between(2, 3)] == ['b']
    assert [event.name for event in script.between(1.5, 3.1)] == ['a', 'b', 'c']
    assert script.between(4, 9) == ()


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('', "the script is empty; give 'turns'"),
        ('turn', "'turn' is neither 'turns'"),
        ('bell_1 0', "write an event as 'name start end'"),
        ('bell_1 0 3 4', "write an event as 'name start end'"),
        ('cat_1 0 3', "nothing is named 'cat_1'; there are bell_1, dog_1"),
        ('bell_1 zero 3', "the times in 'bell_1 zero 3' are not numbers"),
        ('bell_1 3 3', 'must start at 0 s or later and last 0.01 s or longer'),
        ('bell_1 -1 3', 'must start at 0 s or later'),
        ('bell_1 nan 3', 'must start at 0 s or later'),
        ('bell_1 0 nan', 'must start at 0 s or later'),
        ('bell_1 inf inf', 'must start at 0 s or later'),
    ],
)
def test_what_cannot_be_read_is_said(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        read(text)
    assert sentence in str(error.value)
    assert '\n' not in str(error.value)


def test_silence_all_and_one() -> None:
    assert read('silence').between(0, 1e6) == ()
    assert [event.name for event in read('all').between(5000, 5001)] == list(NAMES)
    chosen = {read('one', seed).between(7000, 7001)[0].name for seed in range(20)}
    assert chosen == plain(0)


def test_turns_are_sounds_with_silences_between() -> None:
    events = read('turns', 3).between(0, 600)
    assert len(events) == 100
    assert 2 <= events[0].start <= 3
    for event in events:
        assert 3 <= event.end - event.start <= 4
    for before, after in pairwise(events):
        assert 2 <= after.start - before.end <= 3


def test_turns_are_the_same_however_they_are_asked_for() -> None:
    whole = read('turns', 3).between(0, 300)
    script = read('turns', 3)
    late = script.between(200, 300)
    pieces = {event for k in range(3000) for event in script.between(k / 10, (k + 1) / 10)}
    assert late == tuple(event for event in whole if event.end > 200)
    assert pieces == set(whole)
    assert whole != read('turns', 4).between(0, 300)


@pytest.mark.parametrize('seed', range(5))
def test_turns_share_themselves_among_view_elsewhere_and_noise(seed: int) -> None:
    events = read('turns', seed).between(0, 600)
    assert events[0].name in plain(events[0].start)
    for k in range(0, len(events), 5):
        whose = []
        for event in events[k : k + 5]:
            share = panning(event.start).get(event.name)
            whose.append({None: 'noise', 1.0: 'in', 0.5: 'half', 0.0: 'out'}[share])
        assert sorted(whose) == ['in', 'in', 'in', 'noise', 'out']
        assert len({event.name for event in events[k : k + 5]}) == 5
    assert {event.name for event in events} > set(NAMES)
    assert 'silence' not in {event.name for event in events}


def test_turns_without_anything_out_of_view_or_in_view() -> None:
    everything = Turns(0, NAMES, lambda time: dict.fromkeys(NAMES, 1.0)).between(0, 300)
    assert sum(event.name in NEGATIVES for event in everything) == 20
    nothing = Turns(0, NAMES, lambda time: dict.fromkeys(NAMES, 0.0)).between(0, 300)
    assert sum(event.name in NEGATIVES for event in nothing) == 10


def test_turns_prefer_what_is_seen_for_longest() -> None:
    def passing(time: float) -> dict[str, float]:
        return {'bell_1': 0.3, 'dog_1': 0.9 if time % 6 > 4.5 else 0.1}

    events = Turns(0, ('bell_1', 'dog_1'), passing).between(0, 300)
    assert {event.name for event in events} - set(NEGATIVES) == {'dog_1'}


def test_nothing_sounds_where_there_is_nothing() -> None:
    for text in ('one', 'all', 'silence'):
        assert read_script(text, seed=0, names=(), visible=lambda time: {}).between(0, 10) == ()
    events = read_script('turns', seed=0, names=(), visible=lambda time: {}).between(0, 60)
    assert {event.name for event in events} <= set(NEGATIVES)
