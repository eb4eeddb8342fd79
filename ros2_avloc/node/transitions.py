"""Requests of transitions that the lifecycle does not have from where the node is."""

from __future__ import annotations

from typing import Any

from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode


def refuse_impossible(node: LifecycleNode) -> None:
    """Let a node answer such a request with false; rclpy alone would let the error end the process.

    Parameters
    ----------
    node
        Whose service ``~/change_state`` is there.
    """
    service = node._service_change_state
    change = service.callback

    def callback(request: Any, response: Any) -> Any:
        try:
            return change(request, response)
        except RCLError:
            if not node.context.ok():
                raise  # SIGTERM came in the midst of a transition
            asked = request.transition.label or request.transition.id
            state = node._state_machine.current_state[1]
            node.get_logger().warning(f'The transition {asked} was asked for, which is not possible while '
                                      f'the node is {state}.')
            response.success = False
            return response

    service.callback = callback
