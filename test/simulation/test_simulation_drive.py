"""The simulated base against the closed solution and against small steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.simulation.drive import LAG, WATCHDOG, Drive
from ros2_avloc.simulation.scene import Scene


def test_it_stands_until_it_is_told_to_turn():
    assert Drive().yaw(100.0) == 0.0


@given(st.lists(st.tuples(st.floats(0.01, 0.45), st.floats(-2.0, 2.0)), min_size=1, max_size=8))
def test_it_turns_as_a_first_order_lag_does(given_commands):
    drive, t, commands = Drive(), 0.0, []
    for pause, speed in given_commands:
        t += pause
        drive.command(t, speed)
        commands.append((t, speed))
    yaw = rate = 0.0
    step = 1e-4
    for now in np.arange(0.0, t + 0.4, step):
        speed = next((speed for begin, speed in reversed(commands) if begin <= now), 0.0)
        rate += (speed - rate) * step / LAG
        yaw += rate * step
    assert drive.yaw(t + 0.4) == pytest.approx(yaw, abs=2e-3)


def test_a_command_that_is_not_repeated_ends():
    drive = Drive()
    drive.command(1.0, 1.0)
    assert drive.yaw(60.0) == pytest.approx(WATCHDOG, abs=1e-9)


def test_the_past_stays_what_it_was():
    drive = Drive()
    drive.command(1.0, 1.0)
    before = drive.yaw(1.2)
    drive.command(1.3, -1.0)
    assert drive.yaw(1.2) == before


def test_a_scene_is_seen_from_the_yaw_that_is_given():
    scene = Scene(8, width=320, height=240, objects=12)
    angles = [np.arctan2(-truth.bearing[0], truth.bearing[2]) for truth in scene.truth(3.0, 0.0)]
    turned = [np.arctan2(-truth.bearing[0], truth.bearing[2]) for truth in scene.truth(3.0, 0.5)]
    difference = np.angle(np.exp(1j * (np.subtract(angles, turned) - 0.5)))
    assert np.abs(difference).max() < 0.03  # the camera nods a little
    assert not np.array_equal(scene.frame(3.0, 0.0), scene.frame(3.0, 0.5))
    np.testing.assert_array_equal(scene.camera_pose(3.0, 0.5).position, scene.camera_pose(3.0).position)
