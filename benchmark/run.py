"""``make bench``: the benchmarks, as tables on the screen and as JSON in benchmark/results/."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

import machine
from rich.console import Console
from sheet import Sheet, shown, stored

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.share import bundle_path

RESULTS = Path(__file__).parent / 'results'
SECTIONS = {
    'engines': 'the network in every engine and precision',
    'cuda': 'torch on a GPU, with and without CUDA graphs',
    'answers': 'what the engines compute, against torch in float32',
    'stages': 'what each stage of a window costs',
    'growth': 'what frame size, channels, sources and topics cost',
    'dds': 'the node as a process: latency, frames answered, CPU, memory',
    'startup': 'from process start to first result',
}


def main() -> None:
    """Measure, show, write."""
    arguments = _arguments()
    console = Console()
    bundle = Bundle.load(bundle_path(arguments.bundle))
    report: dict[str, Any] = machine.describe() | {'bundle': f'{bundle.name} {bundle.sha256}', 'sections': {}}
    for name in arguments.sections or SECTIONS:
        found = importlib.import_module(name)
        sheets = found.measure(
            bundle,
            **({'long': True} if arguments.long and name == 'dds' else {}),
            **({'pack': arguments.pack} if arguments.pack and name == 'answers' else {}),
        )
        for sheet in sheets:
            _show(console, sheet)
        report['sections'][name] = [stored(sheet) for sheet in sheets]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f'{report["date"][:19].replace(":", "")}.json'
    path.write_text(json.dumps(report, indent=1) + '\n', encoding='utf-8')
    console.print(f'Written to {path}')


def _show(console: Console, sheet: Sheet) -> None:
    console.print(shown(sheet))
    for line in (*sheet.goals, *sheet.notes):
        console.print(str(line), style='bold' if line in sheet.goals else None)


def _arguments() -> argparse.Namespace:
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
    parser.add_argument('--long', action='store_true', help='dds: watch the memory for ten minutes')
    parser.add_argument('--pack', type=Path, help='answers: look at the val scenes of this pack too')
    return parser.parse_args()


if __name__ == '__main__':
    main()
