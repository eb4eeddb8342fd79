"""A head that goes along cubics, as joint_trajectory_controller does, aimed at things that sound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ros2_avloc.following.aiming import Aiming, Goal, HeadLimits, joints_towards
from ros2_avloc.following.course import Motion, brake, duration, felt

MS = 1_000_000
FELT, TICK, FRAME = 20, 33, 66
"""Milliseconds between two angles of the joints, two steps, and two frames."""

ENCODER = 1e-3
"""Steps in which angles are measured, rad."""

LIMITS = HeadLimits()
Vector = NDArray[np.float64]


@dataclass
class Controller:
    """Two joints whose goal may change on the way: what they do is known to the millisecond."""

    delay: int
    angles: list[Vector] = field(default_factory=lambda: [np.zeros(2)])
    goals: dict[int, Goal] = field(default_factory=dict)
    _course: list[Vector] = field(default_factory=list)

    def send(self, ms: int, goal: Goal) -> None:
        """Take a goal, which begins a little later."""
        self.goals[ms + self.delay] = goal

    def move(self, ms: int) -> None:
        """Let a millisecond pass."""
        if ms in self.goals:
            goal, here = self.goals[ms], self.angles[-1]
            speeds = 1000 * (here - self.angles[-2])
            x = np.arange(1, round(1000 * goal.duration) + 1)[:, None] / round(1000 * goal.duration)
            way, start = goal.joints - here, speeds * goal.duration
            self._course = list(here + start * x + (3 * way - 2 * start) * x**2 + (start - 2 * way) * x**3)
        self.angles.append(self._course.pop(0) if self._course else self.angles[-1])


def aim(where: Callable[[int], Vector | None], *, seconds: float = 5.0, limits: HeadLimits = LIMITS,
        latency: int = 120, delay: int = 15, noise: float = 0.0) -> tuple[NDArray[np.float64], list[Goal]]:
    """Aim at what is in a direction from the head's foot, or silent; return angles by ms, and goals."""
    aiming, controller, rng = Aiming(limits), Controller(delay), np.random.default_rng(1)
    for ms in range(1, round(1000 * seconds)):
        controller.move(ms)
        if ms % FELT == 0:
            aiming.feel(ms * MS, ENCODER * np.round(controller.angles[-1] / ENCODER))
        taken = ms - latency
        truth = where(taken)
        if taken >= 0 and taken % FRAME == 0 and truth is not None:
            eye = Rotation.from_euler('ZY', controller.angles[taken]).inv().apply(truth)
            eye = Rotation.from_rotvec(rng.normal(0.0, noise, 3)).apply(eye)
            aiming.see(taken * MS, eye, ms * MS, from_camera=True)
        if ms % TICK == 0 and (goal := aiming.step(ms * MS)) is not None:
            controller.send(ms, goal)
    return np.array(controller.angles), list(controller.goals.values())


def towards(azimuth: float, elevation: float = 0.0) -> Vector:
    return np.array((math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth),
                     math.sin(elevation)))


def check(angles: NDArray[np.float64], limits: HeadLimits = LIMITS) -> None:
    """Hold a head to what its limits promise."""
    speeds = np.diff(angles, axis=0) * 1000
    # Over 10 ms: between two goals the speed is known to a millisecond only.
    accelerations = (speeds[10:] - speeds[:-10]) * 100
    assert np.abs(speeds).max() <= 1.05 * limits.max_speed
    assert np.abs(accelerations).max() <= 1.05 * limits.max_acceleration
    assert np.all(angles >= limits.least - ENCODER) and np.all(angles <= limits.most + ENCODER)


@given(azimuth=st.floats(-1.5, 1.5), elevation=st.floats(-0.45, 0.45), latency=st.integers(20, 900),
       noise=st.floats(0.0, 0.02))
@settings(max_examples=10, deadline=None)
def test_what_sounds_comes_to_be_faced(azimuth, elevation, latency, noise):
    truth = towards(azimuth, elevation)
    angles, _ = aim(lambda ms: truth, seconds=6.0, latency=latency, noise=noise)
    check(angles)
    assert angles[-1] == pytest.approx(joints_towards(truth, LIMITS), abs=LIMITS.dead_band + 3 * noise + 0.01)


@given(first=st.floats(-1.5, 1.5), second=st.floats(-1.5, 1.5), changes=st.integers(300, 3000),
       acceleration=st.floats(1.0, 5.0))
@settings(max_examples=10, deadline=None)
def test_what_changes_its_place_on_the_way_is_followed(first, second, changes, acceleration):
    limits = HeadLimits(max_acceleration=acceleration)
    angles, _ = aim(lambda ms: towards(first if ms < changes else second), seconds=9.0, limits=limits)
    check(angles, limits)
    assert angles[-1, 0] == pytest.approx(second, abs=LIMITS.dead_band + 0.01)


@given(azimuth=st.floats(-1.57, 1.57), ends=st.integers(100, 3000), speed=st.floats(0.3, 1.5))
@settings(max_examples=10, deadline=None)
def test_when_it_falls_silent_on_the_way_the_head_brakes_and_rests(azimuth, ends, speed):
    limits = HeadLimits(max_speed=speed)
    angles, _ = aim(lambda ms: towards(azimuth) if ms < ends else None, limits=limits)
    check(angles, limits)
    stops = ends + 120 + 500 + 2 * TICK + 15 + 1000 * max(speed / (0.7 * limits.max_acceleration), 0.4)
    assert np.abs(angles[round(stops):] - angles[-1]).max() < LIMITS.dead_band or abs(
        angles[-1, 0] - azimuth) < LIMITS.dead_band + 0.01


def test_what_walks_past_is_followed_within_the_limits():
    angles, goals = aim(lambda ms: towards(-0.8 + 0.00025 * ms), seconds=4.0, noise=0.01)
    check(angles)
    assert len(goals) > 10
    assert np.abs(angles[2000:, 0] - (-0.8 + 0.00025 * np.arange(2000, 4000))).max() < 0.2


def test_who_turns_towards_a_limit_brakes_before_turning_round():
    motion = Motion(np.array((1.48, 0.0)), np.array((0.6, 0.0)))
    bounds = {'speed': 0.6, 'acceleration': 2.1, 'least': LIMITS.least, 'most': LIMITS.most}
    assert duration(motion, np.array((1.0, 0.0)), **bounds) is None
    aiming = Aiming(LIMITS)
    for ms in range(0, 101, 20):
        aiming.feel(ms * MS, motion.joints + motion.speeds * (ms - 100) / 1000)
    aiming.see(100 * MS, towards(1.0), 100 * MS, from_camera=False)
    stop = aiming.step(100 * MS)
    assert 1.48 < stop.joints[0] <= LIMITS.pan[1] and stop.duration < 0.5
    for ms in range(200, 501, 20):
        aiming.feel(ms * MS, stop.joints)
    assert aiming.step(500 * MS).joints == pytest.approx((1.0, 0.0))


def test_a_brake_is_even():
    rest, seconds = brake(Motion(np.array((1.0, 0.0)), np.array((0.6, -0.3))), 1.2)
    assert rest == pytest.approx((1.15, -0.075)) and seconds == pytest.approx(0.5)


def test_how_fast_the_joints_turn_is_felt_from_few_angles_too():
    def samples(*times):
        return [(round(t * 1e9), np.array((0.5 * t**2, -0.2 * t))) for t in times]

    for times in ((1.0, 1.05, 1.1), np.arange(0.0, 1.11, 0.02), (0.1, 0.6, 1.1)):
        motion = felt(samples(*times), round(1.12e9))
        assert motion.joints == pytest.approx((0.5 * 1.12**2, -0.224), abs=2e-3)
        assert motion.speeds == pytest.approx((1.12, -0.2), abs=0.02)
    assert felt(samples(0.5, 1.0), 10**9).speeds == pytest.approx((0.75, -0.2))
    assert np.all(felt(samples(1.0), 10**9).speeds == 0.0)
