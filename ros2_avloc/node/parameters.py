"""Declares the parameters of the table to ROS, and refuses what they cannot be."""

from __future__ import annotations

from collections.abc import Iterable

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ros2_avloc.errors import AvlocError
from ros2_avloc.node.parameter_files import WHEN, as_yaml
from ros2_avloc.node.settings import CONFIGURE, START, Entry, T, entries

_LISTS = {int: Parameter.Type.INTEGER_ARRAY, float: Parameter.Type.DOUBLE_ARRAY}


def declare(node: Node, table: type[T]) -> T:
    """Declare every parameter of a table and return what was given at the start.

    Raises
    ------
    AvlocError
        If a value that was given has the wrong type or cannot be.
    """
    for entry in entries(table):
        _declare_one(node, entry)
    return table.from_values({entry.name: node.get_parameter(entry.name).value for entry in entries(table)})


def with_changes(settings: T, changes: Iterable[Parameter], *, configured: bool) -> T:
    """Apply changes that somebody asks for. Parameters that are not in the table are let pass.

    Raises
    ------
    AvlocError
        If one of them cannot be, or not in this state of the node.
    """
    table = {entry.name: entry for entry in entries(type(settings))}
    values = {name: getattr(settings, _field(entry)) for name, entry in table.items()}
    for parameter in changes:
        entry = table.get(parameter.name)
        if entry is None:
            continue
        if configured and entry.changes == CONFIGURE:
            raise AvlocError(f'{entry.name} may change only while the node is unconfigured; '
                             'deactivate it and clean it up first.')
        values[parameter.name] = parameter.value
    return type(settings).from_values(values)


def _declare_one(node: Node, entry: Entry) -> None:
    try:
        if isinstance(entry.default, tuple):  # rclpy takes an empty list for one of bytes
            kind = _LISTS[entry.items]
            declared = node.declare_parameter(entry.name, kind, _descriptor(entry))
            if declared.type_ == Parameter.Type.NOT_SET:
                node.set_parameters([Parameter(entry.name, kind, list(entry.default))])
        else:
            node.declare_parameter(entry.name, entry.default, _descriptor(entry))
    except InvalidParameterTypeException:
        raise AvlocError(f'{entry.name} must be {_type_name(entry)}, as in {entry.name}:='
                         f'{as_yaml(entry.default)}.') from None
    except InvalidParameterValueException:
        raise AvlocError(f'{entry.name} lies between {entry.low:g} and {entry.high:g}; '
                         'the value that was given does not.') from None


def _descriptor(entry: Entry) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        description=f'{entry.description[0].upper()}{entry.description[1:]}. {WHEN[entry.changes]}',
        read_only=entry.changes == START)
    if entry.choices:
        descriptor.additional_constraints = f'One of: {", ".join(entry.choices)}.'
    if entry.low is None or entry.high is None:
        return descriptor
    if isinstance(entry.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=entry.low, to_value=entry.high)]
    else:
        descriptor.integer_range = [IntegerRange(from_value=int(entry.low), to_value=int(entry.high))]
    return descriptor


def _field(entry: Entry) -> str:
    return entry.name.replace('.', '_')


def _type_name(entry: Entry) -> str:
    names = {bool: 'true or false', int: 'a whole number', float: 'a number with a decimal point',
             str: 'a text', tuple: 'a list of whole numbers'}
    if entry.items is float:
        return 'a list of numbers with decimal points'
    return names[type(entry.default)]
