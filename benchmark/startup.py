"""From process start to first result, with everything in the page cache and with nothing of it there.

The player runs already. A node must hear a whole second before it can answer, so one second of this is sound.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from benchmark.material import simulate
from benchmark.measure import Times
from benchmark.player import prepare
from benchmark.processes import Listener, listening, node, player
from benchmark.sheet import Goal, Row, Sheet
from ros2_avloc.model.bundle import Bundle

WARM_UPS, WARM_RUNS, COLD_RUNS = 1, 3, 3

READY, FIRST = 'engine ready', 'first result'
IMPORT = 'import ros2_avloc.node.avloc_node'
LOADED, LISTENING = ' runs on ', 'Listening to '
"""What the log says when the engine is ready, and when the node has found the audio."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Start nodes."""
    with tempfile.TemporaryDirectory() as name, listening() as listener:
        directory = Path(name)
        prepare(simulate(seconds=2.5), directory / 'frames.npz')
        with player(directory / 'frames.npz', 30.0):
            warm = [_start(bundle, directory, listener) for _ in range(WARM_UPS + WARM_RUNS)]
            imports = Times(tuple(_imports() for _ in range(WARM_RUNS)))
            warm = warm[WARM_UPS:]
            cold = [_start(bundle, directory, listener, cold=True) for _ in range(COLD_RUNS)]
    rows: list[Row] = [_row('imports done, warm (alone)', imports)]
    for state, runs in (('warm', warm), ('cold', cold)):
        for step in runs[0] if runs else ():
            rows.append(_row(f'{step}, {state}', Times(tuple(run[step] for run in runs))))
    first, ready = (statistics.median(run[step] for run in warm) for step in (FIRST, READY))
    goal = Goal(
        'process start to first result, warm, s', first, 3.0, aim='start',
        why=f'A second of it is sound that must be heard; the engine is ready after {ready:.2g} s.'
    )
    note = (
        'Cold: the files of Python’s packages, of this package and of the bundle were dropped from the page '
        'cache; what other processes hold in use stays.'
    )
    return [Sheet('Start-up', rows, [goal], [note])]


def _row(step: str, seconds: Times) -> Row:
    return {'from process start to': step, 's': seconds}


def _start(bundle: Bundle, directory: Path, listener: Listener, *, cold: bool = False) -> dict[str, float]:
    log = directory / 'node.log'
    log.unlink(missing_ok=True)
    if cold:
        _forget_files(bundle)
    began = time.time()
    with node(bundle, log):
        listener.until_answered()
        took = time.time() - began
    text = log.read_text(encoding='utf-8')
    return {
        READY: moment(text, LOADED) - began,
        'audio found': moment(text, LISTENING) - began,
        FIRST: took,
    }


def moment(log: str, sentence: str) -> float:
    """Time of the first line of the log that holds a sentence, s."""
    line = next(line for line in log.splitlines() if sentence in line)
    found = re.search(r'\[(\d+\.\d+)\]', line)
    assert found is not None
    return float(found[1])


def _imports() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, '-c', IMPORT], check=True)
    return time.monotonic() - began


def _forget_files(bundle: Bundle) -> None:
    """Drop what a start reads from the page cache."""
    package = Path(__file__).parent.parent / 'ros2_avloc'
    for root in (
        Path(sysconfig.get_path('purelib')),
        Path(sysconfig.get_path('stdlib')),
        package,
        bundle.path,
    ):
        for path in root.rglob('*'):
            if path.is_file():
                _forget(path)


def _forget(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
