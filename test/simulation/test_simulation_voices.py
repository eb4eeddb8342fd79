from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.microphone import Room, Source
from ros2_avloc.simulation.script import Event
from ros2_avloc.simulation.voices import OVERLAP, TAKE, Voices

KINDS = {'flute_1': 'flute', 'engine_1': 'engine', 'siren_1': 'siren'}


def voices(seed: int = 0) -> Voices:
    return Voices(seed, KINDS, Room.draw(np.random.default_rng(0)), lambda name, time: 2.0)


def dry(sources: list[Source], start: int, count: int) -> NDArray[np.float64]:
    total = np.zeros(count)
    for source in sources:
        first, last = max(start, source.start), min(start + count, source.start + source.direct.size)
        if first < last:
            total[first - start : last - start] += source.direct[first - source.start : last - source.start]
    return total


def test_an_event_is_a_source_with_reverberation() -> None:
    (source,) = voices().sources([Event('flute_1', 1.5, 4.0)], 0, 5 * SAMPLE_RATE)
    assert source.start == 72_000
    assert source.direct.size == 120_000
    assert source.diffuse.size > source.direct.size
    assert source.distance(0.0) == 2.0
    assert source.direct[0] == 0
    assert abs(source.direct[-1]) < 0.01


def test_the_same_event_sounds_the_same_and_another_does_not() -> None:
    def direct(event: Event, seed: int = 0) -> NDArray[np.float32]:
        return voices(seed).sources([event], 0, 10 * SAMPLE_RATE)[0].direct

    event = Event('siren_1', 0.0, 2.0)
    np.testing.assert_array_equal(direct(event), direct(event))
    assert not np.array_equal(direct(event), direct(event, seed=1))
    assert not np.array_equal(direct(event), direct(Event('siren_1', 1.0, 3.0)))


def test_many_that_sound_on_and_on_are_made_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def count(kind: str, rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
        made.append(kind)
        return np.zeros(round(seconds * SAMPLE_RATE), np.float32)

    monkeypatch.setattr('ros2_avloc.simulation.voices.synthesise', count)
    kinds = {f'flute_{number}': 'flute' for number in range(14)}
    many = Voices(0, kinds, Room.draw(np.random.default_rng(0)), lambda name, time: 2.0)
    events = [Event(name, 0.0, math.inf) for name in kinds]
    for start in range(0, 10 * SAMPLE_RATE, SAMPLE_RATE // 2):
        many.sources(events, start, start + SAMPLE_RATE // 2)
    assert len(made) == 2 * len(kinds)


def test_a_noise_comes_from_all_around() -> None:
    (source,) = voices().sources([Event('rain', 0.0, 2.0)], 0, SAMPLE_RATE)
    assert source.direct.size == 0
    assert source.diffuse.size == 96_000
    assert 0.1 <= np.abs(source.diffuse).max() <= 0.8


@pytest.mark.parametrize('end', [20.0, 15.85, 7.95, 7.9, math.inf])
def test_takes_of_a_long_event_follow_each_other_without_a_gap(end: float) -> None:
    event = Event('engine_1', 0.0, end)
    count = min(20 * SAMPLE_RATE, round(min(end, 20) * SAMPLE_RATE))
    heard = dry(voices().sources([event], 0, count), 0, count)
    loudness = 10 * np.log10(np.mean(heard[: count // 4800 * 4800].reshape(-1, 4800) ** 2, axis=1))
    assert loudness.min() > -45
    repeat = TAKE - OVERLAP
    if count > repeat + SAMPLE_RATE:
        later = slice(repeat + OVERLAP, repeat + SAMPLE_RATE // 2)
        np.testing.assert_allclose(heard[later], heard[OVERLAP : SAMPLE_RATE // 2], atol=1e-6)


@pytest.mark.parametrize(('end', 'count'), [(7.89, 1), (7.95, 1), (8.0, 1), (8.01, 2), (15.9, 2), (15.91, 3)])
def test_a_take_is_not_begun_again_where_one_reaches_the_end(end: float, count: int) -> None:
    assert len(voices().sources([Event('engine_1', 0.0, end)], 0, 20 * SAMPLE_RATE)) == count


def test_only_what_is_heard_is_given() -> None:
    events = [Event('flute_1', 0.0, math.inf), Event('engine_1', 2.0, 3.0)]
    room = voices()
    hour = 3600 * SAMPLE_RATE
    late = room.sources(events, hour, hour + 1024)
    assert 1 <= len(late) <= 2
    assert all(source.start < hour + 1024 and hour < source.stop for source in late)
    tail = room.sources(events[1:], round(3.01 * SAMPLE_RATE), round(3.02 * SAMPLE_RATE))
    assert len(tail) == 1
    after = 3.0 + room.tail + 0.01
    assert room.sources(events[1:], round(after * SAMPLE_RATE), round(5 * SAMPLE_RATE)) == []
