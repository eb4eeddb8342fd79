"""Puts figures into docs/performance.md: ``python -m benchmark.page [RESULT.json ...]``.

Of each section it takes the newest in the results that are named, or in all of benchmark/results/; and says
which aims are met.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.aims import told
from benchmark.machine import sentence
from benchmark.run import RESULTS, SECTIONS
from benchmark.sheet import Sheet, markdown, restored

PAGE = Path(__file__).parent.parent / 'docs' / 'performance.md'
BEGIN, END = '<!-- figures -->\n', '<!-- end of figures -->'
HOW = 'Figures are medians of runs, the least and the most in brackets; ratios are taken within one run.\n'


Report = Mapping[str, Any]
"""What a file of results holds."""


def figures(reports: Iterable[Report]) -> str:
    """Lay out what was asked for and reached, and what was measured last of each section, where and when."""
    latest = _latest(sorted(reports, key=lambda report: str(report['date'])))
    sheets = {
        name: [restored(sheet) for sheet in report['sections'][name]] for name, report in latest.items()
    }
    return '\n'.join([HOW, told(sheets), *_parts(latest, sheets)])


def _latest(reports: Sequence[Report]) -> dict[str, Report]:
    """Return the newest report of each section, of those in which it was measured if there are any."""
    found = {}
    for name in SECTIONS:
        having = [report for report in reports if name in report['sections']]
        measured = [report for report in having if any(sheet['rows'] for sheet in report['sections'][name])]
        if having:
            found[name] = (measured or having)[-1]
    return found


def _parts(latest: Mapping[str, Report], sheets: Mapping[str, Sequence[Sheet]]) -> Iterator[str]:
    said = ''
    for name, report in latest.items():
        if (measured := sentence(report)) != said:
            yield f'{measured}\n'
            said = measured
        yield from map(markdown, sheets[name])


def filled(page: str, content: str) -> str:
    """Return a page with other figures.

    Raises
    ------
    ValueError
        If it has no place for them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f'the page lacks {BEGIN.strip()} or {END}')
    return f'{before}{BEGIN}\n{content}\n{END}{after}'


def read(paths: Iterable[Path]) -> list[Report]:
    """Read results; those that cannot be read are named and left out."""
    reports = []
    for path in paths:
        try:
            report = json.loads(path.read_text(encoding='utf-8'))
            figures([report])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f'{path} holds no results of make bench: {error!r}', file=sys.stderr)
        else:
            reports.append(report)
    return reports


def main() -> None:
    """Take the results that are named, or all."""
    reports = read([Path(path) for path in sys.argv[1:]] or sorted(RESULTS.glob('20*.json')))
    if not reports:
        sys.exit('There are no results; run make bench.')
    try:
        page = filled(PAGE.read_text(encoding='utf-8'), figures(reports))
    except (OSError, ValueError) as error:
        sys.exit(f'{PAGE} stays as it is: {error}')
    PAGE.write_text(page, encoding='utf-8')


if __name__ == '__main__':
    main()
