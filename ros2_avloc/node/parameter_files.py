"""The table of parameters as ``config/avloc.yaml`` and as ``docs/parameters.md``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from ros2_avloc.node.settings import ALWAYS, CONFIGURE, START, Entry, entries

_ORIGIN = 'Made by `python -m ros2_avloc.node.parameter_files` from `ros2_avloc/node/settings.py`.'

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


def parameter_file() -> str:
    """Return the content of ``config/avloc.yaml``: every parameter with its default."""
    lines = ['# Every parameter of avloc_node with its default; those marked * may change while it runs.',
             f'# {_ORIGIN}', '/**:', '  ros__parameters:']
    for number, (_, group) in enumerate(groupby(entries(), key=_group)):
        lines += [''] * (number > 0) + [line for entry in group for line in _lines(entry)]
    return '\n'.join(lines) + '\n'


def markdown() -> str:
    """Return the content of ``docs/parameters.md``."""
    lines = ['# Parameters of avloc_node', '', _ORIGIN, '',
             '| parameter | default | range | meaning | changes |', '|---|---|---|---|---|']
    lines += [f'| `{entry.name}` | `{as_yaml(entry.default)}` | {_range(entry)} | {entry.description} | '
              f'{WHEN[entry.changes]} |' for entry in entries()]
    return '\n'.join(lines) + '\n'


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
    Path('config', 'avloc.yaml').write_text(parameter_file(), encoding='utf-8')
    Path('docs', 'parameters.md').write_text(markdown(), encoding='utf-8')
