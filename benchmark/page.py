"""Puts the tables of a result into docs/performance.md: ``python benchmark/page.py [RESULT.json]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sheet import markdown, restored

ROOT = Path(__file__).parent.parent
PAGE = ROOT / 'docs' / 'performance.md'
BEGIN, END = '<!-- figures -->\n', '<!-- end of figures -->'


def figures(report: dict[str, Any]) -> str:
    """Lay out a result of ``make bench``."""
    versions = ', '.join(f'{name} {version}' for name, version in report['libraries'].items())
    head = (
        f'Measured {report["date"][:16].replace("T", " ")} on {report["machine"]}; load at the start '
        f'{report["load"]:.1f}; Python {report["python"]}, {versions}; model {report["bundle"][:20]}.\n'
        'Times are medians of runs, fastest and slowest run in brackets; ratios are taken within one run.\n'
    )
    sheets = [markdown(restored(sheet)) for section in report['sections'].values() for sheet in section]
    return '\n'.join([head, *sheets])


def main() -> None:
    """Take the result that is named, or the newest."""
    results = sorted((ROOT / 'benchmark' / 'results').glob('20*.json'))
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else results[-1]
    before, rest = PAGE.read_text(encoding='utf-8').split(BEGIN)
    after = rest.split(END)[1]
    content = figures(json.loads(path.read_text(encoding='utf-8')))
    PAGE.write_text(f'{before}{BEGIN}\n{content}\n{END}{after}', encoding='utf-8')


if __name__ == '__main__':
    main()
