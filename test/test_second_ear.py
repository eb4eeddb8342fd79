"""The whole way with an array, shipped model and simulated rooms: what the second ear is there for.

`benchmark/second_ear.py` measures the same on more scenes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from benchmark.second_ear import ARRAYS, STILL, Trial
from ros2_avloc.attention.bearing import azimuth_elevation
from ros2_avloc.audio.array import Array
from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.following.steering import Limits, Steering
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.drive import Drive
from ros2_avloc.simulation.scene import Scene, Setup
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose

SECOND = 1_000_000_000
FRAME, STEP = 0.1, 0.02
ANSWERED = 0.1
"""Seconds from a frame to its answer."""

NOWHERE = Pose(np.eye(3), np.zeros(3))


@pytest.fixture(scope='module')
def trial() -> Iterator[Trial]:
    yield Trial()


def test_of_two_alike_drums_the_one_is_found_that_sounds(trial: Trial) -> None:
    heard = [trial.alike(ARRAYS['square'], seed, windows=3) for seed in (0, 4)]
    assert sum(run.windows for run in heard) == 12
    assert sum(run.right for run in heard) >= 0.9 * 12


def test_without_an_array_they_cannot_be_told_apart(trial: Trial) -> None:
    heard = trial.alike(ARRAYS['none'], 0, windows=3)
    assert heard.right < heard.windows


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_what_sounds_behind_the_robot_is_attended_though_nobody_sees_it(trial: Trial, seed: int) -> None:
    found, errors, _ = trial.behind(ARRAYS['tetrahedron'], seed, windows=5)
    assert found.near == found.windows == 3
    assert max(errors) < 10


@dataclass
class Moment:
    """A frame of the closed loop: the angle to what sounds, in degrees to the left, and what came of it."""

    left: float
    result: Result


def turn(trial: Trial, begin: float, seconds: float, *, in_world: bool = False) -> list[Moment]:
    """Let a robot that faces `begin` (rad) to the right of a drum turn to it, by bearings from its camera.

    They are told in the camera's frame, or in that of the world, as with a transform to it.
    """
    drive, steering = Drive(), Steering(Limits())
    place = Scene(2, objects=['drum', 'bell', 'dog', 'piano']).world.place('drum')

    def yaw(t: float) -> float:
        return math.atan2(place[1], place[0]) - begin + drive.yaw(t)

    scene = Scene(2, objects=['drum', 'bell', 'dog', 'piano'], script='drum 0 inf', width=320, height=240,
                  setup=Setup(ARRAYS['tetrahedron'], 0.3, yaw))
    pipeline, moments = trial.pipeline(Array(ARRAYS['tetrahedron'])), []
    answers: list[tuple[float, float, float]] = []
    for number in range(round(seconds / STEP)):
        t = 1.5 + number * STEP
        if number % round(FRAME / STEP) == 0:
            pose = scene.camera_pose(t, yaw(t)) if in_world else NOWHERE
            earlier = scene.camera_pose(t - 0.5, yaw(t - 0.5)) if in_world else NOWHERE
            array = Pose(earlier.rotation @ STILL.rotation.T, earlier.position)
            moments.append(_look(scene, t, yaw(t), pipeline, pose, pose.within(array)))
            attended = moments[-1].result.attended
            if attended is not None:
                vector = pose.rotation.T @ attended.bearing.vector
                answers.append((t + ANSWERED, t, azimuth_elevation(vector, optical=True)[0]))
        while answers and answers[0][0] <= t:
            _, seen, azimuth = answers.pop(0)
            steering.see(round(seen * SECOND), azimuth, round(t * SECOND))
        speed = steering.step(round(t * SECOND))
        if speed is not None:
            drive.command(t, speed)
    return moments


def _look(scene: Scene, t: float, yaw: float, pipeline, pose: Pose, mounting: Pose) -> Moment:
    end = int(t * 200) * 240
    channels = scene.audio(end - SOUND_SAMPLES, SOUND_SAMPLES)
    frame = Frame(scene.frame(t, yaw), round(t * SECOND), 'camera')
    result = pipeline.process(frame, Sound(channels.mean(axis=1), end, 0, channels), scene.camera, pose,
                              mounting)
    drum = next(truth for truth in scene.truth(t, yaw) if truth.name == 'drum')
    return Moment(math.degrees(azimuth_elevation(drum.bearing, optical=True)[0]), result)


def test_the_follower_turns_to_what_was_only_heard(trial: Trial) -> None:
    moments = turn(trial, -2.2, 5.5)
    assert moments[0].left == pytest.approx(-126, abs=4)
    first = next(moment for moment in moments if moment.result.attended is not None)
    assert first.result.attended.heard_only
    azimuth, _ = azimuth_elevation(first.result.attended.bearing.vector, optical=True)
    assert math.degrees(azimuth) == pytest.approx(first.left, abs=10)
    assert abs(moments[-1].left) < 8
    assert max(moment.left for moment in moments) < 10
    assert not moments[-1].result.attended.heard_only  # it is seen now


def test_what_was_heard_in_the_middle_of_the_second_is_told_from_there(trial: Trial) -> None:
    moments = turn(trial, -2.2, 5.5, in_world=True)
    heard = [moment.result.attended.bearing.vector for moment in moments
             if moment.result.attended is not None and moment.result.attended.heard_only]
    azimuths = np.degrees([azimuth_elevation(vector)[0] for vector in heard])
    assert np.ptp(np.unwrap(azimuths, period=360)) < 10  # while the robot turns by 100 and more
    assert max(moment.left for moment in moments) < 4
    assert abs(moments[-1].left) < 4
