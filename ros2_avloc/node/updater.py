"""What publishes the diagnostics: diagnostic_updater, and what stands in for it where it is not installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ros2_avloc.errors import AvlocError
from ros2_avloc.node.compatibility import steady_clock

Task = Callable[[DiagnosticStatus], DiagnosticStatus]
"""Fills in the status of a part and returns it."""

PERIOD, SHORTEST, LONGEST = 'diagnostic_updater.period', 0.01, 3600.0
"""The parameter, and the seconds between which its value lies; with 0 nothing else would ever run."""

_REFUSAL = f'{PERIOD} lies between {SHORTEST:g} and {LONGEST:g} seconds; the value that was given does not.'


class StandIn:
    """Publishes on ``/diagnostics`` what `diagnostic_updater.Updater` would.

    It has the parameters, names, topic and first messages of that class (4.0.0, the last whose source was
    read), and of its methods those that the node calls.

    Parameters
    ----------
    node
        That publishes, and after which every status is named.
    period
        Seconds between two updates, unless the parameter ``diagnostic_updater.period`` says otherwise.
    """

    def __init__(self, node: Node, period: float = 1.0) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self.period = float(node.declare_parameter(PERIOD, period).value)
        full = node.declare_parameter('diagnostic_updater.use_fqn', False).value
        self._name = node.get_fully_qualified_name() if full else node.get_name()
        self._tasks: dict[str, Task] = {}
        self._hardware_id = ''
        self.timer = node.create_timer(self.period, self.update)

    def setHardwareID(self, hardware_id: str) -> None:  # noqa: N802
        """Give every status this `hardware_id`."""
        self._hardware_id = hardware_id

    def add(self, part: str, task: Task) -> None:
        """Let a task tell of a part, and say that the part is starting."""
        self._tasks[part] = task
        self._publish([DiagnosticStatus(name=part, message='Node starting up')])

    def update(self) -> None:
        """Publish the status of every part."""
        self._publish([task(DiagnosticStatus(name=part, hardware_id=self._hardware_id))
                       for part, task in self._tasks.items()])

    def _publish(self, statuses: list[DiagnosticStatus]) -> None:
        for status in statuses:
            status.name = f'{self._name}: {status.name}'
        array = DiagnosticArray(status=statuses)
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


try:
    from diagnostic_updater import Updater
except ImportError:  # it is not on PyPI
    Updater = StandIn


def start_updater(node: Node, tasks: Mapping[str, Task], kind: Any = Updater) -> Any:
    """Let a node publish diagnostics from now on, whether simulated time runs or stands still.

    Parameters
    ----------
    node
        Whose fully qualified name becomes the ``hardware_id``.
    tasks
        By part.
    kind
        `StandIn`, or the class for which it stands in.

    Returns
    -------
    The updater; its `update` publishes out of turn.

    Raises
    ------
    AvlocError
        If a parameter that was given has the wrong type or cannot be.
    """
    node.add_on_set_parameters_callback(_check_period)
    try:
        updater = kind(node)
    except InvalidParameterTypeException as error:
        raise AvlocError(str(error)) from None
    except InvalidParameterValueException:
        raise AvlocError(_REFUSAL) from None
    updater.timer.cancel()  # it would run by the node's clock
    node.create_timer(updater.period, updater.update, clock=steady_clock())
    updater.setHardwareID(node.get_fully_qualified_name().lstrip('/'))
    for part, task in tasks.items():
        updater.add(part, task)
    return updater


def _check_period(changes: Iterable[Parameter]) -> SetParametersResult:
    """Refuse what no timer can have; what is no number, rclpy refuses."""
    good = all(SHORTEST <= one.value <= LONGEST for one in changes
               if one.name == PERIOD and isinstance(one.value, float))
    return SetParametersResult(successful=good, reason='' if good else _REFUSAL)
