"""What ``avloc evaluate`` does."""

from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

import torch

from ros2_avloc.learning.evaluation import measure
from ros2_avloc.learning.worlds import MEASURED, banks_of
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.localizer import Localizer


def measure_bundle(directory: Path, pack: Path | None, *, scenes: int,
                   engine: str = 'auto') -> dict[str, Any]:
    """Measure a bundle on simulated scenes, and on a pack's split `val`.

    Returns
    -------
    dict
        ``bundle``, ``sha256``, ``engine``, ``machine``, ``date``, ``threshold``, and ``sets``: by name of
        the set (``simulated``, ``real``) what `evaluation.measure` returns.
    """
    bundle = Bundle.load(directory)
    opened, _ = open_engine(bundle, name=engine)
    localizer, threshold = Localizer(opened, bundle), bundle.calibration.threshold
    sets = {name: measure(localizer, threshold, bank, scenes, MEASURED)
            for name, bank in banks_of(pack, MEASURED, 'val').items()}
    identity = f'{opened.identity.name} {opened.identity.version}, {opened.identity.precision}'
    opened.close()
    return {'bundle': bundle.name, 'sha256': bundle.sha256, 'engine': identity, 'machine': _machine(),
            'date': datetime.date.today().isoformat(), 'threshold': threshold, 'sets': sets}


def table(report: dict[str, Any]) -> str:
    """Return the figures of `measure_bundle` as a Markdown table."""
    sets = report['sets']
    rows = [['', *sets], ['---'] * (1 + len(sets))]
    for objects in ('1', '2', '3'):
        figures = [one['localisation'][objects] for one in sets.values()]
        rows.append([f'peak on what sounds, {objects} in view (always the centre)',
                     *(f'{_percent(figure)} ({100 * figure["centre"]:.0f} %)' for figure in figures)])
    rows.append(['sound in view: found at the threshold', *(_percent(one['kept']) for one in sets.values())])
    for negative in next(iter(sets.values()))['false_positives']:
        rows.append([f'false positives: {negative}',
                     *(_percent(one['false_positives'].get(negative)) for one in sets.values())])
    rows.append(['AVC, in view or elsewhere', *(f'{100 * one["avc"]:.1f} %' for one in sets.values())])
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write plain values, two blanks deep."""
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def _percent(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return '–'
    low, high = (100 * end for end in figure['interval'])
    return f'{100 * figure["share"]:.1f} % [{low:.0f}, {high:.0f}]'


def _machine() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
        model = next(line.split(':')[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f'{model}, {torch.get_num_threads()} threads'
