"""Every section from end to end, at its smallest size, and what docs/performance.md holds of it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from benchmark import (
    aims,
    answers,
    dds,
    engines,
    growth,
    material,
    measure,
    memory,
    page,
    photos,
    run,
    stages,
    startup,
)
from benchmark.sheet import Sheet, markdown, restored
from ros2_avloc.errors import EngineError
from ros2_avloc.learning.material.packs import COLUMNS as COLUMNS_OF_A_PACK
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import onnxruntime, openvino, torch

pytestmark = pytest.mark.timeout(600)

DOCUMENT = Path(__file__).parents[2] / 'docs' / 'performance.md'
RATIO = {'times faster than eager', 'of the limit'}
COLUMNS = {
    'engines': {'engine', 'sound and frame, ms', 'frame, ms', *RATIO},
    'gpu': set(),
    'answers': {'engine', 'difference, median', '99 %', 'largest', 'asked for', 'within', 'same peak'},
    'stages': {'stage', 'ms', 'of a window, %'},
    'growth': {'window', 'channels', 'ms', 'times the first'},
    'dds': {'frames', 'Hz', 'sent, Hz', 'answered, %', 'p50, ms', 'p99, ms', 'CPU, cores',
            'beside the network, cores', 'memory, MB'},
    'startup': {'from process start to', 's'},
    'memory': {'after, min', 'memory, MB', 'its own, MB', 'shared, MB'},
}
SMALLEST: list[tuple[Any, str, Any]] = [
    (measure, 'RUNS', 1), (measure, 'CALLS', 1), (growth, 'RUNS', 1), (material, 'SECONDS', 1.7),
    (engines, 'FULL_WIDTH', 4), (engines, 'SIDE', 64),
    (answers, 'SCENES', 3), (answers, 'INDIVIDUALS', {answers.MEASURED: 1}),
    (dds, 'SIZES', ((640, 480),)), (dds, 'TRANSPORTS', ('raw',)), (dds, 'RATES', (30.0,)), (dds, 'RUNS', 1),
    (dds, 'SETTLE', 0.0), (dds, 'SPAN', 0.5), (dds, 'CALLS', 2),
    (startup, 'WARM_UPS', 0), (startup, 'WARM_RUNS', 1), (startup, 'COLD_RUNS', 0),
    (memory, 'MINUTES', (0.0, 0.005, 0.01)), (memory, 'PAUSE', 0.1),
]


@pytest.fixture(scope='module')
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    results = tmp_path_factory.mktemp('results')
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in SMALLEST:
            patch.setattr(module, name, value)
        run.main([*COLUMNS, '--results', str(results)])
    (written,) = results.iterdir()
    found: dict[str, Any] = json.loads(written.read_text(encoding='utf-8'))
    return found


def cells(report: dict[str, Any], section: str, column: str) -> list[Any]:
    return [row[column] for sheet in report['sections'][section] for row in sheet['rows'] if column in row]


def numberless(text: str) -> str:
    return re.sub(r'[\d.]+', '#', text)


def test_a_report_says_on_what_it_was_measured(report: dict[str, Any]) -> None:
    assert {'date', 'machine', 'load', 'system', 'python', 'libraries', 'bundle'} <= set(report)
    assert list(report['sections']) == list(COLUMNS)


@pytest.mark.parametrize('section', COLUMNS)
def test_a_section_has_its_columns(report: dict[str, Any], section: str) -> None:
    sheets = report['sections'][section]
    assert {column for sheet in sheets for row in sheet['rows'] for column in row} == COLUMNS[section]
    assert not any('Not measured' in note for sheet in sheets for note in sheet['notes'])


@pytest.mark.parametrize('section', [section for section in COLUMNS if section != 'dds'])
def test_figures_are_finite_and_of_at_least_one_run(report: dict[str, Any], section: str) -> None:
    found = [cell for sheet in report['sections'][section] for row in sheet['rows'] for cell in row.values()]
    for runs in (cell['runs'] if isinstance(cell, dict) else [cell] for cell in found):
        assert runs and all(isinstance(one, str) or np.isfinite(one) for one in runs)


def test_every_engine_that_works_here_stands_beside_eager(report: dict[str, Any]) -> None:
    named = cells(report, 'engines', 'engine')
    assert named[0] == engines.EAGER and 'onnxruntime fp32' in named
    notes = [note for sheet in report['sections']['engines'] for note in sheet['notes']]
    declined = [note for note in notes if note.startswith('Not here')]
    assert len(named) + len(declined) == 2 * (1 + len(engines.ENGINES) * len(engines.PRECISIONS))


def test_in_float32_every_engine_answers_as_torch_does(report: dict[str, Any]) -> None:
    rows = report['sections']['answers'][0]['rows']
    assert {row['within'] for row in rows if row['engine'].endswith('fp32')} == {1.0}


def test_every_aim_is_judged_by_a_goal_of_its_section(report: dict[str, Any]) -> None:
    judged = {(section, goal['aim']) for section, sheets in report['sections'].items()
              for sheet in sheets for goal in sheet['goals']}
    known = {(aim.section, aim.name) for aim in aims.AIMS}
    assert judged <= known
    in_half = any(not name.endswith(' fp32') for name in cells(report, 'answers', 'engine'))
    elsewhere = {('photos', name) for name in ('fp32', 'half', 'peak')}
    assert known - judged == elsewhere | (set() if in_half else {('answers', 'half')})


def test_the_parts_of_a_window_are_less_than_all_of_it(report: dict[str, Any]) -> None:
    rows = {row['stage']: row for row in report['sections']['stages'][0]['rows']}
    assert {'sources to tracks and attended', 'tracks to message'} <= set(rows)
    assert rows[stages.WHOLE]['of a window, %']['runs'] == [100.0]
    assert not any('of a window, %' in rows[name] for name in stages.APART)


def test_growth_is_told_with_everything_that_can_grow(report: dict[str, Any]) -> None:
    windows = cells(report, 'growth', 'window')
    for what in ('1280×720', '60 Hz', '5 sources', 'array of 4', 'and heatmap, upsampled', 'and overlay'):
        assert what in windows
    assert cells(report, 'growth', 'channels') == ['1', '2', '4', '8']


def test_figures_of_the_node_are_possible(report: dict[str, Any]) -> None:
    # On a busy machine it may answer once, as the section asks for, and then nothing while it is looked at.
    (row,) = report['sections']['dds'][0]['rows']
    assert 0 <= row['answered, %']['runs'][0] <= 100
    assert row['memory, MB']['runs'][0] > 50
    assert all(row['its own, MB'] < row['memory, MB'] for row in report['sections']['memory'][0]['rows'])


@pytest.mark.parametrize('section', COLUMNS)
def test_the_page_holds_each_section_in_this_form(report: dict[str, Any], section: str) -> None:
    text = DOCUMENT.read_text(encoding='utf-8')
    for sheet in report['sections'][section]:
        title, *table = markdown(restored(sheet)).splitlines()[:3]
        assert numberless(title) in numberless(text).splitlines()
        assert not sheet['rows'] or table[-1] in text.splitlines()


def test_page_and_report_have_the_same_frame(report: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding='utf-8')
    shown = page.filled(text, page.figures([report]))
    assert shown.split(page.BEGIN)[0] == text.split(page.BEGIN)[0]
    assert page.HOW in shown and page.HOW in text


def test_val_scenes_of_a_pack_are_looked_at_too(
    shipped: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(tmp_path)
    monkeypatch.setattr(photos, 'SCENES', 2)
    (sheet,) = photos.measure(shipped, pack=tmp_path)
    assert sheet.title == 'Answers of the engines, real scenes'
    assert sheet.notes[0].startswith('2 scenes') and len(sheet.rows) > 1


def write_pack(root: Path) -> None:
    """Two things with their sounds, a background, and a sound of nothing."""
    rows = []
    for name, hertz in (('high', 4000), ('low', 300), ('_offscreen/rain', 1000)):
        group = name.split('/')[-1]
        sound, picture = f'{group}.ogg', f'{group}.png'
        common = {'category': name, 'split': 'val', 'group': group}
        seen = {'kind': 'image', 'box_xywh': '10 0 60 100'} if group == name else {'kind': 'background'}
        rows.append(common | {'path': sound, 'kind': 'audio', 'active_1s_starts': '0.0 0.5'})
        rows.append(common | seen | {'path': picture})
        write_tone(root / sound, hertz)
        cv2.imwrite(str(root / picture), np.random.default_rng(1).integers(0, 255, (100, 80, 3)))
    with (root / 'INDEX.csv').open('w', newline='', encoding='utf-8') as lines:
        writer = csv.DictWriter(lines, COLUMNS_OF_A_PACK, restval='')
        writer.writeheader()
        writer.writerows(rows)


def write_tone(path: Path, hertz: float) -> None:
    tone = 16_000 * np.sin(2 * np.pi * hertz * np.arange(96_000) / 48_000)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libopus', rate=48_000, layout='mono')
        frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], format='s16', layout='mono')
        frame.rate = 48_000
        container.mux([*stream.encode(frame), *stream.encode(None)])


def test_a_section_that_cannot_run_here_says_why(shipped: Bundle, tmp_path: Path) -> None:
    (sheet,) = run.measured('photos', shipped, pack=tmp_path)
    assert not sheet.rows
    assert sheet.notes[0].startswith(f'Not measured: {tmp_path} is no pack')


@pytest.mark.parametrize(
    ('error', 'told'),
    [(EngineError('no engine'), 'no engine'), (ImportError('no torch'), 'no torch'),
     (TimeoutError('late'), 'late'), (KeyError('CUDA'), "KeyError('CUDA')")],
)
def test_the_other_sections_run_on(
    shipped: Bundle, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    monkeypatch.setattr(answers, 'measure', raising(error))
    (sheet,) = run.measured('answers', shipped)
    assert sheet.notes == [f'Not measured: {told}']


def raising(error: BaseException) -> Callable[..., Any]:
    def fails(*_: Any) -> None:
        raise error

    return fails


def test_an_engine_that_loads_badly_is_left_out(shipped: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, 'load', raising(RuntimeError('bad\ndriver')))
    monkeypatch.setattr(openvino.GraphEngine, 'localize', raising(AttributeError()))
    with engines.opened(shipped) as (found, declined):
        assert 'torch fp32' in found and not any('onnxruntime' in name for name in found)
    assert 'Not here: onnxruntime fp32: bad driver' in declined
    assert 'Not here: openvino fp32: AttributeError' in declined


def test_without_the_reference_no_answer_is_judged(shipped: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, 'load', raising(EngineError('gone')))
    monkeypatch.setattr(answers, 'INDIVIDUALS', {answers.MEASURED: 1})
    monkeypatch.setattr(answers, 'SCENES', 2)
    (sheet,) = run.measured('answers', shipped)
    assert not sheet.rows and 'torch fp32: gone' in sheet.notes[0]


def test_what_was_measured_stays_when_the_rest_is_broken_off(
    shipped: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, 'measure', lambda bundle: [Sheet('Growth', [{'ms': 1.0}])])
    monkeypatch.setattr(dds, 'measure', raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run.main(['growth', 'dds', '--results', str(tmp_path)])
    (written,) = tmp_path.iterdir()
    assert list(json.loads(written.read_text(encoding='utf-8'))['sections']) == ['growth']


def test_photos_are_looked_at_only_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, 'measured', lambda name, bundle, **options: [])
    run.main(['--results', str(tmp_path / 'without')])
    run.main(['--results', str(tmp_path / 'with'), '--pack', str(tmp_path)])
    found = [list(json.loads(path.read_text())['sections']) for path in sorted(tmp_path.rglob('*.json'))]
    assert found == [list(run.SECTIONS), [name for name in run.SECTIONS if name != 'photos']]
    assert set(run.SECTIONS) == {*COLUMNS, 'photos'}
    with pytest.raises(SystemExit):
        run.main(['photos'])
    assert 'needs --pack' in capsys.readouterr().err


def test_the_torch_engine_can_be_had_without_cuda_graphs() -> None:
    assert callable(torch._capture) and callable(torch._as_it_is)
