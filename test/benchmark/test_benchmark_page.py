"""Which figures come into docs/performance.md, and where."""

from __future__ import annotations

from typing import Any

from benchmark.page import BEGIN, END, figures, filled
from benchmark.sheet import Sheet, stored


def report(hour: int, *sections: str, machine: str = 'Abacus, 1 core') -> dict[str, Any]:
    return {
        'date': f'2026-01-02T{hour:02}:04:05+00:00', 'machine': machine, 'load': 0.25, 'python': '3.11.7',
        'libraries': {'numpy': '2.2.6'}, 'bundle': 'avolnet 0123456789abcdef',
        'sections': {name: [stored(Sheet(f'{name} at {hour}', [], notes=['A word.']))] for name in sections},
    }


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith('###')]


def test_of_each_section_the_newest_figures_count_in_a_fixed_order() -> None:
    shown = figures([report(9, 'growth'), report(8, 'memory', 'growth', 'engines')])
    assert headings(shown) == ['### engines at 8', '### growth at 9', '### memory at 8']


def test_every_change_of_the_run_is_said() -> None:
    shown = figures([report(8, 'engines', 'stages', 'memory'), report(9, 'dds', machine='Loom, 4 cores')])
    lines = [line for line in shown.splitlines() if line.startswith('Measured')]
    first = ('Measured 2026-01-02 08:04 on Abacus, 1 core; load at the start 0.2; Python 3.11.7, '
             'numpy 2.2.6; model avolnet 0123456789ab.')
    assert [lines[0], lines[2]] == [first, first]
    assert 'Loom, 4 cores' in lines[1] and len(lines) == 3


def test_a_page_gets_other_figures_and_keeps_everything_else() -> None:
    page = f'Before\n{BEGIN}\nold\n{END}\nAfter\n'
    once = filled(page, 'new\n')
    assert once == f'Before\n{BEGIN}\nnew\n\n{END}\nAfter\n'
    assert filled(once, 'new\n') == once
