"""Settings from a parameter file and from ``name:=value``, for a program that is no node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rclpy.parameter import get_parameter_value, parameter_dict_from_yaml_file, parameter_value_to_python

from ros2_avloc.errors import InputError
from ros2_avloc.node.parameter_files import as_yaml
from ros2_avloc.node.settings import Entry, Settings, entries


def given_settings(file: Path | None, assignments: Iterable[str]) -> Settings:
    """Return the node's settings as a file and then assignments give them; the rest are the defaults.

    Parameters
    ----------
    file
        As ``config/avloc.yaml``; parameters that the node does not have are passed over, as ROS does.
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
        values[name] = parameter_value_to_python(get_parameter_value(text))
    return Settings.from_values({name: _typed(table[name], value) for name, value in values.items()})


def _in_file(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        found = parameter_dict_from_yaml_file(str(file), use_wildcard=True)
    except Exception as error:  # YAML raises its own, rclpy whatever comes up
        raise InputError(f'{file} cannot be read as a parameter file: {error}') from error
    for name, parameter in found.items():
        yield name, parameter_value_to_python(parameter.value)


def _typed(entry: Entry, value: Any) -> Any:
    """Return a value of the type of a parameter.

    Where numbers are asked for, whole ones will do, and what YAML takes for a text, as 1e-3.
    """
    try:
        if isinstance(entry.default, tuple) and not isinstance(value, str):
            return [entry.items(number) for number in value]
        if isinstance(entry.default, float) and not isinstance(value, bool):
            return float(value)
    except (TypeError, ValueError):
        pass
    if type(value) is type(entry.default):
        return value
    raise InputError(f'{entry.name} cannot be {value!r}; give it a value as in '
                     f'{entry.name}:={as_yaml(entry.default)}.')
