"""What the sections make of what they measured: comparisons, shares, limits, goals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark import answers, dds, engines, growth, memory, stages, startup
from benchmark.material import simulate
from benchmark.measure import Times
from benchmark.way import sounds_of
from ros2_avloc.model.bundle import Bundle

SECOND = 1_000_000_000


def heatmaps(peaks: list[tuple[int, int]], noise: float = 0.0) -> np.ndarray:
    made = np.full((len(peaks), 14, 14), 0.1, np.float32)
    for one, cell in zip(made, peaks, strict=True):
        one[cell] = 0.9
    made[:, 0, 0] += noise
    return made


def test_answers_differ_by_the_largest_cell_of_each_scene() -> None:
    expected = heatmaps([(1, 1), (2, 2), (3, 3), (4, 4)])
    found = expected.copy()
    found[0, 5, 5] += 0.005
    found[1, 5, 5] -= 0.02
    row = answers.row_of('openvino bf16', found, expected)
    assert row['difference, median'] == pytest.approx(0.0025, abs=1e-6)
    assert row['largest'] == pytest.approx(0.02, abs=1e-6)
    assert (row['asked for'], row['within'], row['same peak']) == (1e-2, 0.75, 1.0)
    assert answers.row_of('openvino fp32', found, expected)['within'] == 0.5


def test_a_peak_in_another_cell_is_another_peak() -> None:
    row = answers.row_of('torch bf16', heatmaps([(1, 1), (2, 2)]), heatmaps([(1, 1), (2, 3)]))
    assert row['same peak'] == 0.5


def test_the_reference_has_no_goal_and_each_other_engine_two() -> None:
    same = heatmaps([(1, 1)])
    rows = [answers.row_of(name, same, same) for name in (answers.REFERENCE, 'onnxruntime fp32')]
    goals = answers.goals(rows)
    assert len(goals) == 2
    assert all(goal.reached and goal.what.startswith('onnxruntime fp32') for goal in goals)


def test_an_engine_is_held_against_eager_and_the_product_of_its_precision() -> None:
    work = engines.SIDE**3  # half of the product
    found = {
        engines.EAGER: Times((40.0, 20.0)), 'product bf16': Times((4.0, 2.0)), 'a bf16': Times((4.0, 2.0)),
        'a bf16: frame': Times((1.0, 1.0)), 'b fp16': Times((8.0, 4.0)), 'gpu bf16': Times((0.1, 0.1)),
    }
    fast, unlimited, elsewhere = (
        engines.row_of(name, found, work, {'a bf16', 'b fp16'}) for name in ('a bf16', 'b fp16', 'gpu bf16')
    )
    assert fast[engines.FASTER].runs == (10.0, 10.0) and fast[engines.LIMIT].runs == (0.5, 0.5)
    assert fast['frame, ms'] is found['a bf16: frame']
    assert engines.LIMIT not in unlimited and engines.LIMIT not in elsewhere


def test_the_fastest_engine_on_the_processor_is_judged_and_explained() -> None:
    work = engines.SIDE**3
    found = {
        engines.EAGER: Times((40.0,)), 'product bf16': Times((4.0,)), 'product fp32': Times((16.0,)),
        'a bf16': Times((4.0,)), 'a bf16: frame': Times((1.0,)), 'b fp32': Times((5.0,)),
        'b fp32: frame': Times((2.5,)), 'gpu bf16': Times((0.1,)),
    }
    rows = [engines.row_of(name, found, work, {'a bf16', 'b fp32'}) for name in ('a bf16', 'b fp32')]
    rows.append(engines.row_of('gpu bf16', found, work, ()))
    faster, of_limit = engines.goals(rows, found)
    assert (faster.what, faster.found, faster.reached) == ('a bf16: times faster than eager', 10.0, True)
    assert (of_limit.found, of_limit.reached, of_limit.why) == (0.5, False, '')
    assert 'it would be 20 times faster' in faster.why and 'only 4 times as fast' in faster.why


def test_frames_without_an_answer_count_and_latency_is_from_stamp_to_arrival() -> None:
    stamps = [SECOND * number for number in range(4)]
    answered = {stamp: stamp + 10_000_000 * (1 + number) for number, stamp in enumerate(stamps[:3])}
    answered[-5] = 0  # of before
    found = dds.figures(stamps, answered, span=2.0, computed=1.0, network=100.0)
    assert found['sent, Hz'] == 2.0 and found[dds.ANSWERED] == 75.0
    assert found['p50, ms'] == pytest.approx(20.0)
    assert found['CPU, cores'] == 0.5 and found[dds.BESIDE] == pytest.approx((1.0 - 0.3) / 2)


def test_without_any_answer_there_is_no_latency() -> None:
    found = dds.figures([1, 2], {}, span=1.0, computed=0.1, network=5.0)
    assert found[dds.ANSWERED] == 0.0 and math.isnan(found[dds.LATE])


def test_goals_of_the_node_are_those_of_one_row() -> None:
    def row(frames: str, rate: str, late: float) -> dict[str, object]:
        figures = {dds.ANSWERED: (100.0, 98.0, 99.5), dds.HALF: (9.0,), dds.LATE: (late,), dds.CPU: (0.5,),
                   dds.BESIDE: (0.3,)}
        return {'frames': frames, 'Hz': rate} | {name: Times(runs) for name, runs in figures.items()}

    goals = dds.goals([row('640×480 raw', '60', 50.0), row('640×480 raw', '30', 34.0)])
    assert [(goal.found, goal.reached) for goal in goals] == [(99.5, True), (34.0, False), (0.3, True)]
    assert dds.goals([row('640×480 raw', '60', 50.0)]) == []


def test_growth_of_memory_is_told_from_minute_one_on() -> None:
    seen = [(t, 300 + 50 * min(t, 1) + 0.5 * t, 100.0, 200 + t) for t in np.linspace(0, 10, 1001)]
    assert memory.slope(seen) == pytest.approx(0.5)
    rows = memory.rows_of(seen)
    assert [row['after, min'] for row in rows] == ['0', '1', '2', '5', '10']
    assert [row['memory, MB'] for row in rows[2:4]] == [351.0, 352.5]
    assert [row['its own, MB'] for row in rows] == [100.0] * 5
    assert rows[-1]['shared, MB'] == pytest.approx(210 - memory.AROUND / 2, abs=0.1)


def test_what_is_held_for_a_moment_is_no_growth() -> None:
    seen = [(t, 350.0 + 8 * (abs(t - 10) < 0.1), 100.0, 70.0) for t in np.linspace(0, 10, 601)]
    assert [row['memory, MB'] for row in memory.rows_of(seen)] == [350.0] * 5


def test_growth_of_memory_is_told_by_kind() -> None:
    rows = [{kind: place * growth for kind, growth in zip(memory.KINDS, (8.0, 6.0, 2.0), strict=True)}
            for place in range(3)]
    goal = memory.goal_of(rows)
    assert (goal.found, goal.reached) == (8.0, False)
    assert goal.why == 'Of the growth 6 MB are the node’s own, 2 MB shared through DDS.'


def test_a_sound_is_embedded_once_for_all_its_frames(shipped: Bundle) -> None:
    material = simulate(64, 48, seconds=1.7)
    sounds = sounds_of(material)
    assert len(material.frames) > 1
    assert stages.embeddings(material, sounds[0], shipped) == 1


def test_moments_are_read_from_the_log() -> None:
    log = ('[INFO] [1767323045.25] [avloc]: The model runs on openvino.\n'
           '[INFO] [1767323046.5] [avloc]: Listening to audio.\n')
    assert startup.moment(log, startup.LOADED) == 1767323045.25
    assert startup.moment(log, startup.LISTENING) == 1767323046.5


def test_microphones_of_an_array_are_apart_on_a_circle() -> None:
    square = growth.circle(4)
    assert np.linalg.norm(square, axis=1) == pytest.approx(growth.RADIUS)
    assert np.linalg.norm(square[0] - square[1]) == pytest.approx(growth.RADIUS * math.sqrt(2))
