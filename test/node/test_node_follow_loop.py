"""The closed loop: simulator, node and follower over DDS, in simulated time that waits for them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ros2_avloc.following.record import turns
from ros2_avloc.node.follow_demo import run
from ros2_avloc.share import share_path

SCENE = {'seed': 8, 'script': '"flute 2.5 6.5; dog 8.5 12.5"', 'width': 320, 'height': 240}

pytestmark = [
    pytest.mark.skipif(not (share_path('models') / 'avolnet').exists(), reason='models/avolnet is not here'),
    pytest.mark.timeout(900),
]


def test_the_robot_turns_to_one_thing_after_another(domain):
    record = run(SCENE, 12.5, os.environ | {'ROS_DOMAIN_ID': str(domain)})
    found = turns(record)
    assert len(found) == 2
    for turn in found:
        assert np.degrees(turn.response.start) == pytest.approx(27, abs=6)
        assert turn.response.settled < 2.0, turn
        assert np.degrees(turn.response.overshoot) < 10, turn
    assert max(abs(speed) for speed in record.speeds.values()) <= 0.6
    yaws = np.degrees(np.unwrap(list(record.yaws.values())))
    assert yaws[-1] == pytest.approx(54, abs=8)
