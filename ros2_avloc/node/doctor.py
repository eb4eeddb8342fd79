"""What ``avloc doctor`` does: says what is there of what the node needs, and what to do about what is not.

It is asked where something is lacking: so nothing of ROS, and no library of an engine, is imported before it
is looked for.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ros2_avloc.errors import AvlocError, EngineError
from ros2_avloc.messages.sounds import TYPES
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import ENGINES, open_engine
from ros2_avloc.model.engines.driver import has_driver
from ros2_avloc.model.engines.plans import PlanCache, cache_directory
from ros2_avloc.share import bundle_path

MESSAGES = ('sensor_msgs', 'visualization_msgs', 'diagnostic_msgs', 'vision_msgs', 'audio_common_msgs')
"""Packages of messages that the node needs. ROS installs the last two on demand."""

INPUTS = {
    'camera': ('image', ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')),
    'calibration': ('camera_info', ('sensor_msgs/msg/CameraInfo',)),
    'microphone': ('audio', tuple(f'audio_common_msgs/msg/{name}' for name in TYPES)),
}
"""Topics of the node, with the types that they may have."""

HELP = {
    'camera': 'Start its driver. Where it runs already: are ROS_DOMAIN_ID and RMW_IMPLEMENTATION the same?',
    'calibration': 'Let the driver publish it, or set camera.hfov: bearings are as right as that is.',
    'microphone': 'Start its driver, such as audio_capture.',
}
"""What to do where nobody publishes."""


class State(Enum):
    """How it stands with something: what is absent is not needed, what lacks is."""

    FOUND = 'found'
    ABSENT = 'absent'
    LACKING = 'lacking'


_MARKS = {State.FOUND: '[green]found', State.ABSENT: '[yellow]not here', State.LACKING: '[red]lacking'}


@dataclass(frozen=True)
class Finding:
    """What was found of something, in words.

    Attributes
    ----------
    what
        That was looked for.
    state
        How it stands with it.
    says
        What is there, or why it is not.
    advice
        What to do, if there is something to do.
    """

    what: str
    state: State
    says: str
    advice: str = ''


def examine(model: str, wait: float, console: Console) -> bool:
    """Look for everything, and print what was found.

    Parameters
    ----------
    model
        Directory of a bundle, or name of a shipped one.
    wait
        Seconds to wait for publishers.
    console
        To print to.

    Returns
    -------
    bool
        Whether nothing is lacking.
    """
    findings = list(_all(model, wait))
    console.print(_table(findings))
    return not any(finding.state is State.LACKING for finding in findings)


def _all(model: str, wait: float) -> Iterator[Finding]:
    ros = _ros()
    yield ros
    yield _messages()
    yield _gpu()
    yield from _model(model)
    if ros.state is State.FOUND:
        yield from _topics(wait)


def _ros() -> Finding:
    try:
        from rclpy.utilities import get_rmw_implementation_identifier

        middleware = get_rmw_implementation_identifier()
    except (ImportError, RuntimeError) as error:
        return Finding('ROS 2', State.LACKING, f'rclpy cannot be used: {error}',
                       'Source ROS and your workspace, as in: source /opt/ros/jazzy/setup.bash')
    distribution = os.environ.get('ROS_DISTRO', 'without ROS_DISTRO')
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    return Finding('ROS 2', State.FOUND, f'{distribution}, {middleware}, domain {domain}')


def _messages() -> Finding:
    lacking = [package for package in MESSAGES if not _has(f'{package}.msg')]
    if lacking:
        packages = ' '.join(f'ros-$ROS_DISTRO-{package.replace("_", "-")}' for package in lacking)
        return Finding('messages', State.LACKING, f'{", ".join(lacking)} cannot be imported',
                       f'sudo apt install {packages}')
    return Finding('messages', State.FOUND, ', '.join(MESSAGES))


def _has(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def _gpu() -> Finding:
    if not has_driver():
        return Finding('GPU', State.ABSENT, 'there is no CUDA driver: the processor computes')
    try:
        from ros2_avloc.model.engines.cuda import find_gpu

        gpu = find_gpu()
    except ImportError as error:
        return Finding('GPU', State.ABSENT, f'{error.name} is not installed', 'pip install cuda-python')
    except EngineError as error:
        return Finding('GPU', State.ABSENT, str(error))
    return Finding('GPU', State.FOUND, f'{gpu.name}, compute capability {gpu.capability}, driver for CUDA '
                                       f'{gpu.driver // 1000}.{gpu.driver % 1000 // 10}')


def _model(name: str) -> Iterator[Finding]:
    try:
        bundle = Bundle.load(bundle_path(name))
    except AvlocError as error:
        yield Finding('model', State.LACKING, str(error))
        return
    yield Finding('model', State.FOUND, f'{bundle.name}, {bundle.path}')
    engines = [_tensorrt(bundle), *(_engine(bundle, name) for name in ENGINES if name != 'tensorrt')]
    yield from engines
    if not any(engine.state is State.FOUND for engine in engines):
        yield Finding('an engine', State.LACKING, 'none works', 'pip install openvino (x86) or onnxruntime')


def _tensorrt(bundle: Bundle) -> Finding:
    """Look for TensorRT without opening its engine: that may take minutes of building."""
    try:
        version = importlib.import_module('tensorrt').__version__
    except ImportError:
        return Finding('tensorrt', State.ABSENT, 'it is not installed', 'docs/tensorrt.md says how')
    if not has_driver():
        return Finding('tensorrt', State.ABSENT, f'{version} is installed, but there is no CUDA driver')
    try:
        kept = PlanCache(cache_directory(None), lambda _: None).entries().values()
    except EngineError as error:
        return Finding('tensorrt', State.ABSENT, str(error))
    if any(facts.get('key', {}).get('bundle') == bundle.sha256 for facts in kept):
        return Finding('tensorrt', State.FOUND, f'{version}, an engine of this model is kept')
    return Finding('tensorrt', State.FOUND, f'{version}, no engine of this model is kept',
                   'The first start builds it, for minutes. Ahead of time: avloc engine build')


def _engine(bundle: Bundle, name: str) -> Finding:
    try:
        engine, _ = open_engine(bundle, name=name, strict=True)
    except EngineError as error:
        return Finding(name, State.ABSENT, str(error))
    runs = engine.identity
    engine.close()
    return Finding(name, State.FOUND, f'{runs.version}, {runs.precision} on {runs.device}')


def _topics(wait: float) -> Iterator[Finding]:
    published = _published(wait)
    for what, (topic, types) in INPUTS.items():
        found = [name for kind in types for name, kinds in published.items() if kind in kinds]
        if not found:
            needed = State.ABSENT if what == 'calibration' else State.LACKING
            yield Finding(what, needed, f'nobody publishes {" or ".join(types)}', HELP[what])
        elif f'/{topic}' in found:
            yield Finding(what, State.FOUND, f'/{topic}')
        else:
            yield Finding(what, State.FOUND, ', '.join(found), f'Launch with {_argument(topic, found[0])}')


def _argument(topic: str, name: str) -> str:
    """Return what a launch file is told to take a topic of another name."""
    raw = name.removesuffix('/compressed')
    return f'{topic}:={raw}' + (' image_transport:=compressed' if raw != name else '')


def _published(wait: float) -> dict[str, list[str]]:
    """Return the types of all topics that somebody else than the node publishes."""
    import rclpy
    from rclpy.context import Context
    from rclpy.node import Node

    context = Context()
    rclpy.init(context=context)
    try:
        node = Node('avloc_doctor', context=context, enable_rosout=False, start_parameter_services=False)
        time.sleep(wait)
        return {topic: types for topic, types in node.get_topic_names_and_types() if _others(node, topic)}
    finally:
        rclpy.shutdown(context=context)


def _others(node: Any, topic: str) -> bool:
    return any(info.node_name != 'avloc' for info in node.get_publishers_info_by_topic(topic))


def _table(findings: Sequence[Finding]) -> Table:
    table = Table.grid(padding=(0, 2))
    for one in findings:
        advice = [f'[bold]→ {one.advice}[/]'] if one.advice else []
        table.add_row(one.what, _MARKS[one.state], '\n'.join([escape(one.says), *advice]))
    return table
