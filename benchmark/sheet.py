"""What a section of the benchmarks found: tables with goals, for the screen, for JSON and for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from benchmark.measure import Times

Row = dict[str, Any]
"""Cells by column: texts, numbers or `Times`."""


@dataclass(frozen=True)
class Goal:
    """What is asked for, and what was found.

    Attributes
    ----------
    what
        In words; what it is about comes first, before a colon, where there is a choice.
    found, limit, at_least
        The figure, its bound, and whether that is the lower one.
    aim
        Name of one of `aims.AIMS`.
    why
        What is known of why it would not be reached, as a sentence.
    """

    what: str
    found: float
    limit: float
    at_least: bool = False
    aim: str = ''
    why: str = ''

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.margin >= 0

    @property
    def margin(self) -> float:
        """How far within its bound it is."""
        return self.found - self.limit if self.at_least else self.limit - self.found

    def __str__(self) -> str:
        bound = 'at least' if self.at_least else 'at most'
        return (
            f'{self.what}: {self.found:.3g}, {bound} {self.limit:g}{"" if self.reached else " – NOT REACHED"}'
        )


@dataclass(frozen=True)
class Sheet:
    """One table."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()


def shown(sheet: Sheet) -> Table:
    """Lay out a sheet for the screen."""
    table = Table(*_columns(sheet.rows), title=sheet.title, title_justify='left')
    for row in sheet.rows:
        table.add_row(*(_text(row.get(column, '')) for column in _columns(sheet.rows)))
    return table


def stored(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as values that JSON knows."""
    rows = [
        {name: {'runs': cell.runs} if isinstance(cell, Times) else cell for name, cell in row.items()}
        for row in sheet.rows
    ]
    goals = [asdict(goal) for goal in sheet.goals]
    return {'title': sheet.title, 'rows': rows, 'goals': goals, 'notes': list(sheet.notes)}


def restored(content: dict[str, Any]) -> Sheet:
    """Return the sheet that `stored` made these values of."""
    rows = [
        {name: Times(tuple(cell['runs'])) if isinstance(cell, dict) else cell for name, cell in row.items()}
        for row in content['rows']
    ]
    return Sheet(content['title'], rows, [Goal(**goal) for goal in content['goals']], content['notes'])


def markdown(sheet: Sheet) -> str:
    """Lay out a sheet for a page."""
    below = '\n'.join(f'- {line}' for line in (*sheet.goals, *sheet.notes))
    return '\n\n'.join(part for part in (f'### {sheet.title}', table(sheet.rows), below) if part) + '\n'


def table(rows: Sequence[Row]) -> str:
    """Lay out rows for a page; nothing where there are none."""
    if not rows:
        return ''
    columns = _columns(rows)
    cells = [[_text(row.get(name, '')) for name in columns] for row in rows]
    lines = [columns, ['---'] * len(columns), *cells]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def _text(cell: Any) -> str:
    return f'{cell:.3g}' if isinstance(cell, float) else str(cell)
