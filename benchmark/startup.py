"""From process start to first result, with everything in the page cache and with nothing of it there.

The player runs already. A node must hear a whole second before it can answer, so one second of this is sound.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from material import simulate
from measure import Times
from player import prepare
from processes import Listener, listening, node, player
from sheet import Goal, Row, Sheet

from ros2_avloc.model.bundle import Bundle

WARM_RUNS = 4
"""The first only warms up."""

IMPORT = 'import ros2_avloc.node.avloc_node'
LOADED, LISTENING = ' runs on ', 'Listening to '
"""What the log says when the engine is ready, and when the node has found the audio."""


def measure(bundle: Bundle) -> list[Sheet]:
    """Start nodes."""
    with tempfile.TemporaryDirectory() as name, listening() as listener:
        directory = Path(name)
        prepare(simulate(seconds=2.5), directory / 'frames.npz')
        with player(directory / 'frames.npz', 30.0, 'raw'):
            warm = [_start(bundle, directory, listener) for _ in range(WARM_RUNS)][1:]
            imports = Times(tuple(_imports() for _ in range(3)))
            _forget_files(bundle)
            cold = [_start(bundle, directory, listener)]
    rows: list[Row] = [{'from process start to': 'imports done, warm (alone)', 's': imports}]
    for state, runs in (('warm', warm), ('cold', cold)):
        for step in runs[0]:
            rows.append(
                {'from process start to': f'{step}, {state}', 's': Times(tuple(run[step] for run in runs))}
            )
    first = next(row for row in rows if row['from process start to'] == 'first result, warm')['s']
    note = (
        'Cold: the files of Python’s packages, of this package and of the bundle were dropped from the page '
        'cache; what other processes hold in use stays.'
    )
    return [
        Sheet('Start-up', rows, [Goal('process start to first result, warm, s', first.median, 3.0)], [note])
    ]


def _start(bundle: Bundle, directory: Path, listener: Listener) -> dict[str, float]:
    log = directory / 'node.log'
    log.unlink(missing_ok=True)
    began = time.time()
    with node(directory, '-p', f'model.bundle:={bundle.path.resolve()}'):
        took = listener.until_answered()
    text = log.read_text(encoding='utf-8')
    return {
        'engine ready': _moment(text, LOADED) - began,
        'audio found': _moment(text, LISTENING) - began,
        'first result': took,
    }


def _moment(log: str, sentence: str) -> float:
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
