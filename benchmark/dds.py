"""The node as a process: latency from stamp to bearing, frames answered, CPU and memory.

The frames come from a player that sends what was drawn beforehand, so that drawing takes nothing from the
node. Stamps are the moments at which a frame is handed to DDS; an answer counts when it has arrived here.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.engines import one_window
from benchmark.material import CHUNK, Material, simulate
from benchmark.measure import Times
from benchmark.player import prepare
from benchmark.processes import Listener, cpu_seconds, listening, memory, node, player
from benchmark.sheet import Goal, Row, Sheet
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine

SIZES = ((640, 480), (1280, 720))
TRANSPORTS = ('raw', 'compressed')
RATES = (15.0, 30.0, 60.0)
RUNS = 3
SETTLE, SPAN = 1.0, 4.0
"""Seconds that are not looked at after the first answer, and that are, in each run."""

CALLS = 60
"""Windows of the engine alone; the first sixth warms up."""

LAST_ANSWERS = 0.3
WATCHED = ('640×480 raw', '30')
"""What the goals are about."""

Case = tuple[str, str]
"""Size and transport, and rate, as the table names them."""

ANSWERED, HALF, LATE = 'answered, %', 'p50, ms', 'p99, ms'
CPU, BESIDE = 'CPU, cores', 'beside the network, cores'
MESSAGE = 1e3 * CHUNK / SAMPLE_RATE
"""Sound in one message, ms."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Measure all sizes, transports and rates, each once in every run."""
    network = _network_cpu(bundle)
    runs: dict[Case, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, listening() as listener:
        paths = _prepared(Path(name))
        for transport in TRANSPORTS:
            with node(bundle, Path(name, 'node.log'), transport) as pid:
                for _, (size, path), rate in itertools.product(range(RUNS), paths.items(), RATES):
                    with player(path, rate, transport):
                        runs[f'{size} {transport}', f'{rate:.0f}'].append(_answers(listener, pid, network))
    rows = [_row(case, found) for case, found in runs.items()]
    notes = [
        f'The network takes {network:.2g} ms of CPU per window in the same run, by the engine alone; '
        'the rest of the node’s CPU is what it spends beside it.',
        f'Sound comes {CHUNK} samples ({MESSAGE:.0f} ms) at a time. A frame waits for the '
        'sound up to its stamp; of frames whose sound comes with one message the newest is answered.',
    ]
    return [Sheet('Node over DDS', rows, goals(rows), notes)]


def figures(
    taken: Sequence[int], answered: dict[int, int], *, span: float, computed: float, network: float
) -> dict[str, float]:
    """Return what a run comes to.

    Parameters
    ----------
    taken, answered
        Stamps of the frames that were sent, and when each was answered, ns.
    span, computed
        Seconds that it took, and that the node's process computed.
    network
        CPU time of the network for one window, ms.
    """
    latencies = [(answered[stamp] - stamp) / 1e6 for stamp in taken if stamp in answered]
    median, late = np.percentile(latencies, (50, 99)) if latencies else (np.nan, np.nan)
    return {
        'sent, Hz': len(taken) / span,
        ANSWERED: 100 * len(latencies) / max(len(taken), 1),
        HALF: float(median),
        LATE: float(late),
        CPU: computed / span,
        BESIDE: (computed - len(latencies) * network / 1e3) / span,
    }


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return what is asked for of the row that is watched, if it was measured."""
    return [goal for row in rows if (row['frames'], row['Hz']) == WATCHED for goal in _goals(row)]


def _goals(row: Row) -> tuple[Goal, Goal, Goal]:
    where = f'{" ".join(WATCHED)} Hz'
    ear = f'A frame waits for the sound up to its stamp, which comes {MESSAGE:.0f} ms at a time.'
    return (
        Goal(f'{where}: frames answered, %', row[ANSWERED].median, 99, at_least=True, aim='answered',
             why=ear),
        Goal(f'{where}: p99, ms', row[LATE].median, 33, aim='late',
             why=f'{ear} Half of the frames are answered within {row[HALF].median:.3g} ms.'),
        Goal(f'{where}: CPU beside the network, cores', row[BESIDE].median, 0.5, aim='beside',
             why=f'Node and network together take {row[CPU].median:.2g} cores.'),
    )


def _network_cpu(bundle: Bundle) -> float:
    """Return the CPU time of a sound and a frame in the engine that the node takes, all threads, ms."""
    engine, _ = open_engine(bundle)
    window = one_window(engine, bundle)
    spans = []
    for _ in range(CALLS):
        began = time.process_time()
        window()
        spans.append((time.process_time() - began) * 1e3)
    engine.close()
    return statistics.median(spans[CALLS // 6 :])


def _prepared(directory: Path) -> dict[str, Path]:
    """Write the frames of each size for a player."""
    material: Material = simulate()
    paths = {f'{width}×{height}': directory / f'{width}x{height}.npz' for width, height in SIZES}
    for path, size in zip(paths.values(), SIZES, strict=True):
        prepare(material.sized(*size), path)
    return paths


def _answers(listener: Listener, pid: int, network: float) -> dict[str, float]:
    listener.until_answered()
    listener.listen(SETTLE)
    listener.forget()
    began, computed = time.monotonic(), cpu_seconds(pid)
    listener.listen(SPAN)
    span, computed = time.monotonic() - began, cpu_seconds(pid) - computed
    taken = list(listener.taken)
    listener.listen(LAST_ANSWERS)
    found = figures(taken, listener.answered, span=span, computed=computed, network=network)
    return found | {'memory, MB': memory(pid)}


def _row(case: Case, runs: Sequence[dict[str, float]]) -> Row:
    frames, rate = case
    cells = {name: Times(tuple(run[name] for run in runs)) for name in runs[0]}
    return {'frames': frames, 'Hz': rate} | cells
