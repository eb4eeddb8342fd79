"""A run whose outcome is known by construction: 10 Hz, two objects, one turn of sound and silence."""

import math

import numpy as np
import pytest

from ros2_avloc.simulation.score import Answer, Truth, Verdict, judge, score
from ros2_avloc.vision.camera import Camera

CAMERA = Camera.from_hfov(640, 480, math.radians(75))
BOXES = {'bell': (160.0, 240.0, 80.0, 80.0), 'drum': (480.0, 240.0, 80.0, 80.0)}
STEP = 100_000_000


def truth(index, *sounding, boxes=BOXES):
    return Truth(index * STEP, boxes, frozenset(sounding))


def towards(x, y):
    return CAMERA.rays(np.array([[x, y]]))[0]


def answer(index, attended, latency=0.02):
    return Answer(index * STEP, index * STEP + round(latency * 1e9), attended)


def verdicts(truths, answers):
    return [item.verdict for item in judge(truths, answers, CAMERA)]


def test_each_verdict():
    bell = [truth(i, 'bell') for i in range(21)]
    silence = [truth(i) for i in range(21)]
    cases = [
        (bell, towards(160, 240), Verdict.RIGHT),
        (bell, towards(160 + 39, 240 - 39), Verdict.RIGHT),
        (bell, towards(160 + 41, 240), Verdict.ELSEWHERE),
        (bell, towards(480, 240), Verdict.ELSEWHERE),
        (bell, None, Verdict.MISSED),
        (silence, None, Verdict.QUIET),
        (silence, towards(160, 240), Verdict.FALSE),
    ]
    for truths, attended, expected in cases:
        assert verdicts(truths, [answer(20, attended)]) == [expected]


def test_a_sound_that_began_within_the_second_is_not_judged():
    truths = [truth(i, *(['bell'] if i >= 15 else [])) for i in range(40)]
    assert verdicts(truths, [answer(14, None)]) == [Verdict.QUIET]
    assert verdicts(truths, [answer(24, None)]) == [Verdict.CHANGING] == verdicts(truths, [answer(15, None)])
    assert verdicts(truths, [answer(25, None)]) == [Verdict.MISSED]


def test_an_object_that_came_into_view_sounding_is_not_judged():
    truths = [truth(i, boxes={}) for i in range(15)] + [truth(i, 'bell') for i in range(15, 25)]
    assert verdicts(truths, [answer(24, towards(160, 240))]) == [Verdict.CHANGING]


def test_answers_without_a_whole_second_of_truth_are_left_out():
    truths = [truth(i, 'bell') for i in range(21)]
    assert verdicts(truths, [answer(9, None), answer(30, None), answer(10, None)]) == [Verdict.MISSED]


def test_the_nearest_of_two_sounding_objects_counts():
    truths = [truth(i, 'bell', 'drum') for i in range(11)]
    [judged] = judge(truths, [answer(10, towards(480, 240))], CAMERA)
    assert judged.verdict is Verdict.RIGHT
    assert judged.error == pytest.approx(0.0, abs=1e-6)


def test_score_sums_up():
    truths = [truth(i, 'bell') for i in range(21)] + [truth(i) for i in range(21, 41)]
    focal = 320 / math.tan(math.radians(75) / 2)
    five_degrees = np.array([math.sin(math.atan(-160 / focal) + math.radians(5)), 0.0, 0.0])
    five_degrees[2] = math.sqrt(1 - five_degrees[0] ** 2)
    answers = [answer(10, towards(160, 240)), answer(11, None), answer(12, five_degrees, 0.04)]
    answers += [answer(35, None), answer(36, towards(1, 1)), answer(25, None)]
    result = score(truths, judge(truths, answers, CAMERA))
    assert (result.sounding, result.quiet, result.frames, result.answered) == (3, 2, 27, 6)
    assert result.right == pytest.approx(2 / 3)
    assert result.false == pytest.approx(1 / 2)
    assert math.degrees(result.error_p95) == pytest.approx(4.75, abs=0.1)
    assert result.latency_p50 == pytest.approx(0.02)
    assert result.latency_p95 == pytest.approx(0.035)


def test_an_empty_run_has_no_figures():
    result = score([], [])
    assert (result.frames, result.answered) == (0, 0)
    assert math.isnan(result.right) and math.isnan(result.latency_p50)
