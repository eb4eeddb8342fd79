"""The sounds of a script's events: made when they are needed, forgotten when they are over."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import numpy as np

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.microphone import Audio, Room, Source
from ros2_avloc.simulation.script import Event
from ros2_avloc.simulation.sounds import negative, synthesise

TAKE = 8 * SAMPLE_RATE
"""Samples of a sound that are made at once. A longer event repeats them."""

OVERLAP = SAMPLE_RATE // 10
"""Samples over which one take goes over into the next."""

EDGE = SAMPLE_RATE // 200
"""Samples over which an event begins and ends."""

KEPT = 8
"""Takes that are kept beyond two for each object: where one goes over into the next, both are heard."""

EMPTY: Audio = np.zeros(0, np.float32)


class Voices:
    """Turns events into sources for the microphone.

    Parameters
    ----------
    seed
        Decides how each event sounds, with its name and its start.
    kinds
        The kind of each object, by name.
    room
        Where the sound goes.
    distance
        Metres from the microphone to an object, by its name and a time in seconds.
    """

    def __init__(
        self, seed: int, kinds: Mapping[str, str], room: Room, distance: Callable[[str, float], float]
    ) -> None:
        self._seed = seed
        self._kinds = dict(kinds)
        self._room = room
        self._distance = distance
        self._take = lru_cache(maxsize=2 * len(self._kinds) + KEPT)(self._make_take)

    @property
    def tail(self) -> float:
        """Seconds for which an event is heard after its end."""
        return self._room.response.size / SAMPLE_RATE

    def sources(self, events: Iterable[Event], start: int, stop: int) -> list[Source]:
        """Return what is heard of the events between two samples of the stream."""
        reach = start - self._room.response.size - TAKE
        takes = []
        for event in events:
            begin = round(event.start * SAMPLE_RATE)
            # A take follows only where the one before it does not reach the event's end.
            last = max(0, (_sample(event.end) - begin - OVERLAP - 1) // (TAKE - OVERLAP))
            first = max(0, (reach - begin) // (TAKE - OVERLAP) + 1)
            until = (stop - 1 - begin) // (TAKE - OVERLAP)
            takes += [self._take(event, index) for index in range(first, min(last, until) + 1)]
        return [take for take in takes if take.start < stop and start < take.stop]

    def _make_take(self, event: Event, index: int) -> Source:
        begin = round(event.start * SAMPLE_RATE) + index * (TAKE - OVERLAP)
        left = _sample(event.end) - begin
        dry = self._sound(event)[: min(TAKE, left)].copy()
        _fade(dry, OVERLAP if index else EDGE, OVERLAP if left > TAKE else EDGE)
        if event.name not in self._kinds:
            return Source(begin, EMPTY, dry, _nowhere, event.name)
        wet = self._room.reverberate(dry)
        return Source(begin, dry, wet, lambda time: self._distance(event.name, time), event.name)

    def _sound(self, event: Event) -> Audio:
        rng = np.random.default_rng(
            [self._seed, zlib.crc32(event.name.encode()), round(event.start * SAMPLE_RATE)]
        )
        seconds = min(TAKE / SAMPLE_RATE, event.end - event.start)
        if event.name in self._kinds:
            return synthesise(self._kinds[event.name], rng, seconds)
        return np.float32(rng.uniform(0.2, 0.8)) * negative(event.name, rng, seconds)


def _sample(time: float) -> int:
    """Return the sample at a time; one beyond all streams for a time that never comes."""
    return 2**62 if math.isinf(time) else round(time * SAMPLE_RATE)


def _nowhere(time: float) -> float:
    return math.inf


def _fade(samples: Audio, rise: int, fall: int) -> None:
    """Let a sound begin and end along lines, in place; a short one meets itself half way."""
    rise, fall = min(rise, samples.size // 2), min(fall, samples.size // 2)
    samples[:rise] *= np.linspace(0, 1, rise, endpoint=False, dtype=np.float32)
    samples[samples.size - fall :] *= np.linspace(1, 0, fall, endpoint=False, dtype=np.float32)
