"""``avloc engine`` on a played GPU, and where there is none."""

from __future__ import annotations

import fcntl
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

pytest.importorskip('onnx')

from gpu_double import OURS, played  # noqa: E402

from ros2_avloc.cli import app  # noqa: E402
from ros2_avloc.model.engines import plans  # noqa: E402


@pytest.fixture
def tensorrt():
    with played('10.3.0', '12.6.2.post1') as machine:
        yield machine


@pytest.fixture
def avloc(tmp_path):
    def run(*words):
        return CliRunner().invoke(app, ['engine', *words, '--cache-dir', str(tmp_path / 'engines')])

    return run


def test_engines_are_built_listed_and_removed(tensorrt, avloc, bundle, tmp_path):
    built = avloc('build', '--bundle', str(bundle.path), '--precision', 'fp32', '--level', '5')
    assert built.exit_code == 0, built.output
    assert built.stdout == ('TensorRT 10.3.0 is ready in fp32 on Played GPU (compute capability 8.7); '
                            f'its plans are in {tmp_path / "engines"}.\n')
    lines = avloc('list').stdout.splitlines()
    assert [line.split()[0].split('-')[0] for line in lines] == ['name', 'head', 'sound', 'vision']
    vision = next(line.split()[0] for line in lines if line.startswith('vision-fp32'))
    assert 'Played GPU (8.7)  10.3.0' in lines[1]
    assert avloc('remove', vision).stdout == f'{vision} is removed.\n'
    assert avloc('remove', vision).exit_code == 1
    assert len(avloc('list').stdout.splitlines()) == 3
    assert avloc('remove', '--all').exit_code == 0
    assert avloc('list').stdout == f'{tmp_path / "engines"} holds no engine.\n'
    assert {path.name for path in (tmp_path / 'engines').iterdir()} == {'lock', 'trial'}


def test_why_the_faster_precision_was_not_taken_is_told(tensorrt, avloc, bundle):
    built = avloc('build', '--bundle', str(bundle.path))
    assert built.exit_code == 0, built.output
    assert f'tensorrt in fp16 was not taken: {bundle.path} has no graphs in fp16.\n' in built.stderr


def test_waiting_for_another_process_is_told_once(tensorrt, avloc, bundle, tmp_path, monkeypatch):
    (tmp_path / 'engines').mkdir(mode=0o700)
    looks = []
    with open(tmp_path / 'engines' / 'lock', 'w') as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def sleep(_):
            looks.append(1)
            if len(looks) == 3:
                other.close()

        monkeypatch.setattr(plans, 'time', SimpleNamespace(sleep=sleep))
        built = avloc('build', '--bundle', str(bundle.path), '--precision', 'fp32')
    assert built.exit_code == 0, built.output
    assert len(looks) == 3
    assert built.stderr.count('another process is building; waiting for it\n') == 1


def test_a_plan_whose_facts_are_gone_is_listed_and_removed_too(tensorrt, avloc, bundle, tmp_path):
    avloc('build', '--bundle', str(bundle.path), '--precision', 'fp32')
    for facts in (tmp_path / 'engines').glob('*.json'):
        facts.write_text('{"key": 7')
    assert avloc('list').stdout.count('? (?)') == 3
    assert avloc('remove', '--all').exit_code == 0
    assert not list((tmp_path / 'engines').glob('*.plan'))


def test_nothing_is_removed_by_mistake(avloc):
    assert avloc('remove').exit_code == 2
    assert avloc('remove', 'vision', '--all').exit_code == 2


def test_a_machine_without_tensorrt_says_what_is_missing(avloc, bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    for name in OURS:
        monkeypatch.delitem(sys.modules, f'ros2_avloc.model.engines.{name}', raising=False)
    result = avloc('build', '--bundle', str(bundle.path))
    assert result.exit_code == 1
    assert 'tensorrt was not taken: it cannot be imported' in result.output
    assert 'see docs/tensorrt.md' in result.output and 'pip install' not in result.output
    assert 'Traceback' not in result.output
