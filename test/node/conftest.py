"""The node in its own process, and around it a world that is known: a lamp that hums.

The model is a network that is known too: a cell sounds when it is bright while it is loud.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from onnx import TensorProto, helper, numpy_helper
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros2_avloc.model.bundle import write_bundle
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.manifest import Calibration

ROOT = Path(__file__).parents[2]
SECOND = 1_000_000_000
DEADLINE = 40.0
"""Seconds for anything to happen, on a machine that is busy with other things."""

ANSWER = 10.0
"""Seconds for the answer of a service."""


def _graph(nodes: list[Any], inputs: dict[str, tuple[int, ...]], output: str, shape: tuple[int, ...],
           **weights: Any) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in inputs.items()]
    result = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, 'lamp', values, result, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _write_lamp_bundle(directory: Path) -> None:
    """Logits = 4 · (brightness + 1) · loudness − 5, with brightness in [−1, 1].

    The loudness is 0 up to a mean of the spectrogram of −1.75 (silence has −2), and 1 from −1.5 on.
    """
    mean = np.zeros((128, 3, 16, 16), np.float32)
    mean[0] = 4 / (3 * 16 * 16)
    first = np.eye(1, 128, dtype=np.float32)
    vision = _graph([helper.make_node('Conv', ['image', 'w', 'b'], ['cells'], kernel_shape=[16, 16],
                                      strides=[16, 16])],
                    {'image': (1, 3, 224, 224)}, 'cells', (1, 128, 14, 14), w=mean, b=4 * first[0])
    sound = _graph([helper.make_node('GlobalAveragePool', ['spectrogram'], ['m']),
                    helper.make_node('Flatten', ['m'], ['f']),
                    helper.make_node('Gemm', ['f', 'w', 'b'], ['g']),
                    helper.make_node('Clip', ['g', 'low', 'high'], ['sound'])],
                   {'spectrogram': (1, 1, 257, 200)}, 'sound', (1, 128), w=4 * first, b=7 * first[0],
                   low=np.float32(0), high=np.float32(1))
    head = _graph([helper.make_node('Reshape', ['cells', 'flat'], ['a']),
                   helper.make_node('MatMul', ['sound', 'a'], ['d']),
                   helper.make_node('Add', ['d', 'bias'], ['e']),
                   helper.make_node('Reshape', ['e', 'grid'], ['logits'])],
                  {'cells': (1, 128, 14, 14), 'sound': (1, 128)}, 'logits', (1, 1, 14, 14),
                  flat=np.array([128, 196]), grid=np.array([1, 1, 14, 14]), bias=np.array([-5], np.float32))
    image = np.random.default_rng(1).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    brightness = image[0].mean(axis=0).reshape(14, 16, 14, 16).mean(axis=(1, 3))
    golden = Golden(image, np.zeros((257, 200), np.float32), (4 * (brightness + 1) - 5).astype(np.float32))
    write_bundle(directory, name='lamp', calibration=Calibration(threshold=0.4, temperature=1.0),
                 golden=golden, training={},
                 parts={'vision_fp32.onnx': vision, 'sound_fp32.onnx': sound, 'head.onnx': head})


@pytest.fixture(scope='session')
def lamp_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp('lamp')
    _write_lamp_bundle(directory)
    return directory


class NodeProcess:
    """The node as its own process, with its log."""

    def __init__(self, directory: Path, domain: int, program: Sequence[str], *arguments: str) -> None:
        self._log = directory / 'log.txt'
        environment = os.environ | {'ROS_DOMAIN_ID': str(domain), 'ROS_LOG_DIR': str(directory)}
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                [sys.executable, *program, '--ros-args', *arguments],
                cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding='utf-8')

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        return self._process.wait(DEADLINE)

    def send(self, how: signal.Signals) -> None:
        self._process.send_signal(how)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask the process to end and return its exit code."""
        self.send(how)
        return self.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Client:
    """A camera that sees a lamp, a microphone that hears it hum, and ears for what the node says.

    Everything runs while somebody waits in `until`.
    """

    WIDTH, HEIGHT, RATE, CHUNK, FRAME = 560, 420, 16_000, 0.02, 1 / 15

    def __init__(self, domain: int, *, image: str = 'image', audio: str = 'audio') -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node('tester', context=self.context, enable_rosout=False)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = {}
        self._subscriptions: dict[str, Any] = {}
        self._services: dict[str, Any] = {}
        self.lamps: dict[int, tuple[int, int]] = {}
        self.lamp: Callable[[int], tuple[int, int]] = lambda number: (200, 210)
        self.loud = True
        self.playing = False
        self.statuses: dict[str, DiagnosticStatus] = {}
        self.now: Callable[[], int] = time.time_ns
        self.audio_clock_ahead = 0
        self.image_publisher = self.node.create_publisher(Image, image, 5)
        self.audio_publisher = self.node.create_publisher(AudioDataStamped, audio, 50)
        self.send_image = self.image_publisher.publish
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._keep_statuses, 10)

    def _keep_statuses(self, message: DiagnosticArray) -> None:
        if message.status[0].message != 'Node starting up':
            self.statuses |= {status.name.split(': ')[1]: status for status in message.status}

    def values(self, part: str) -> dict[str, str]:
        status = self.statuses.get(part, DiagnosticStatus())
        return defaultdict(str, {value.key: value.value for value in status.values})

    def listen(self, kind: type[Any], topic: str) -> list[Any]:
        """Collect what is published on a topic."""
        if topic not in self.heard:
            messages: list[Any] = []
            subscription = self.node.create_subscription(kind, topic, messages.append, QoSProfile(depth=50))
            self.heard[topic], self._subscriptions[topic] = messages, subscription
        return self.heard[topic]

    def unlisten(self, topic: str) -> None:
        self.node.destroy_subscription(self._subscriptions.pop(topic))
        del self.heard[topic]

    def until(self, condition: Callable[[], Any], what: str = '') -> Any:
        """Play and listen until a condition holds; return its value."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            if self.playing:
                self.play()
            self._executor.spin_once(timeout_sec=0.005)
        raise AssertionError(f'not within {DEADLINE} s: {what or condition}')

    def service(self, kind: type[Any], name: str) -> Any:
        """Make the client of a service, or take the one that is there."""
        if name not in self._services:
            self._services[name] = self.node.create_client(kind, name)
        self.until(self._services[name].service_is_ready, f'service {name}')
        return self._services[name]

    def call(self, kind: type[Any], name: str, **request: Any) -> Any:
        """Call a service, and again if no answer comes: DDS loses it if node and client have not met."""
        service = self.service(kind, name)
        for _ in range(round(DEADLINE / ANSWER)):
            future = service.call_async(kind.Request(**request))
            if self._answered(future):
                return future.result()
        raise AssertionError(f'no answer from {name}')

    def _answered(self, future: Any) -> bool:
        end = time.monotonic() + ANSWER
        self.until(lambda: future.done() or time.monotonic() > end)
        return bool(future.done())

    def start(self) -> None:
        """Switch camera and microphone on."""
        self.playing = True
        self._next_chunk = self._next_frame = self.now()
        self._number = 0

    def play(self) -> None:
        """Send what is due by now: chunks that have ended, frames that were taken."""
        while self._next_chunk + self.CHUNK * SECOND <= self.now():
            self.send_chunk(self._next_chunk)
            self._next_chunk += round(self.CHUNK * SECOND)
        while self._next_frame <= self.now():
            self.send_frame(self._next_frame)
            self._next_frame += round(self.FRAME * SECOND)

    def send_chunk(self, stamp: int) -> None:
        self.audio_publisher.publish(AudioDataStamped(
            header=header(stamp + self.audio_clock_ahead), audio=AudioData(data=self.hum())))

    def hum(self) -> array[int]:
        samples = np.random.default_rng().uniform(-0.5, 0.5, round(self.RATE * self.CHUNK)) * self.loud
        return array('B', (samples * 32767).astype('<i2').tobytes())

    def send_frame(self, stamp: int) -> None:
        self.lamps[stamp] = self.lamp(self._number)
        self._number += 1
        self.send_image(self.image(stamp))

    def image(self, stamp: int) -> Image:
        x, y = self.lamps[stamp]
        pixels = np.zeros((self.HEIGHT, self.WIDTH, 3), np.uint8)
        pixels[y - 30:y + 30, x - 40:x + 40] = 255
        return Image(header=header(stamp), height=self.HEIGHT, width=self.WIDTH, encoding='rgb8',
                     step=3 * self.WIDTH, data=array('B', pixels.tobytes()))

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


def header(stamp: int, frame_id: str = 'camera_optical') -> Header:
    return Header(frame_id=frame_id, stamp=Time(sec=stamp // SECOND, nanosec=stamp % SECOND))


@pytest.fixture(scope='session')
def domain() -> Iterator[int]:
    """A ROS domain of this test run's own, reached over shared memory only from this machine."""
    before = dict(os.environ)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(ROOT / 'config' / 'fastdds.xml')
    yield 1 + os.getpid() % 100
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def _nodes(domain: int, directories: pytest.TempPathFactory) -> Iterator[Callable[..., NodeProcess]]:
    """Start nodes; those that are left running are ended."""
    processes: list[NodeProcess] = []

    def start(*arguments: str, module: str = 'avloc_node', program: Sequence[str] = (),
              **parameters: Any) -> NodeProcess:
        given = [part for name, value in parameters.items()
                 for part in ('-p', f'{name.replace("__", ".")}:={value}')]
        program = program or ('-m', f'ros2_avloc.node.{module}')
        processes.append(NodeProcess(directories.mktemp('node'), domain, program, *arguments, *given))
        return processes[-1]

    yield start
    for process in processes:
        if process.lives:
            process.kill()


@contextmanager
def _clients(domain: int) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(**arguments: Any) -> Client:
        clients.append(Client(domain, **arguments))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def start_node(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., NodeProcess]]:
    with _nodes(domain, tmp_path_factory) as start:
        yield start


@pytest.fixture
def make_client(domain: int) -> Iterator[Callable[..., Client]]:
    with _clients(domain) as make:
        yield make


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope='module')
def node(domain: int, tmp_path_factory: pytest.TempPathFactory, lamp_bundle: Path) -> Iterator[NodeProcess]:
    """One node for all tests of a module."""
    with _nodes(domain, tmp_path_factory) as start:
        yield start(model__bundle=lamp_bundle, model__engine='onnxruntime')


@pytest.fixture(scope='module')
def client(domain: int, node: NodeProcess) -> Iterator[Client]:
    """A client whose lamp that node has seen."""
    with _clients(domain) as make:
        client = make()
        client.start()
        heatmaps = client.listen(Image, '/avloc/heatmap')
        client.until(lambda: heatmaps, 'a heatmap')
        yield client
