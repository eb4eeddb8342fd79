"""Simulated time that runs like real time, but waits for whoever falls behind."""

from __future__ import annotations

import time
from collections.abc import Callable

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.compatibility import steady_clock

TICK = 0.01
"""Seconds between two messages."""

STEP = 2 * TICK
"""Simulated seconds by which time goes on at most with one of them."""


class PacedClock:
    """Publishes ``/clock``; so what runs by it has the time that it needs, however busy the machine is.

    Parameters
    ----------
    node
        That publishes while it is spun.
    limit
        Says up to which time in ns the clock may go.

    Attributes
    ----------
    now
        The simulated time, ns.
    """

    def __init__(self, node: Node, limit: Callable[[], float]) -> None:
        self.now = time.time_ns()
        self._limit = limit
        self._ticked = time.monotonic()
        self._publisher = node.create_publisher(Clock, '/clock', 1)
        node.create_timer(TICK, self._tick, clock=steady_clock())

    def _tick(self) -> None:
        ticked = time.monotonic()
        step = round(min(ticked - self._ticked, STEP) * SECOND)
        self._ticked = ticked
        if self.now + step <= self._limit():
            self.now += step
        self._publisher.publish(Clock(clock=Time(sec=self.now // SECOND, nanosec=self.now % SECOND)))
