"""What can be said of the launch files without launch: they name what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.settings import entries

ROOT = Path(__file__).parents[2]
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))


def constants(path: Path) -> dict[str, Any]:
    """Return the literals that a file assigns to names of its own."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_file_compiles(path: Path) -> None:
    compile(path.read_text(), str(path), 'exec')


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_executables_exist(path: Path) -> None:
    started = set(re.findall(r"package='ros2_avloc',\s+executable='(\w+)'", path.read_text()))
    scripts = set(re.findall(r"f'(\w+) = \{NAME\}", (ROOT / 'setup.py').read_text()))
    assert started and started <= scripts


def test_choices_are_those_of_the_parameters() -> None:
    given = constants(ROOT / 'launch' / 'avloc.launch.py')
    choices = {entry.name: entry.choices for entry in entries()}
    assert given['ENGINES'] == choices['model.engine']
    assert given['TRANSPORTS'] == choices['image_transport']


def test_arguments_stand_for_parameters() -> None:
    given = constants(ROOT / 'launch' / 'avloc.launch.py')
    assert set(given['PARAMETERS']) <= {entry.name for entry in entries()} | {'use_sim_time'}


def test_arguments_of_follow_stand_for_parameters_of_the_follower() -> None:
    given = (ROOT / 'launch' / 'follow.launch.py').read_text()
    names = set(re.findall(r"^    '([\w.]+)': (?:str|bool),$", given, re.MULTILINE))
    assert names and names <= {entry.name for entry in entries(FollowerSettings)} | {'use_sim_time'}
    choices = {entry.name: entry.choices for entry in entries(FollowerSettings)}
    assert constants(ROOT / 'launch' / 'follow.launch.py')['MODES'] == choices['mode']


def test_presets_are_relative_and_differ() -> None:
    given = constants(ROOT / 'launch' / 'avloc.launch.py')
    for preset in (given['CAMERAS'], given['MICROPHONES']):
        topics = [topic for pair in preset.values() for topic in pair]
        assert not any(topic.startswith(('/', '~')) for topic in topics)
        assert all(len(set(pair)) == 2 for pair in preset.values())
    assert given['CAMERAS']['none'] == ('image', 'camera_info')
    assert given['MICROPHONES']['none'] == ('audio', 'audio_info')
