"""What is counted, and what the diagnostics make of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.node.attending import Attending
from ros2_avloc.node.diagnostics import GONE, PARTS, SILENCE, tell
from ros2_avloc.node.mailbox import Stream
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import DEFECT, ENGINE, TRANSFORM, Faults, Rate, Statistics
from ros2_avloc.node.steadiness import HOLD, Steadiness
from ros2_avloc.node.view import View
from ros2_avloc.windows import Drop

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
                          DiagnosticStatus.STALE)
SECOND = 10**9
ROOT = Path(__file__).parents[2]
ATTENDS = Attending(3, 0.5, 0.875, 'it sings', 'base_link', 4, 2, 1)


@pytest.fixture
def statistics():
    """Of a node to which everything has just come."""
    statistics = Statistics(Faults(lambda sentence: None))
    for stream in Stream:
        statistics.arrivals[stream].tick()
    statistics.compared(1000 * SECOND, 1000 * SECOND - 10**7)
    statistics.published(0.05, ATTENDS)
    return statistics


@pytest.fixture
def view(statistics):
    return View(
        state='active', failure='', settings=Settings(), bundle='lamp 1',
        engine=EngineIdentity('openvino', '2026.4', 'CPU', 'bf16'), declined=('tensorrt was not taken.',),
        topics={stream: f'/{stream.value}' for stream in Stream},
        publishers=dict.fromkeys(Stream, 1), audio_type='AudioData', lost={}, statistics=statistics)


def told(view, part):
    return tell(part, view, DiagnosticStatus())


def levels(view):
    return {part: told(view, part).level for part in PARTS}


def message(view, part):
    return told(view, part).message


def values(view, part):
    return {value.key: value.value for value in told(view, part).values}


def test_all_is_well(view):
    assert levels(view) == dict.fromkeys(PARTS, OK)
    assert message(view, 'engine') == 'openvino in bf16 on CPU'
    assert values(view, 'engine')['not taken 1'] == 'tensorrt was not taken.'
    assert values(view, 'windows')['latency p50 (ms)'] == '50.0'


def test_a_node_that_is_not_active_is_stale_not_well(view):
    inactive = replace(view, state='inactive')
    assert levels(inactive) == dict.fromkeys(PARTS, STALE) | {'engine': OK}
    assert levels(replace(inactive, engine=None))['engine'] == STALE
    failed = replace(inactive, engine=None, failure='Failed to configure: no.')
    assert (levels(failed)['engine'], message(failed, 'engine')) == (ERROR, 'Failed to configure: no.')


@pytest.mark.parametrize('settings', [Settings(model_engine='tensorrt'), Settings(model_precision='fp16')])
def test_another_engine_or_precision_than_asked_for_is_a_warning(view, settings):
    asked = replace(view, settings=settings)
    assert levels(asked)['engine'] == WARN
    assert 'as asked for' in message(asked, 'engine')


def test_a_silent_camera_is_named_with_its_publishers(view, statistics):
    statistics.arrivals[Stream.IMAGE] = Rate()
    silent = replace(view, publishers=dict.fromkeys(Stream, 3))
    assert levels(silent) == dict.fromkeys(PARTS, OK) | {'camera': STALE, 'windows': STALE}
    assert message(silent, 'camera') == 'No images yet on /image, which has 3 publishers.'
    assert values(silent, 'camera')['age (s)'] == 'never'


class Since(Rate):
    """Something that last happened some seconds ago."""

    def __init__(self, seconds):
        super().__init__()
        self._times.append(time.monotonic() - seconds)


@pytest.mark.parametrize(('seconds', 'level'), [(SILENCE / 2, OK), (SILENCE + 1, WARN), (GONE + 1, STALE)])
def test_an_input_that_fell_silent_is_missed_and_then_stale(view, statistics, seconds, level):
    statistics.arrivals[Stream.AUDIO] = Since(seconds)
    assert levels(view) == dict.fromkeys(PARTS, OK) | {'audio': level, 'windows': level}
    if level != OK:
        assert message(view, 'audio') == f'No audio for {seconds:.0f} s on /audio, which has 1 publisher.'


def test_every_input_has_a_rate_and_an_age(view, statistics):
    statistics.arrivals[Stream.AUDIO_INFO] = Since(7.0)
    statistics.arrivals[Stream.CAMERA_INFO] = Rate()
    assert values(view, 'audio')['audio_info: age (s)'] == '7.00'
    assert values(view, 'camera')['camera_info: age (s)'] == 'never'
    for part, name in (('camera', ''), ('camera', 'camera_info: '), ('audio', ''), ('audio', 'audio_info: ')):
        assert values(view, part)[f'{name}rate (Hz)'] == '0.00'


def test_attention_says_to_what_and_where_or_why_not(view, statistics):
    assert message(view, 'attention') == 'Track 3 is attended, left 29 degrees: it sings.'
    said = values(view, 'attention')
    assert (said['attended track'], said['score']) == ('3', '0.88')
    assert said['azimuth (deg, left positive)'] == '28.6'
    assert (said['tracks'], said['tracks that sound'], said['tracks heard only']) == ('4', '2', '1')
    statistics.attending = replace(ATTENDS, track=None, why='it is dark')
    assert (levels(view)['attention'], message(view, 'attention')) == (OK, 'Nothing is attended: it is dark.')
    assert values(view, 'attention')['attended track'] == 'none'
    statistics.attending = replace(ATTENDS, track=None, frame_id='', why='there is no pose')
    assert levels(view)['attention'] == WARN
    statistics.results = Since(SILENCE + 1)
    assert levels(view)['attention'] == STALE


@pytest.mark.parametrize('part', PARTS)
def test_a_status_is_one_sentence_and_values_that_are_documented(view, part):
    page = (ROOT / 'docs' / 'diagnostics.md').read_text()
    assert f'## {part}' in page
    status = told(view, part)
    assert status.message and '\n' not in status.message
    keys = [value.key for value in status.values]
    assert keys and len(set(keys)) == len(keys)
    for key in keys:
        assert f'`{key.rstrip("0123456789").strip()}' in page, key


def test_a_level_that_flickers_is_held():
    now = [0.0]
    steadiness = Steadiness(lambda: now[0])

    def settle(level, text):
        status = steadiness.settle(DiagnosticStatus(name='avloc: audio', level=level, message=text))
        return status.level, status.message
    assert settle(OK, 'well') == (OK, 'well')
    assert settle(WARN, 'bad') == (WARN, 'bad')
    now[0] = 1.0
    assert settle(OK, 'well') == (WARN, 'well; 1 s ago: bad')
    assert settle(ERROR, 'worse') == (ERROR, 'worse')
    now[0] += HOLD - 0.1
    assert settle(OK, 'well')[0] == ERROR
    now[0] += 0.1
    assert settle(OK, 'well') == (OK, 'well')
    settle(WARN, 'bad')
    assert settle(STALE, 'stopped') == (STALE, 'stopped')
    assert settle(OK, 'well') == (OK, 'well')


def test_bad_input_is_counted_by_cause(view, statistics):
    for size in range(5):
        statistics.faults.report('audio', f'A chunk of {size} bytes is too short.')
    statistics.faults.report('audio', 'Something else.')
    assert values(view, 'audio')['bad'] == '6'
    assert values(view, 'audio')['bad, cause 1'] == '5 times: A chunk of 4 bytes is too short.'
    assert values(view, 'audio')['bad, cause 2'] == '1 times: Something else.'
    assert levels(view) == dict.fromkeys(PARTS, OK) | {'audio': WARN}


def test_different_clocks_are_an_error_that_names_both(view, statistics):
    statistics.compared(1_700_000_000 * SECOND, 100 * SECOND)
    assert levels(view)['windows'] == ERROR
    text = message(view, 'windows')
    assert '/image and /audio' in text
    assert '2023-11-14T22:13:20+00:00 and 1970-01-01T00:01:40+00:00' in text


def test_stamps_of_another_time_than_the_nodes_are_a_warning(view, statistics):
    statistics.delays[Stream.IMAGE] = 3600.0
    assert levels(view)['windows'] == WARN
    assert 'use_sim_time' in message(view, 'windows')


def test_when_no_frame_goes_through_the_commonest_cause_is_said(view, statistics):
    statistics.results = Rate()
    statistics.drops.update({Drop.HOLE_IN_AUDIO: 3, Drop.NO_AUDIO: 1})
    assert levels(view)['windows'] == WARN
    assert message(view, 'windows') == 'No frame goes through; most are dropped for: hole in audio.'
    assert values(view, 'windows')['dropped: no audio'] == '1'


def test_missing_transforms_warn_and_defects_are_errors(view, statistics):
    statistics.faults.report(TRANSFORM, 'There is no transform.')
    assert (levels(view)['windows'], message(view, 'windows')) == (WARN, 'There is no transform.')
    assert values(view, 'windows')['without transform'] == '1'
    statistics.faults.report(DEFECT, 'KeyError')
    assert levels(view)['windows'] == ERROR


def test_an_engine_that_fails_while_it_runs_is_an_error_of_the_engine(view, statistics):
    statistics.faults.report(ENGINE, 'openvino failed in the head graph.')
    assert levels(view) == dict.fromkeys(PARTS, OK) | {'engine': ERROR}
    assert message(view, 'engine') == 'openvino failed in the head graph.'
    assert values(view, 'engine')['failures'] == '1'


def test_a_fault_is_logged_when_it_is_new_and_not_again_at_once():
    lines = []
    faults = Faults(lines.append)
    for size in range(20):
        faults.report('audio', f'A chunk of {size} bytes.')
    faults.report('audio', 'Another cause.')
    faults.report('image', 'A chunk of 3 bytes.', 'with details')
    assert lines == ['audio: A chunk of 0 bytes.', 'audio: Another cause.',
                     'image: A chunk of 3 bytes.\nwith details']
    assert [fault.count for fault in faults.by_cause('audio')] == [20, 1]


def test_causes_do_not_fill_the_memory():
    faults = Faults(lambda sentence: None)
    for number in range(5000):
        faults.report('image', 'unknown encoding ' + 'x' * number)
    causes = faults.by_cause('image')
    assert sum(fault.count for fault in causes) == 5000
    assert len(causes) < 100


@pytest.mark.usefixtures('restless')
def test_who_asks_for_faults_and_who_reports_them_do_not_meet():
    rounds = [Faults(lambda sentence: None) for _ in range(50)]

    def report():
        for faults in rounds:
            for number in range(40):
                faults.report('image', 'unknown encoding ' + 'x' * number)

    with ThreadPoolExecutor(1) as pool:
        reported = pool.submit(report)
        for faults in rounds:
            while len(faults.by_cause('image')) < 40 and not reported.done():
                pass
        reported.result()
    assert [sum(fault.count for fault in faults.by_cause('image')) for faults in rounds] == [40] * 50


def test_latency_is_the_median_and_the_99th_percentile():
    statistics = Statistics(Faults(lambda sentence: None))
    assert statistics.latency() is None
    for milliseconds in range(101):
        statistics.published(milliseconds / 1000, ATTENDS)
    assert statistics.latency() == pytest.approx((0.050, 0.099))
