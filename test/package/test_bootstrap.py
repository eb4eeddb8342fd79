from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location('bootstrap', ROOT / 'environment' / 'bootstrap.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def executable(path: Path) -> None:
    path.write_text('#!/bin/sh\n')
    path.chmod(0o755)


@pytest.mark.parametrize(
    ('version', 'suits'), [((3, 9), False), ((3, 10), True), ((3, 13), True), ((3, 14), False)]
)
def test_python_must_have_wheels(bootstrap: ModuleType, version: tuple[int, int], suits: bool) -> None:
    assert bootstrap.suits(version) is suits


def test_absent_python_is_named_with_its_command(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(bootstrap.SetupError, match=r'^Python 3\.10 to 3\.13 .*apt-get install python3'):
        bootstrap.find_python()
    executable(tmp_path / 'python3.11')
    monkeypatch.setenv('PATH', f'{tmp_path}:/bin')
    assert bootstrap.find_python() == str(tmp_path / 'python3.11')


def test_any_compiler_will_do(bootstrap: ModuleType, tmp_path: Path) -> None:
    wanted = {'cc gcc': 'a C compiler', 'c++ g++': 'a C++ compiler', 'make': 'make'}
    assert bootstrap.missing_tools(wanted, str(tmp_path)) == {
        'a C compiler': 'gcc', 'a C++ compiler': 'g++', 'make': 'make'
    }  # fmt: skip
    executable(tmp_path / 'cc')
    executable(tmp_path / 'make')
    assert bootstrap.missing_tools(wanted, str(tmp_path)) == {'a C++ compiler': 'g++'}


def test_parts_of_python_are_asked_for_by_version(bootstrap: ModuleType, tmp_path: Path) -> None:
    assert bootstrap.missing_parts('python3.12', str(tmp_path), ensurepip=False) == {
        'the headers of python3.12': 'python3.12-dev',
        'the venv module of python3.12': 'python3.12-venv',
    }
    (tmp_path / 'Python.h').touch()
    assert bootstrap.missing_parts('python3.12', str(tmp_path), ensurepip=True) == {}


def test_sentence_names_everything_and_the_command(bootstrap: ModuleType) -> None:
    one = {'make': 'make'}
    assert bootstrap.missing_sentence(one, root=True) == (
        'This machine lacks make; install with: apt-get install make'
    )
    three = {'a C compiler': 'gcc', 'a C++ compiler': 'g++', 'make': 'make'}
    assert bootstrap.missing_sentence(three, root=False) == (
        'This machine lacks a C compiler, a C++ compiler and make; '
        'install with: sudo apt-get install gcc g++ make'
    )


def test_bare_machine_gets_one_sentence(tmp_path: Path) -> None:
    """Without any command on the path, nothing is begun."""
    checkout, empty = tmp_path / 'a check out', tmp_path / 'empty'
    (checkout / 'environment').mkdir(parents=True)
    empty.mkdir()
    shutil.copytree(ROOT / 'interfaces', checkout / 'interfaces')
    script = shutil.copy(ROOT / 'environment' / 'bootstrap.py', checkout / 'environment')
    done = subprocess.run(
        [sys.executable, script, '--', 'true'], env={'PATH': str(empty)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith('This machine lacks a C compiler, a C++ compiler and make')
    assert done.stderr.count('\n') == 1
    assert not (checkout / '.venv').exists()


@pytest.mark.parametrize(
    ('environment', 'distribution'),
    [
        ({}, ''),
        ({'ROS_DISTRO': 'jazzy'}, ''),
        ({'ROS_DISTRO': 'jazzy', 'AMENT_PREFIX_PATH': '/opt/ros/jazzy'}, 'jazzy'),
        ({'ROS_DISTRO': 'jazzy', 'AMENT_PREFIX_PATH': str(ROOT / '.venv')}, ''),
    ],
)
def test_ros_counts_when_it_is_sourced(
    bootstrap: ModuleType, environment: dict[str, str], distribution: str
) -> None:
    assert bootstrap.sourced_ros(environment) == distribution


def test_digest_sees_names_and_contents(bootstrap: ModuleType, tmp_path: Path) -> None:
    (tmp_path / 'a').write_text('one')
    (tmp_path / 'b').write_text('two')
    values = [bootstrap.digest(tmp_path)]
    assert bootstrap.digest(tmp_path) == values[0]
    (tmp_path / 'b').write_text('three')
    values.append(bootstrap.digest(tmp_path))
    (tmp_path / 'b').rename(tmp_path / 'c')
    values.append(bootstrap.digest(tmp_path))
    values += [bootstrap.digest('ab', 'c'), bootstrap.digest('a', 'bc')]
    assert len(set(values)) == 5


def test_done_steps_are_not_done_again(bootstrap: ModuleType, tmp_path: Path) -> None:
    done: list[str] = []
    stamps = bootstrap.Stamps(tmp_path / 'setup.json')
    steps = [bootstrap.Step(name, '1', lambda name=name: done.append(name)) for name in ('first', 'second')]
    bootstrap.catch_up(steps, stamps)
    bootstrap.catch_up(steps, bootstrap.Stamps(tmp_path / 'setup.json'))
    assert done == ['first', 'second']
    changed = [steps[0], steps[1]._replace(value='2')]
    bootstrap.catch_up(changed, bootstrap.Stamps(tmp_path / 'setup.json'))
    assert done == ['first', 'second', 'second']


def test_interrupted_step_is_done_again(bootstrap: ModuleType, tmp_path: Path) -> None:
    done: list[str] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    first = bootstrap.Step('first', '1', lambda: done.append('first'))
    second = bootstrap.Step('second', '1', lambda: done.append('second'))
    bootstrap.catch_up([first, second], bootstrap.Stamps(tmp_path / 'setup.json'))
    with pytest.raises(KeyboardInterrupt):
        bootstrap.catch_up(
            [first, bootstrap.Step('second', '2', interrupted)], bootstrap.Stamps(tmp_path / 'setup.json')
        )
    bootstrap.catch_up([first, second], bootstrap.Stamps(tmp_path / 'setup.json'))
    assert done == ['first', 'second', 'second']


@pytest.mark.parametrize('content', ['', '{"venv": "1"', '\0'])
def test_damaged_stamps_count_as_none(bootstrap: ModuleType, tmp_path: Path, content: str) -> None:
    (tmp_path / 'setup.json').write_text(content)
    stamps = bootstrap.Stamps(tmp_path / 'setup.json')
    assert not stamps.holds('venv', '1')
    stamps.write('venv', '1')
    assert json.loads((tmp_path / 'setup.json').read_text()) == {'venv': '1'}


def test_other_environments_do_not_leak_in(bootstrap: ModuleType) -> None:
    given = {'PIP_USER': '1', 'DESTDIR': '/x', 'LD_LIBRARY_PATH': '/y', 'HOME': '/z'}
    assert bootstrap.clean_environment(given) == {'LD_LIBRARY_PATH': '/y', 'HOME': '/z'}
    inherited = {**given, '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1'}
    assert bootstrap.clean_environment(inherited) == {'HOME': '/z'}


def test_command_finds_the_environment_first(bootstrap: ModuleType) -> None:
    bare = bootstrap.surroundings('', {'PATH': '/bin', 'ROS_LOG_DIR': '/mine'})
    assert bare['PATH'] == f'{ROOT / ".venv" / "bin"}:/bin'
    assert bare['ROS_LOG_DIR'] == '/mine'
    assert all(Path(bare[name]).is_file() for name in bootstrap.PROFILES)
    own = bootstrap.surroundings('', {'FASTRTPS_DEFAULT_PROFILES_FILE': '/mine.xml'})
    assert [own[name] for name in bootstrap.PROFILES] == ['/mine.xml', '/mine.xml']
    assert 'LD_LIBRARY_PATH' not in bare
    sourced = bootstrap.surroundings('jazzy', {'PATH': '/bin', 'AMENT_PREFIX_PATH': '/opt/ros/jazzy'})
    assert sourced['AMENT_PREFIX_PATH'] == f'{ROOT / ".venv"}:/opt/ros/jazzy'
    assert sourced['LD_LIBRARY_PATH'] == str(ROOT / '.venv' / 'lib')
