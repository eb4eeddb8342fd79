"""The closed loop: simulator, node and follower over DDS, in simulated time that waits for them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ros2_avloc.following.record import turns
from ros2_avloc.node.follow_demo import run
from ros2_avloc.share import share_path

SCENE = {'seed': 8, 'script': '"flute 2.5 6.5; dog 8.5 12.5"', 'width': 320, 'height': 240}

PLACES = np.array(((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))) * 0.04
"""Four microphones on camera_link: x forward, y left, z up."""
OPTICAL = np.stack((-PLACES[:, 1], -PLACES[:, 2], PLACES[:, 0]), axis=1)
"""The same in the camera's optical frame: x right, y down, z forward."""
BEHIND = {'seed': 12, 'objects': 'drum, bird', 'script': '"drum 2 inf"', 'width': 320, 'height': 240,
          'array': f'"{PLACES.ravel().tolist()}"'}
"""The drum stands 141° to the right."""

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


def test_the_robot_turns_to_a_drum_behind_it_that_it_only_hears(domain):
    record = run(BEHIND, 10.0, os.environ | {'ROS_DOMAIN_ID': str(domain)},
                 {'audio.array': OPTICAL.ravel().tolist()})
    angles = np.degrees([heard[0] for heard in record.truth.values() if heard])
    assert angles[0] == pytest.approx(-141, abs=2)
    assert np.degrees(next(iter(record.attended.values()))) == pytest.approx(-141, abs=10)
    assert max(angles) < 15
    assert np.abs(angles[-15:]).max() < 10  # the last second
