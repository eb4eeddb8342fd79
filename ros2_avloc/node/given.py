"""Settings from a parameter file and from ``name:=value``, for a program that is no node."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ros2_avloc.errors import InputError
from ros2_avloc.node.parameter_files import as_yaml
from ros2_avloc.node.settings import Entry, Settings, entries

NODES = ('/**', '*/avloc', '/*/avloc', '/**/avloc', 'avloc', '/avloc')
"""Names under which a parameter file speaks to the node; what comes later counts more."""


def given_settings(file: Path | None, assignments: Iterable[str]) -> Settings:
    """Return the node's settings as a file and then assignments give them; the rest are the defaults.

    Parameters
    ----------
    file
        As ``config/avloc.yaml``; what it says to other nodes, and parameters that the node does not have,
        are passed over, as ROS does.
    assignments
        As ``sources.threshold:=0.5``.

    Raises
    ------
    InputError
        If the file cannot be read, or there is no such parameter, or it cannot have such a value.
    """
    table = {entry.name: entry for entry in entries(Settings)}
    values = {} if file is None else {name: value for name, value in _in_file(file) if name in table}
    for assignment in assignments:
        name, sign, text = assignment.partition(':=')
        if not sign or name not in table:
            raise InputError(f'{assignment!r} gives no parameter of avloc_node a value; write NAME:=VALUE, '
                             'with a name of docs/parameters.md.')
        values[name] = _value(text)
    return Settings.from_values({name: _typed(table[name], value) for name, value in values.items()})


def _value(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return '' if value is None else value


def _in_file(file: Path) -> Iterator[tuple[str, Any]]:
    """Give the parameters for the node: those for all nodes first, then those under its name."""
    try:
        with file.open(encoding='utf-8') as stream:
            nodes = yaml.safe_load(stream)
        there = [name for name in NODES if name in nodes]
        for name in there:
            yield from _flat(nodes[name]['ros__parameters'])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f'{file} cannot be read as a parameter file ({error}); write it as '
                         'config/avloc.yaml.') from error
    if not there:
        raise InputError(f'{file} says nothing to the node: it has none of {", ".join(NODES)}.')


def _flat(parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give parameters by their full names, as ``sources.max``."""
    for name, value in parameters.items():
        if isinstance(value, dict):
            yield from ((f'{name}.{inner}', one) for inner, one in _flat(value))
        else:
            yield name, value


def _typed(entry: Entry, value: Any) -> Any:
    """Return a value of the type of a parameter.

    Where numbers are asked for, whole ones will do, and what YAML takes for a text, as 1e-3.
    """
    try:
        if isinstance(entry.default, tuple) and not isinstance(value, str):
            return [float(number) if entry.items is float else operator.index(number) for number in value]
        if isinstance(entry.default, float) and not isinstance(value, bool):
            return float(value)
    except (TypeError, ValueError):
        pass
    if type(value) is type(entry.default):
        return value
    raise InputError(f'{entry.name} cannot be {value!r}; give it a value as in '
                     f'{entry.name}:={as_yaml(entry.default)}.')
