"""The script of a scene: what sounds when.

As text it is the name of a builder or a list of events. The builders are

- ``turns``: the things sound in turn, with silences between; some out of view, some noises;
- ``one``: one thing in view sounds all the time;
- ``all``: all things sound all the time;
- ``silence``: nothing sounds.

A list has one event per line, or several with semicolons between: the name of an object or of a
noise (see `sounds.NEGATIVES`), then start and end in seconds of the scene, where ``inf`` is an end that
never comes: ``bell 0 3.5; wind 5 8; dog 9 inf``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.sounds import NEGATIVES

Visible = Callable[[float], Mapping[str, float]]
"""The share of each object that is seen at a time in seconds, 0 to 1, by name."""

PLAIN = 0.6
"""Share of an object that must be seen for it to be in view."""

SHORTEST = 0.01
"""Least length of an event in seconds."""


@dataclass(frozen=True)
class Event:
    """Something sounds, from ``start`` up to ``end`` in seconds of the scene.

    ``name`` is that of an object or of a negative sound.
    """

    name: str
    start: float
    end: float


class Script(Protocol):
    """What sounds when."""

    def between(self, start: float, end: float) -> tuple[Event, ...]:
        """Return the events that sound at any time from ``start`` up to ``end``, by start."""


@dataclass(frozen=True)
class Events:
    """A script that is a list."""

    events: tuple[Event, ...]

    def between(self, start: float, end: float) -> tuple[Event, ...]:
        """Return the events that sound at any time from ``start`` up to ``end``, by start."""
        return tuple(event for event in self.events if event.start < end and start < event.end)


class Turns:
    """A script without end, in turns of 6 s: silence for 2 to 3 s, then a sound to the turn's end.

    Of each five turns, three belong to objects in view, one to an object out of view, and one to a
    noise, in an order that varies; the first turn of all belongs to an object in view. Objects that
    were not heard in the five go first. In view is what is seen plainly for most of its sound, or for
    longest where nothing is; out of view is what is not seen at all. Where no object is out of view,
    its turn takes a noise.

    Parameters
    ----------
    seed
        Decides everything that varies.
    names
        Names of the objects.
    visible
        Says how much of each object is seen at a time.
    """

    TURN = 6.0
    GROUP = ('in view', 'in view', 'in view', 'out of view', 'noise')
    LOOKS, MOSTLY = 5, 0.8
    NOISES = tuple(name for name in NEGATIVES if name != 'silence')

    def __init__(self, seed: int, names: Sequence[str], visible: Visible) -> None:
        self._seed = seed
        self._names = tuple(names)
        self._visible = visible
        self._group = lru_cache(maxsize=4)(self._make_group)

    def between(self, start: float, end: float) -> tuple[Event, ...]:
        """Return the events that sound at any time from ``start`` up to ``end``, by start."""
        length = self.TURN * len(self.GROUP)
        groups = range(max(0, int(start // length)), int(end // length) + 1)
        events = tuple(event for number in groups for event in self._group(number))
        return Events(events).between(start, end)

    def _make_group(self, number: int) -> tuple[Event, ...]:
        rng = np.random.default_rng([self._seed, number])
        order = list(rng.permutation(self.GROUP))
        if number == 0:
            order.sort(key=lambda whose: whose != 'in view')
            order[1:] = rng.permutation(order[1:])
        events: list[Event] = []
        for turn, whose in enumerate(order, number * len(self.GROUP)):
            end = (turn + 1) * self.TURN
            start = end - rng.uniform(3.0, 4.0)
            events.append(Event(self._choose(rng, whose, start, end, events), start, end))
        return tuple(events)

    def _choose(
        self, rng: np.random.Generator, whose: str, start: float, end: float, before: Sequence[Event]
    ) -> str:
        looks = [self._visible(float(time)) for time in np.linspace(start, end, self.LOOKS)]
        names: Sequence[str] = self.NOISES
        if whose == 'in view':
            names = self._in_view(looks)
        elif whose == 'out of view':
            names = [name for name in self._names if not any(look[name] for look in looks)]
        names = names or self.NOISES
        heard = {event.name for event in before}
        fresh = [name for name in names if name not in heard] or names
        return str(rng.choice(fresh))

    def _in_view(self, looks: Sequence[Mapping[str, float]]) -> list[str]:
        seen = {name: sum(look[name] >= PLAIN for look in looks) / self.LOOKS for name in self._names}
        enough = min(self.MOSTLY, max(seen.values(), default=0.0))
        return [name for name in self._names if seen[name] >= enough]


def read_script(text: str, *, seed: int, names: Sequence[str], visible: Visible) -> Script:
    """Return the script that a text stands for: a builder's name, or a list of events.

    Parameters
    ----------
    text
        See the module.
    seed
        For the builders that choose.
    names
        Names of the objects.
    visible
        Says how much of each object is seen at a time, for the builders that choose by it.

    Raises
    ------
    InputError
        If the text is neither, or an event cannot be read.
    """
    word = text.strip()
    if word == 'turns':
        return Turns(seed, names, visible)
    if word == 'silence':
        return Events(())
    if word == 'all':
        return Events(tuple(Event(name, 0.0, math.inf) for name in names))
    if word == 'one':
        return Events(_one(seed, names, visible(0.0)))
    return Events(parse_events(text, names))


def _one(seed: int, names: Sequence[str], visible: Mapping[str, float]) -> tuple[Event, ...]:
    choice = [name for name in names if visible[name] >= PLAIN] or list(names)
    if not choice:
        return ()
    return (Event(str(np.random.default_rng(seed).choice(choice)), 0.0, math.inf),)


def parse_events(text: str, names: Sequence[str]) -> tuple[Event, ...]:
    """Return the events of a list, sorted by start.

    Raises
    ------
    InputError
        If the list is empty or an event cannot be read.
    """
    lines = [line.strip() for line in text.replace(';', '\n').splitlines() if line.strip()]
    if not lines:
        raise InputError(
            "the script is empty; give 'turns', 'one', 'all', 'silence' or events 'name start end'"
        )
    return tuple(sorted((_parse_event(line, names) for line in lines), key=lambda event: event.start))


def _parse_event(line: str, names: Sequence[str]) -> Event:
    words = line.split()
    if len(words) != 3:
        raise InputError(
            f"script: {line!r} is neither 'turns', 'one', 'all' or 'silence' nor an event; "
            "write an event as 'name start end' with times in seconds"
        )
    name = words[0]
    if name not in names and name not in NEGATIVES:
        raise InputError(f'script: nothing is named {name!r}; there are {", ".join([*names, *NEGATIVES])}')
    try:
        start, end = float(words[1]), float(words[2])
    except ValueError:
        raise InputError(f'script: the times in {line!r} are not numbers; write seconds, as in 2.5') from None
    if not 0 <= start < math.inf or not end - start >= SHORTEST:
        raise InputError(f'script: {line!r} must start at 0 s or later and last {SHORTEST} s or longer')
    return Event(name, start, end)
