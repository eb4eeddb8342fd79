"""Puts figures into docs/performance.md: ``python -m benchmark.page [RESULT.json ...]``.

Of each section it takes the newest in the results that are named, or in all of benchmark/results/.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmark.machine import sentence
from benchmark.run import RESULTS, SECTIONS
from benchmark.sheet import markdown, restored

PAGE = Path(__file__).parent.parent / 'docs' / 'performance.md'
BEGIN, END = '<!-- figures -->\n', '<!-- end of figures -->'
HOW = 'Figures are medians of runs, the least and the most in brackets; ratios are taken within one run.\n'


def figures(reports: Iterable[dict[str, Any]]) -> str:
    """Lay out what was measured last of each section, and where and when that was."""
    return '\n'.join([HOW, *_parts(sorted(reports, key=lambda report: str(report['date'])))])


def _parts(reports: list[dict[str, Any]]) -> Iterator[str]:
    said = ''
    for name in SECTIONS:
        report = next((report for report in reversed(reports) if name in report['sections']), None)
        if report is None:
            continue
        if (measured := sentence(report)) != said:
            yield f'{measured}\n'
            said = measured
        yield from (markdown(restored(sheet)) for sheet in report['sections'][name])


def filled(page: str, content: str) -> str:
    """Return a page with other figures."""
    before, rest = page.split(BEGIN)
    return f'{before}{BEGIN}\n{content}\n{END}{rest.split(END)[1]}'


def main() -> None:
    """Take the results that are named, or all."""
    paths = [Path(path) for path in sys.argv[1:]] or sorted(RESULTS.glob('20*.json'))
    content = figures(json.loads(path.read_text(encoding='utf-8')) for path in paths)
    PAGE.write_text(filled(PAGE.read_text(encoding='utf-8'), content), encoding='utf-8')


if __name__ == '__main__':
    main()
