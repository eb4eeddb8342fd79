"""The memory of the node over ten minutes of frames, while somebody listens to all that it publishes.

It takes as long as it says, and is part of ``make bench``; by itself: ``make bench SECTIONS=memory``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.material import simulate
from benchmark.player import prepare
from benchmark.processes import Listener, listening, memory, node, player
from benchmark.sheet import Goal, Row, Sheet
from ros2_avloc.model.bundle import Bundle

WIDTH, HEIGHT, RATE = 640, 480, 30.0
MINUTES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""After which the memory is told; from the second of them on it is to be flat."""

FLAT = 5.0
"""MB that flat memory may differ by."""

AROUND = 0.25
"""Minutes on either side whose median is told: frames that wait hold some MB now and then."""

PAUSE = 1.0
"""Seconds between two looks."""

KINDS = {'memory, MB': 'VmRSS', 'its own, MB': 'RssAnon', 'shared, MB': 'RssShmem'}
"""All that is resident; of that what the process allocated, and what it shares with others through DDS."""

Sight = tuple[float, ...]
"""Minutes since the first answer, and the `KINDS` of memory, MB."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Watch a node that nobody has asked anything yet."""
    with tempfile.TemporaryDirectory() as name, listening() as listener:
        listener.listen_to_all()
        path = Path(name, 'frames.npz')
        prepare(simulate(WIDTH, HEIGHT), path)
        with node(bundle, Path(name, 'node.log')) as pid, player(path, RATE):
            listener.until_answered()
            seen, answered = _watch(pid, listener)
    rows = rows_of(seen)
    last = MINUTES[-1]
    return [
        Sheet(
            f'Memory of the node over {last:g} minutes, {WIDTH}×{HEIGHT} raw, {RATE:.0f} Hz, all topics',
            rows,
            [goal_of(rows)],
            [
                f'Slope from minute {MINUTES[1]:g} on: {slope(seen):.2g} MB per minute.',
                f'{answered:.1%} of the frames were answered meanwhile.',
            ],
        )
    ]


def goal_of(rows: Sequence[Row]) -> Goal:
    """Return what is asked for: no growth from the second of `MINUTES` on."""
    grown, own, shared = (float(rows[-1][kind]) - float(rows[1][kind]) for kind in KINDS)
    return Goal(
        f'memory grown from minute {MINUTES[1]:g} to minute {MINUTES[-1]:g}, MB', grown, FLAT, aim='flat',
        why=f'Of the growth {own:.2g} MB are the node’s own, {shared:.2g} MB shared through DDS.'
    )


def _watch(pid: int, listener: Listener) -> tuple[list[Sight], float]:
    """Return what was seen, and the share of frames that were answered."""
    began = time.monotonic()
    seen, taken, answered = [_look(0.0, pid)], 0, 0
    while seen[-1][0] < MINUTES[-1]:
        listener.forget()
        listener.listen(PAUSE)
        seen.append(_look((time.monotonic() - began) / 60, pid))
        taken, answered = taken + len(listener.taken), answered + len(listener.answered)
    return seen, answered / max(taken, 1)


def _look(minute: float, pid: int) -> Sight:
    return (minute, *(memory(pid, kind) for kind in KINDS.values()))


def rows_of(seen: Sequence[Sight]) -> list[Row]:
    """Return the memory after `MINUTES`: medians of what was seen `AROUND` them."""
    table = np.array(seen)
    return [
        {'after, min': f'{minute:g}'}
        | {
            name: round(float(middle), 1)
            for name, middle in zip(KINDS, np.median(_around(table, minute)[:, 1:], axis=0), strict=True)
        }
        for minute in MINUTES
    ]


def _around(table: NDArray[np.float64], minute: float) -> NDArray[np.float64]:
    away = np.abs(table[:, 0] - minute)
    return table[away <= max(AROUND, away.min())]


def slope(seen: Sequence[Sight]) -> float:
    """Return by how much the memory grows from the second of `MINUTES` on, MB per minute."""
    steady = np.array([sight for sight in seen if sight[0] >= MINUTES[1]])
    return float(np.polyfit(steady[:, 0], steady[:, 1], 1)[0])
