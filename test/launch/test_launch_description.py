"""The launch files as launch reads them, where it is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip('launch_ros')

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let launch find the package where this Python has it."""
    prefixes = [part for part in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if part]
    if not any(Path(part, 'share', 'ros2_avloc').exists() for part in prefixes):
        monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join([*prefixes, sys.prefix]))


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / 'launch' / f'{name}.launch.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def started(module: ModuleType, **given: str) -> list[Any]:
    """Return the actions that a launch file starts with these arguments."""
    from launch import LaunchContext

    context = LaunchContext()
    context.launch_configurations.update(given)
    for argument in module.arguments():
        argument.execute(context)
    return module.start(context)


@pytest.mark.parametrize('name', ['avloc', 'demo', 'follow'])
def test_every_argument_is_described(name: str) -> None:
    description = load(name).generate_launch_description()
    arguments = description.get_launch_arguments()
    assert arguments and all(argument.description for argument in arguments)


@pytest.mark.parametrize('camera', ['none', 'usb_cam', 'v4l2_camera', 'realsense', 'zed'])
@pytest.mark.parametrize('microphone', ['none', 'audio_capture'])
def test_preset_maps_every_input(camera: str, microphone: str) -> None:
    module = load('avloc')
    given = dict.fromkeys(('image', 'camera_info', 'audio', 'audio_info'), '')
    maps = dict(module.remappings({**given, 'camera': camera, 'microphone': microphone}))
    assert (maps['image'], maps['camera_info']) == module.CAMERAS[camera]
    assert (maps['audio'], maps['audio_info']) == module.MICROPHONES[microphone]
    assert maps['image/compressed'] == f'{maps["image"]}/compressed'


def test_named_topic_stands_above_the_preset() -> None:
    module = load('avloc')
    given = {'image': '/front/image', 'camera_info': '', 'audio': '/ear', 'audio_info': ''}
    maps = dict(module.remappings({**given, 'camera': 'realsense', 'microphone': 'audio_capture'}))
    assert maps['image'] == '/front/image' and maps['image/compressed'] == '/front/image/compressed'
    assert maps['camera_info'] == 'camera/camera/color/camera_info'
    assert (maps['audio'], maps['audio_info']) == ('/ear', 'audio/audio_info')


def test_only_given_arguments_stand_above_the_file() -> None:
    module = load('avloc')
    empty = dict.fromkeys(module.PARAMETERS, '')
    assert module.parameters(empty) == {}
    assert set(module.parameters({**empty, 'model.engine': 'openvino'})) == {'model.engine'}


LAUNCH = '''
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

path, *given = sys.argv[1:]
service = LaunchService()
service.include_launch_description(IncludeLaunchDescription(
    PythonLaunchDescriptionSource(path), launch_arguments=[argument.split(':=') for argument in given]))
sys.exit(service.run())
'''


@pytest.mark.parametrize(('engine', 'code'), [('onnxruntime', 0), ('tensorrt', 1)])
def test_build_only_ends_as_the_node_does(tmp_path: Path, engine: str, code: int) -> None:
    if importlib.util.find_spec('tensorrt'):
        pytest.skip('TensorRT may work here')
    file = tmp_path / 'strict.yaml'
    file.write_text('avloc: {ros__parameters: {model.strict: true}}')
    done = subprocess.run(
        [sys.executable, '-c', LAUNCH, str(ROOT / 'launch' / 'avloc.launch.py'), 'build_only:=true',
         f'params_file:={file}', f'model.engine:={engine}'],
        env=os.environ | {'ROS_LOG_DIR': str(tmp_path)}, capture_output=True, text=True, timeout=100)
    assert done.returncode == code, done.stdout + done.stderr
    assert ('avloc_node ended with 1: there is no engine' in done.stdout + done.stderr) == bool(code)


def test_unknown_camera_is_refused() -> None:
    with pytest.raises(RuntimeError, match='realsense'):
        started(load('avloc'), camera='webcam')


def test_demo_starts_all_three() -> None:
    kinds = [type(action).__name__ for action in started(load('demo'), rviz='false')]
    assert kinds == ['SetEnvironmentVariable', 'SetEnvironmentVariable', 'Node', 'IncludeLaunchDescription']
    assert len(started(load('demo'), rviz='true')) == 5


def test_follow_includes_the_node_and_starts_the_follower() -> None:
    module = load('follow')
    kinds = [type(entity).__name__ for entity in module.generate_launch_description().entities]
    assert kinds.count('IncludeLaunchDescription') == 1
    [follower] = started(module, mode='head')
    assert follower.node_executable == 'follower'
    empty = dict.fromkeys(module.TYPES, '')
    assert module.parameters(empty) == {}
    assert set(module.parameters({**empty, 'mode': 'head'})) == {'mode'}


def test_follow_refuses_a_target_frame_without_the_frame_of_the_base() -> None:
    module = load('follow')
    with pytest.raises(RuntimeError, match='base_frame'):
        started(module, target_frame='odom')
    assert started(module, target_frame='odom', base_frame='base_link')
    assert started(module, target_frame='odom', follower_params_file='own.yaml')
