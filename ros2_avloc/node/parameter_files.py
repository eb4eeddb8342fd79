"""The tables of parameters as files of ``config/`` and as pages of ``docs/``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.settings import ALWAYS, CONFIGURE, START, Entry, Settings, Table, entries

_MADE = 'Made by `python -m ros2_avloc.node.parameter_files` from'
TABLES: dict[str, type[Table]] = {'avloc_node': Settings, 'follower': FollowerSettings}
"""By the executable whose parameters they are."""

WHEN = {
    START: 'Read-only.',
    CONFIGURE: 'May change while the node is unconfigured.',
    ALWAYS: 'May change at any time.',
}


def as_yaml(value: Any) -> str:
    """Write a value of a parameter as YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    return "''" if value == '' else str(value)


def parameter_file(executable: str = 'avloc_node') -> str:
    """Return the content of an executable's file in ``config/``: every parameter with its default."""
    table = TABLES[executable]
    lines = [f'# Every parameter of {executable} with its default; those marked * may change while it runs.',
             f'# {_MADE} {_source(table)}.', '/**:', '  ros__parameters:']
    for number, (_, group) in enumerate(groupby(entries(table), key=_group)):
        lines += [''] * (number > 0) + [line for entry in group for line in _lines(entry)]
    return '\n'.join(lines) + '\n'


def markdown(executable: str = 'avloc_node') -> str:
    """Return an executable's page in ``docs/``."""
    table = TABLES[executable]
    lines = [f'# Parameters of {executable}', '', f'{_MADE} {_source(table)}.', '',
             '| parameter | default | range | meaning | changes |', '|---|---|---|---|---|']
    lines += [f'| `{entry.name}` | `{as_yaml(entry.default)}` | {_range(entry)} | {entry.description} | '
              f'{WHEN[entry.changes]} |' for entry in entries(table)]
    return '\n'.join(lines) + '\n'


def _source(table: type[Table]) -> str:
    return f'`{table.__module__.replace(".", "/")}.py`'


def _lines(entry: Entry) -> list[str]:
    star = ' *' if entry.changes == ALWAYS else ''
    span = _range(entry)
    return [f'    # {entry.description}{star}'] + [f'    # ({span})'] * bool(span) + [
        f'    {entry.name}: {as_yaml(entry.default)}']


def _group(entry: Entry) -> str:
    return entry.name.split('.')[0]


def _range(entry: Entry) -> str:
    if entry.choices:
        return ', '.join(entry.choices)
    return '' if entry.low is None else f'{entry.low:g} to {entry.high:g}'


if __name__ == '__main__':
    for _executable, _name in (('avloc_node', 'avloc'), ('follower', 'follower')):
        Path('config', f'{_name}.yaml').write_text(parameter_file(_executable), encoding='utf-8')
    Path('docs', 'parameters.md').write_text(markdown(), encoding='utf-8')
    Path('docs', 'follower-parameters.md').write_text(markdown('follower'), encoding='utf-8')
