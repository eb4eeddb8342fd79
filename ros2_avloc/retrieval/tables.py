"""What was found, as a table for people."""

from __future__ import annotations

import math

from rich.table import Table

from ros2_avloc.retrieval.moments import QUIET
from ros2_avloc.retrieval.searching import Answer, Hit


def clock(seconds: float) -> str:
    """Return a time as people read it: ``0:12.5``, ``1:02:12.5``."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{rest / 10:04.1f}' if hours else f'{minutes}:{rest / 10:04.1f}'


def table(answer: Answer) -> Table:
    """Return a row for each hit."""
    noun = 'moment' if answer.searched == 1 else 'moments'
    drawn = Table(title=f'{answer.title}, of {answer.searched} {noun}', title_justify='left')
    drawn.add_column('', justify='right')
    drawn.add_column('recording', overflow='fold')
    drawn.add_column('time', justify='right')
    drawn.add_column('sound', justify='right')
    drawn.add_column('distance', justify='right')
    if answer.across:
        drawn.add_column('belongs together', justify='right')
    for number, hit in enumerate(answer.hits, 1):
        drawn.add_row(*_cells(number, hit))
    return drawn


def _cells(number: int, hit: Hit) -> list[str]:
    level = float(hit.entry.moments.levels[hit.row])
    sound = 'none' if math.isnan(level) else 'silent' if level < QUIET else f'{level:.0f} dB'
    cells = [str(number), hit.entry.identity.path, clock(hit.time), sound, f'{hit.distance:.3f}']
    return cells if hit.probability is None else [*cells, f'{hit.probability:.0%}']
