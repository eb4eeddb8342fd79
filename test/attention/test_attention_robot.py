"""Attention through the real tracker, with a camera that turns: ids come and go, things stay."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ros2_avloc.attention.attention import Attention, Why
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.interest import LIVELY_PACE, Hearing
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track, in_view
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, math.radians(60))
FAN, VOICE = Hearing(-20.0, 1.0), Hearing(-20.0, LIVELY_PACE)
AHEAD, ASIDE = 0.0, 80.0
"""Azimuths in degrees, to the left."""

FRAME = 10**8
NOISE = math.radians(2)


class Robot:
    """A camera that turns, what it sees sound, and what it attends to; ten frames a second."""

    def __init__(self, *, forget: float = 10.0) -> None:
        self.tracker = Tracker(confirm=3, forget=forget)
        self.attention = Attention(min_dwell=1, switch_margin=0.1)
        self.tracks: list[Track] = []
        self.attended: Track | None = None
        self._stamp = 0
        self._rng = np.random.default_rng(0)

    def watch(self, seconds: float, *sounding: tuple[float, float], facing: float = AHEAD,
              hearing: Hearing = FAN) -> list[tuple[float | None, Why]]:
        """Face a direction while things sound (azimuth, probability); return what is attended, and why."""
        found = []
        for _ in range(round(10 * seconds)):
            self._stamp += FRAME
            pose = Pose(_towards(facing), np.zeros(3))
            sources = [source for azimuth, probability in sounding
                       for source in self._seen(azimuth, probability, pose)]
            self.tracks = self.tracker.update(self._stamp, sources, pose, CAMERA,
                                              correspondence=0.9 if sources else 0.02)
            self.attended = self.attention.choose(self._stamp, self.tracks, hearing)
            x, y, _ = (0, 0, 0) if self.attended is None else self.attended.bearing.vector
            azimuth = None if self.attended is None else round(math.degrees(math.atan2(y, x)) / 10) * 10.0
            found.append((azimuth, self.attention.why))
        return found

    def _seen(self, azimuth: float, probability: float, pose: Pose) -> list[Source]:
        wobbling = _towards(azimuth + math.degrees(self._rng.normal(0, NOISE)))[:, 2]
        if not in_view(Bearing(wobbling, np.eye(2)), pose, CAMERA):
            return []
        optical = pose.rotation.T @ wobbling
        x, y = CAMERA.pixels(optical[None])[0]
        return [Source((x, y, 90, 90), probability, Bearing(optical, NOISE**2 * np.eye(2)))]


def _towards(azimuth: float) -> np.ndarray:
    """Rotation from the optical frame of a camera that faces an azimuth in degrees."""
    sine, cosine = math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))
    return np.array([[sine, 0.0, cosine], [-cosine, 0.0, sine], [0.0, -1.0, 0.0]])


def _interest_after(robot: Robot, seconds: float, azimuth: float = AHEAD) -> float:
    robot.watch(seconds, (azimuth, 0.9))
    track = next(track for track in robot.tracks if track.sounding)
    return robot.attention.interests[track.id]


def test_a_fan_whose_track_is_forgotten_while_it_pauses_is_not_new():
    robot, fresh = Robot(forget=10), Robot()
    assert robot.watch(60, (AHEAD, 0.9))[-1] == (None, Why.USED_TO)
    robot.watch(12)
    assert robot.tracks == []
    assert _interest_after(robot, 1) < 0.6 * _interest_after(fresh, 1)


def test_what_begins_elsewhere_is_new_though_a_fan_was_forgotten():
    robot = Robot()
    robot.watch(60, (AHEAD, 0.9))
    robot.watch(12)
    assert _interest_after(robot, 1, 20.0) == pytest.approx(_interest_after(Robot(), 1, 20.0), rel=0.05)


def test_after_a_long_pause_a_fan_is_new_again():
    robot = Robot()
    robot.watch(60, (AHEAD, 0.9))
    robot.watch(70)
    assert _interest_after(robot, 1) == pytest.approx(_interest_after(Robot(), 1), rel=0.05)


def test_attention_returns_to_what_a_turn_of_the_camera_has_put_out_of_view():
    robot, voice, bell = Robot(), (AHEAD, 0.8), (ASIDE, 0.95)
    assert robot.watch(4, voice, hearing=VOICE)[-1] == (AHEAD, Why.BEST)
    number = robot.attended.id
    assert robot.watch(5, voice, bell, facing=ASIDE, hearing=VOICE)[-1] == (ASIDE, Why.BEST)
    after = robot.watch(1, voice, facing=ASIDE, hearing=VOICE)
    assert after[-1] == (AHEAD, Why.RETURNED)
    back = [azimuth for azimuth, _ in robot.watch(2, voice, hearing=VOICE)]
    assert back[3:] == [AHEAD] * 17 and robot.attended.id == number


def test_attention_returns_in_vain_for_a_moment_only():
    robot = Robot()
    robot.watch(4, (AHEAD, 0.8), hearing=VOICE)
    robot.watch(5, (ASIDE, 0.95), facing=ASIDE, hearing=VOICE)
    assert robot.watch(1, facing=ASIDE, hearing=VOICE)[-1] == (AHEAD, Why.RETURNED)
    assert [azimuth for azimuth, _ in robot.watch(1)][5:] == [None] * 5


def test_nobody_goes_on_believing_in_what_is_out_of_view():
    robot = Robot()
    robot.watch(4, (AHEAD, 0.8), hearing=VOICE)
    robot.watch(3, (ASIDE, 0.95), facing=ASIDE, hearing=VOICE)
    vain = [azimuth for azimuth, _ in robot.watch(12, facing=ASIDE, hearing=VOICE)]
    assert AHEAD in vain and vain[-30:] == [None] * 30


def test_what_comes_under_another_id_is_not_new():
    robot = Robot()
    robot.watch(60, (AHEAD, 0.9))
    robot.tracker.start_over()
    assert _interest_after(robot, 1) < 0.1


def test_who_starts_over_knows_nothing():
    robot = Robot()
    robot.watch(60, (AHEAD, 0.9))
    robot.tracker.start_over()
    robot.attention.start_over()
    assert _interest_after(robot, 1) == pytest.approx(_interest_after(Robot(), 1), rel=0.05)
