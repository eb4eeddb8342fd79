import math
from collections import Counter

import av
import cv2
import numpy as np

from ros2_avloc.simulation.report import complaints, pick, table, write_pictures
from ros2_avloc.simulation.score import Answer, Judgement, Score, Verdict

STEP = 100_000_000


def judgement(index, verdict, *sounding):
    return Judgement(Answer(index * STEP, index * STEP, None), verdict, frozenset(sounding), None)


def run():
    return [
        *(judgement(i, Verdict.RIGHT, 'bell') for i in range(40)),
        *(judgement(i, Verdict.CHANGING) for i in range(40, 50)),
        *(judgement(i, Verdict.QUIET) for i in range(50, 80)),
        judgement(80, Verdict.FALSE),
    ]


def result(right, quiet, false, error):
    verdicts = Counter({Verdict.RIGHT: right, Verdict.MISSED: 10 - right, Verdict.QUIET: quiet})
    verdicts[Verdict.FALSE] = false
    return Score(verdicts, 20, 20, math.radians(error), math.radians(error), 0.02, 0.03)


def test_the_strip_shows_sounding_and_quiet_windows_evenly_and_leaves_out_the_others():
    picked = [item.answer.stamp // STEP for item in pick(run())]
    assert picked == [0, 10, 20, 29, 39, 50, 65, 80]


def test_the_table_names_only_causes_that_dropped_frames():
    shown = table(result(10, 10, 0, 1.0), {'dropped: busy': '0', 'dropped: no audio': '29'})
    assert list(shown.columns[0].cells)[-1] == 'dropped: no audio'
    assert 'dropped: busy' not in shown.columns[0].cells


def test_a_run_without_sound_has_no_strip():
    assert pick([judgement(i, Verdict.QUIET) for i in range(9)]) == []


def test_video_and_strip_show_the_overlays(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    overlays = {}
    for item in run():
        picture[:] = 3 * (item.answer.stamp // STEP)
        overlays[item.answer.stamp] = cv2.imencode('.jpg', picture)[1].tobytes()
    write_pictures(tmp_path, overlays, run())
    with av.open(str(tmp_path / 'overlay.mp4')) as container:
        assert len(list(container.decode(video=0))) == 81
    strip = cv2.imread(str(tmp_path / 'strip.png'))
    assert strip.shape == (2 * (360 + 28), 4 * 480, 3)
    assert abs(int(strip[100, 3 * 480 + 100].mean()) - 3 * 29) <= 2
    assert abs(int(strip[388 + 100, 3 * 480 + 100].mean()) - 3 * 80) <= 2


def test_what_was_not_reached_is_named():
    assert complaints(result(9, 10, 1, 3.0)) == []
    [right] = complaints(result(8, 10, 1, 3.0))
    assert '80.0%' in right
    [error] = complaints(result(9, 10, 1, 5.0))
    assert '5.0°' in error
    [false] = complaints(result(9, 8, 2, 3.0))
    assert '20.0%' in false
    assert 'too short' in complaints(result(9, 0, 0, 3.0))[0]
