"""What the node answers to requests of transitions, and to all else while a transition takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from lifecycle_msgs.msg import State, Transition
from rclpy._rclpy_pybind11 import RCLError
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.task import Future

_SHUTDOWNS = (Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, Transition.TRANSITION_INACTIVE_SHUTDOWN,
              Transition.TRANSITION_ACTIVE_SHUTDOWN)


def refuse_impossible(node: LifecycleNode, interrupt: Callable[[], None]) -> None:
    """Let a node answer a request of a transition that cannot be with false.

    rclpy alone would let the error end the process. A request in the midst of a transition is refused too:
    rclpy's state machine has no lock. That of a shutdown then interrupts the transition, and can be repeated.

    Parameters
    ----------
    node
        Whose service ``~/change_state`` is there. It gets a callback group of its own, so that the other
        callbacks can run while it changes the state; see `answering`.
    interrupt
        Called when a shutdown is asked for in the midst of a transition.
    """
    service = node._service_change_state
    service.callback_group = ReentrantCallbackGroup()
    service.callback_group.add_entity(service)
    change = service.callback

    def callback(request: Any, response: Any) -> Any:
        number, state = node._state_machine.current_state
        if number < State.TRANSITION_STATE_CONFIGURING:
            try:
                return change(request, response)
            except RCLError:
                if not node.context.ok():
                    raise  # SIGTERM came in the midst of a transition
        elif request.transition.label == 'shutdown' or request.transition.id in _SHUTDOWNS:
            interrupt()
        asked = request.transition.label or request.transition.id
        node.get_logger().warning(f'The transition {asked} was asked for, which is not possible while '
                                  f'the node is {state}.')
        response.success = False
        return response

    service.callback = callback


@contextmanager
def answering(node: Node) -> Iterator[None]:
    """Let the callbacks of a node run in a thread of their own, while the node's thread does what takes long.

    Only those of the callback group that the caller is in wait. Afterwards the node is with the executor
    that it came from, which has one thread and costs less than one that has several.

    Raises
    ------
    Exception
        What a callback has raised.
    """
    before, executor = node.executor, SingleThreadedExecutor(context=node.context)
    over = Future()
    with ThreadPoolExecutor(1, 'avloc answers') as pool:
        node.executor = executor
        answers = pool.submit(executor.spin_until_future_complete, over)
        try:
            yield
        finally:
            over.set_result(None)
            pool.shutdown()
            node.executor = before  # type: ignore[assignment]
            executor.shutdown()
    answers.result()
