"""``make bench``: the benchmarks, as a table on the screen and as JSON in benchmark/results/."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from material import simulate
from measure import Times, times
from rich.console import Console
from rich.table import Table
from stages import measure_stages

from ros2_avloc.errors import AvlocError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.share import share_path

RESULTS = Path(__file__).parent / 'results'
LIBRARIES = ('numpy', 'opencv-python-headless', 'onnxruntime', 'openvino', 'soxr')
ENGINES = (('onnxruntime', 'fp32'), ('openvino', 'fp32'), ('openvino', 'bf16'))
NETWORK = ('network: sound', 'network: frame and head')


def measure_engines(bundle: Bundle) -> dict[str, Times]:
    """Time one sound and one frame with every engine and precision that works here."""
    found = {}
    for name, precision in ENGINES:
        try:
            engine, _ = open_engine(bundle, name=name, precision=precision, strict=True)
        except AvlocError as error:
            print(f'left out: {error}')
            continue
        found[f'{name} {precision}'] = times(lambda engine=engine: _network_calls(engine, bundle))
        engine.close()
    return found


def _network_calls(engine: Engine, bundle: Bundle) -> Any:
    golden = bundle.golden
    return (lambda: engine.localize(golden.image, engine.embed_sound(golden.spectrogram)) for _ in range(30))


def show(title: str, rows: dict[str, Times], unit: float, unit_name: str) -> Table:
    """Lay out times, each with its ratio to a unit."""
    table = Table('', 'median ms', 'fastest … slowest run', f'÷ {unit_name}', title=title)
    for name, row in rows.items():
        spread = f'{row.fastest:.2f} … {row.slowest:.2f}'
        table.add_row(name, f'{row.median:.2f}', spread, f'{row.median / unit:.2f}')
    return table


def main() -> None:
    """Measure, show, write."""
    bundle = Bundle.load(share_path('models', 'avolnet'))
    engines = measure_engines(bundle)
    slowest = max(engines, key=lambda name: engines[name].median)
    engine, _ = open_engine(bundle)
    stages = measure_stages(simulate(), engine, bundle)
    whole = stages['window, all of it'].median
    besides = 1 - sum(stages[name].median for name in NETWORK) / whole
    engine_name = f'{engine.identity.name} {engine.identity.precision}'
    console = Console()
    console.print(show('The network, one sound and one frame', engines, engines[slowest].median, slowest))
    console.print(show(f'Stages at 640×480, {engine_name}', stages, whole, 'window'))
    console.print(f'Share of a window that is not the network: {besides:.0%}')
    report = {
        'date': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
        'machine': f'{engine.identity.device}, {len(os.sched_getaffinity(0))} cores',
        'python': sys.version.split()[0],
        'system': platform.platform(),
        'libraries': {name: version(name) for name in LIBRARIES},
        'bundle': bundle.sha256,
        'engines': {name: asdict(row) for name, row in engines.items()},
        'stages': {name: asdict(row) for name, row in stages.items()},
        'share besides the network': besides,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f'{report["date"][:19].replace(":", "")}.json'
    path.write_text(json.dumps(report, indent=2) + '\n')
    console.print(f'Written to {path}')


if __name__ == '__main__':
    main()
