"""What package.xml, setup.py and the code say of the package is the same everywhere."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import ros2_avloc

ROOT = Path(__file__).parents[2]
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()
SETUP = (ROOT / 'setup.py').read_text()
SCRIPTS = re.findall(r"f'(\w+) = \{NAME\}\.([\w.]+):(\w+)'", SETUP)


def text(tag: str) -> str:
    return MANIFEST.findtext(tag) or ''


@pytest.fixture()
def distribution(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip('setuptools')
    monkeypatch.chdir(ROOT)
    return import_module('distutils.core').run_setup('setup.py', stop_after='init')


def test_manifest_and_setup_say_the_same(distribution: Any) -> None:
    metadata = distribution.metadata
    assert metadata.name == text('name') == ros2_avloc.__name__
    assert metadata.version == text('version') == ros2_avloc.__version__
    assert metadata.description == text('description')
    assert metadata.license == text('license') == 'Apache-2.0'
    assert metadata.maintainer == text('maintainer')
    assert metadata.maintainer_email == MANIFEST.find('maintainer').attrib['email']


def test_licence_is_the_one_named() -> None:
    licence = (ROOT / MANIFEST.find('license').attrib['file']).read_text()
    assert 'Apache License' in licence and 'Version 2.0' in licence


def test_every_room_is_packaged(distribution: Any) -> None:
    rooms = {str(path.parent.relative_to(ROOT)) for path in (ROOT / 'ros2_avloc').rglob('__init__.py')}
    assert {package.replace('.', '/') for package in distribution.packages} == rooms


def test_shared_files_are_installed_where_ros_looks(distribution: Any) -> None:
    installed = {f'{folder}/{Path(file).name}' for folder, files in distribution.data_files for file in files}
    assert {
        'share/ament_index/resource_index/packages/ros2_avloc',
        'share/ros2_avloc/package.xml',
        'share/ros2_avloc/config/avloc.yaml',
        'share/ros2_avloc/config/avloc.foxglove.json',
        'share/ros2_avloc/config/avloc.rviz',
        'share/ros2_avloc/config/fastdds.xml',
        'share/ros2_avloc/config/follower.yaml',
        'share/ros2_avloc/launch/avloc.launch.py',
        'share/ros2_avloc/launch/demo.launch.py',
        'share/ros2_avloc/launch/follow.launch.py',
    } <= installed


@pytest.mark.parametrize(('name', 'module', 'function'), SCRIPTS)
def test_executables_can_be_imported(name: str, module: str, function: str) -> None:
    assert callable(getattr(import_module(f'ros2_avloc.{module}'), function)), name


def test_executables_are_those_of_the_design() -> None:
    assert {name for name, _, _ in SCRIPTS} == {'avloc', 'avloc_node', 'follower', 'simulator'}


def test_message_packages_that_are_imported_are_declared() -> None:
    declared = {element.text for element in MANIFEST.findall('exec_depend')}
    code = '\n'.join(path.read_text() for path in (ROOT / 'ros2_avloc').rglob('*.py'))
    imported = set(re.findall(r'^ *from (\w+_msgs)\.msg import', code, re.MULTILINE))
    assert imported and imported <= declared
