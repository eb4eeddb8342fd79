"""The node as a process: latency from stamp to bearing, frames answered, CPU and memory.

The frames come from a player that sends what was drawn beforehand, so that drawing takes nothing from the
node. Stamps are the moments at which a frame is handed to DDS; an answer counts when it has arrived here.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from engines import one_window
from material import Material, simulate
from player import prepare
from processes import Listener, cpu_seconds, listening, memory, node, player
from sheet import Goal, Row, Sheet

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine

SIZES = ((640, 480), (1280, 720))
TRANSPORTS = ('raw', 'compressed')
RATES = (15.0, 30.0, 60.0)
SETTLE, SPAN = 1.5, 6.0
"""Seconds that are not looked at after the first answer, and that are."""

LAST_ANSWERS = 0.3
WATCHED = (640, 480, 'raw', 30.0)
"""What the goals are about, and what the memory is watched with."""

MEMORY = 'memory, MB'
FLAT = 5.0
"""MB that flat memory may differ by."""

MINUTES = (1, 10)
"""After which the memory is told, with ``--long``."""

STEADY = 20.0
"""Seconds until the memory of a node has settled; its slope is taken from then on."""


def measure(bundle: Bundle, *, long: bool = False) -> list[Sheet]:
    """Measure all sizes, transports and rates, then the memory."""
    network = _network_cpu(bundle)
    material = simulate()
    with tempfile.TemporaryDirectory() as name, listening() as listener:
        directory = Path(name)
        paths = {size: _prepared(material, size, directory) for size in SIZES}
        rows = []
        for transport in TRANSPORTS:
            with node(directory, *_arguments(bundle, transport)) as process:
                for (size, path), rate in itertools.product(paths.items(), RATES):
                    with player(path, rate, transport):
                        rows.append(_row(size, transport, rate) | _answers(listener, process, network))
        grown = _memory(bundle, paths[WATCHED[:2]], directory, listener, long)
    note = (
        f'The network takes {network:.2g} ms of CPU per window in the same run, by the engine alone; '
        'the rest of the node’s CPU is what it spends beside it.'
    )
    return [Sheet('Node over DDS', rows, _goals(rows), [note]), grown]


def _network_cpu(bundle: Bundle) -> float:
    """Return the CPU time of a sound and a frame in the engine that the node takes, all threads, ms."""
    engine, _ = open_engine(bundle)
    window = one_window(engine, bundle)
    spans = []
    for _ in range(60):
        began = time.process_time()
        window()
        spans.append((time.process_time() - began) * 1e3)
    engine.close()
    return statistics.median(spans[10:])


def _prepared(material: Material, size: tuple[int, int], directory: Path) -> Path:
    path = directory / f'{size[0]}x{size[1]}.npz'
    prepare(material.sized(*size), path)
    return path


def _arguments(bundle: Bundle, transport: str) -> Iterator[str]:
    for parameter in (f'image_transport:={transport}', f'model.bundle:={bundle.path.resolve()}'):
        yield from ('-p', parameter)


def _row(size: tuple[int, int], transport: str, rate: float) -> Row:
    return {'frames': f'{size[0]}×{size[1]} {transport}', 'Hz': f'{rate:.0f}'}


def _answers(listener: Listener, process: subprocess.Popen[bytes], network: float) -> Row:
    listener.until_answered()
    listener.listen(SETTLE)
    listener.forget()
    began, computed = time.monotonic(), cpu_seconds(process.pid)
    listener.listen(SPAN)
    span, computed = time.monotonic() - began, cpu_seconds(process.pid) - computed
    taken = list(listener.taken)
    listener.listen(LAST_ANSWERS)
    latencies = [(listener.answered[stamp] - stamp) / 1e6 for stamp in taken if stamp in listener.answered]
    median, late = np.percentile(latencies, (50, 99)) if latencies else (np.nan, np.nan)
    beside = (computed - len(latencies) * network / 1e3) / span
    return {
        'sent, Hz': len(taken) / span,
        'answered': f'{len(latencies) / max(len(taken), 1):.1%}',
        'p50, ms': float(median),
        'p99, ms': float(late),
        'CPU, cores': computed / span,
        'beside the network, cores': beside,
        MEMORY: round(memory(process.pid)),
    }


def _goals(rows: list[Row]) -> list[Goal]:
    width, height, transport, rate = WATCHED
    wanted = _row((width, height), transport, rate)
    row = next(row for row in rows if wanted.items() <= row.items())
    what = f'{wanted["frames"]}, {rate:.0f} Hz: '
    return [
        Goal(what + 'frames answered, %', float(row['answered'].rstrip('%')), 99, at_least=True),
        Goal(what + 'p99, ms', row['p99, ms'], 33),
        Goal(what + 'CPU beside the network, cores', row['beside the network, cores'], 0.5),
    ]


def _memory(bundle: Bundle, path: Path, directory: Path, listener: Listener, long: bool) -> Sheet:
    """Watch the memory of a fresh node: over `MINUTES`, or its slope over less."""
    _, _, transport, rate = WATCHED
    end = 60.0 * MINUTES[-1] if long else 2 * STEADY
    seen: list[tuple[float, float]] = []
    with node(directory, *_arguments(bundle, transport)) as process, player(path, rate, transport):
        listener.until_answered()
        began = time.monotonic()
        while (now := time.monotonic() - began) < end:
            seen.append((now, memory(process.pid)))
            listener.listen(1.0)
            listener.forget()
        seen.append((now, memory(process.pid)))
    moments = [60.0 * minute for minute in MINUTES] if long else [0.0, STEADY, end]
    rows = [
        {'after, s': f'{moment:.0f}', MEMORY: float(np.interp(moment, *zip(*seen, strict=True)))}
        for moment in moments
    ]
    steady = np.array([sight for sight in seen if sight[0] >= STEADY])
    slope = float(np.polyfit(steady[:, 0] / 60, steady[:, 1], 1)[0])
    goals = [Goal('memory grown from the first minute on, MB', rows[-1][MEMORY] - rows[0][MEMORY], FLAT)]
    return Sheet(
        f'Memory of the node, {WATCHED[0]}×{WATCHED[1]} {transport}, {rate:.0f} Hz',
        rows,
        goals if long else (),
        [f'Slope after {STEADY:.0f} s: {slope:.2g} MB per minute.'],
    )
