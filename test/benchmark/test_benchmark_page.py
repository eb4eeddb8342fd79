"""Which figures come into docs/performance.md, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.aims import AIMS, told
from benchmark.page import BEGIN, END, figures, filled, read
from benchmark.sheet import Goal, Sheet, stored


def report(hour: int, *sections: str, machine: str = 'Abacus, 1 core', rows: int = 1) -> dict[str, Any]:
    measured = [{'ms': 1.0}] * rows
    return {
        'date': f'2026-01-02T{hour:02}:04:05+00:00', 'machine': machine, 'load': 0.25, 'python': '3.11.7',
        'libraries': {'numpy': '2.2.6'}, 'bundle': 'avolnet 0123456789abcdef',
        'sections': {name: [stored(Sheet(f'{name} at {hour}', measured))] for name in sections},
    }


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith('###')]


def test_of_each_section_the_newest_figures_count_in_a_fixed_order() -> None:
    shown = figures([report(9, 'growth'), report(8, 'memory', 'growth', 'engines')])
    assert headings(shown) == ['### Aims', '### growth at 9', '### memory at 8', '### engines at 8']


def test_what_could_not_be_measured_replaces_nothing_that_was() -> None:
    shown = figures([report(8, 'engines'), report(9, 'engines', 'gpu', rows=0)])
    assert headings(shown) == ['### Aims', '### engines at 8', '### gpu at 9']


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


@pytest.mark.parametrize('page', ['', f'Before\n{BEGIN}\nold', f'{END}\nAfter'])
def test_a_page_without_a_place_for_figures_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match='lacks'):
        filled(page, 'new\n')


def judged(*goals: Goal) -> list[str]:
    """Lines about the first aim, with these goals."""
    shown = told({AIMS[0].section: [Sheet('', [], goals)]})
    return [line for line in shown.splitlines() if AIMS[0].sentence in line]


def goal(subject: str, found: float, why: str = '') -> Goal:
    return Goal(f'{subject}: times', found, 8, at_least=True, aim=AIMS[0].name, why=why)


def test_an_aim_is_met_where_all_its_goals_are() -> None:
    (row,) = judged(goal('one', 9.25), goal('other', 8.0))
    assert row == f'| {AIMS[0].sentence} | 8 times (other) | yes |'


def test_an_aim_that_is_missed_says_by_what_and_why() -> None:
    row, why = judged(goal('one', 9.25), goal('other', 3.14159, 'For want of a nail.'))
    assert row.endswith('| 3.14 times (other) | no |')
    assert why == f'- Not met: {AIMS[0].sentence}. For want of a nail.'


def test_an_aim_of_what_gave_no_figure_is_missed() -> None:
    row, _ = judged(goal('one', float('nan')), goal('other', 9.0))
    assert row.endswith('| nothing (one) | no |')


def test_an_aim_that_was_not_measured_is_neither_met_nor_missed() -> None:
    assert judged() == [f'| {AIMS[0].sentence} | not measured |  |']
    other = Goal('something else', 9.0, 8, at_least=True)
    assert judged(other) == judged()


def test_results_that_are_broken_are_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.dumps(report(8, 'engines'))
    contents = {'good': whole, 'half': whole[: len(whole) // 2], 'other': '{"date": "today"}', 'list': '[]'}
    for name, content in contents.items():
        (tmp_path / f'{name}.json').write_text(content, encoding='utf-8')
    found = read(tmp_path / f'{name}.json' for name in (*contents, 'absent'))
    assert [one['date'] for one in found] == [report(8)['date']]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4 and all('holds no results' in line for line in said)
