"""Simulated time that waits."""

from __future__ import annotations

import math

from rosgraph_msgs.msg import Clock

from ros2_avloc.node.paced_clock import PacedClock


def test_time_runs_stops_at_its_limit_and_goes_on(make_client):
    client = make_client()
    heard = client.listen(Clock, '/clock')
    limit = math.inf
    clock = PacedClock(client.node, lambda: limit)
    began = clock.now
    client.until(lambda: clock.now > began and heard)
    limit = clock.now + 100
    heard.clear()
    client.until(lambda: len(heard) > 5)
    stopped = clock.now
    assert stopped <= limit
    assert {one.clock.sec * 10**9 + one.clock.nanosec for one in heard} == {stopped}
    limit = math.inf
    client.until(lambda: clock.now > stopped)
