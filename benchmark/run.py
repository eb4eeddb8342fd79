"""``make bench``: the benchmarks, as tables on the screen and as JSON in benchmark/results/.

The JSON is written anew after each section, so that what was measured stays when a later one is broken off.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmark import machine
from benchmark.sheet import Sheet, shown, stored
from ros2_avloc.errors import AvlocError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.share import bundle_path

RESULTS = Path(__file__).parent / 'results'
SECTIONS = {
    'stages': 'what each stage of a window costs',
    'growth': 'what frame size, rate, channels, sources and topics cost',
    'dds': 'the node as a process: latency, frames answered, CPU, memory',
    'startup': 'from process start to first result',
    'memory': 'the memory of the node over ten minutes',
    'engines': 'the network in every engine and precision',
    'gpu': 'torch on a GPU, with and without CUDA graphs',
    'answers': 'what the engines compute, against torch in float32',
    'photos': 'the same as answers, on val scenes of a pack; only with --pack',
}
"""In the order of the page. What is timed in this process comes before other libraries have threads in it."""

WIDTH = 160
"""Of tables that go into a file, in letters."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show, write."""
    given = _arguments(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    bundle = Bundle.load(bundle_path(given.bundle))
    report: dict[str, Any] = machine.describe() | {'bundle': f'{bundle.name} {bundle.sha256}', 'sections': {}}
    path = given.results / f'{report["date"][:19].replace(":", "")}.json'
    console.print(machine.sentence(report))
    for name in given.sections or _all(given.pack):
        sheets = measured(name, bundle, **({'pack': given.pack} if name == 'photos' else {}))
        for sheet in sheets:
            _show(console, sheet)
        report['sections'][name] = [stored(sheet) for sheet in sheets]
        _write(path, report)
    console.print(f'Written to {path}')


def _all(pack: Path | None) -> list[str]:
    return [name for name in SECTIONS if name != 'photos' or pack is not None]


def measured(name: str, bundle: Bundle, **options: Any) -> list[Sheet]:
    """Return what a section finds, or why it cannot run here: none keeps the others from running."""
    try:
        sheets: list[Sheet] = importlib.import_module(f'benchmark.{name}').measure(bundle, **options)
    except (AvlocError, ImportError, OSError) as error:
        return [_not_measured(name, str(error))]
    except Exception as error:  # each library has errors of its own
        return [_not_measured(name, repr(error))]
    return sheets


def _not_measured(name: str, why: str) -> Sheet:
    return Sheet(name.capitalize(), [], notes=[f'Not measured: {why}'])


def _write(path: Path, report: dict[str, Any]) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix('.part')
    part.write_text(json.dumps(report, indent=1) + '\n', encoding='utf-8')
    part.replace(path)


def _show(console: Console, sheet: Sheet) -> None:
    console.print(shown(sheet))
    for line in (*sheet.goals, *sheet.notes):
        console.print(str(line), style='bold' if line in sheet.goals else None, markup=False)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    sections = '; '.join(f'{name}: {what}' for name, what in SECTIONS.items())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'sections',
        nargs='*',
        choices=[*SECTIONS, []],
        metavar='SECTION',
        help=f'which to run; none: all. {sections}',
    )
    parser.add_argument('--bundle', default='avolnet', help='directory of a bundle')
    parser.add_argument('--pack', type=Path, help='of photos and recordings, for the section photos')
    parser.add_argument('--results', type=Path, default=RESULTS, help='directory that the JSON goes to')
    given = parser.parse_args(arguments)
    if 'photos' in given.sections and given.pack is None:
        parser.error('the section photos needs --pack, the directory of a pack')
    return given


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('Told to end.'))  # so that its processes end too
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
