"""The node and the player as processes over DDS, and an ear for what the node answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.node.demo import environment, stop
from ros2_avloc.node.outputs import TYPES

ROOT = Path(__file__).parent.parent
DEADLINE = 120.0
"""Seconds for a first answer."""

NAMESPACE = f'/bench_{os.getpid()}'
"""Keeps other nodes out that happen to share the domain."""

_IN_NAMESPACE = ('-r', f'__ns:={NAMESPACE}')
_TICKS = os.sysconf('SC_CLK_TCK')


class Listener:
    """Knows which frames were taken and when each was answered, by their stamps (ns)."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=int(os.environ['ROS_DOMAIN_ID']))
        self._node = rclpy.create_node(
            'bench', namespace=NAMESPACE, context=self._context, enable_rosout=False
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self.taken: list[int] = []
        self.answered: dict[int, int] = {}
        taken = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
        self._node.create_subscription(CameraInfo, 'camera_info', self._take, taken)
        self._node.create_subscription(PoseArray, 'avloc/bearings', self._answer, QoSProfile(depth=100))

    def _take(self, message: Any) -> None:
        self.taken.append(to_nanoseconds(message.header.stamp))

    def _answer(self, message: Any) -> None:
        self.answered[to_nanoseconds(message.header.stamp)] = time.time_ns()

    def listen_to_all(self) -> None:
        """Listen to what else the node publishes too, so that it makes it."""
        for name, kind in TYPES.items():
            self._node.create_subscription(kind, f'avloc/{name}', lambda message: None, QoSProfile(depth=5))

    def listen(self, seconds: float) -> None:
        """Listen for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, 0.05))

    def until_answered(self) -> float:
        """Listen until a frame taken from now on is answered; return the seconds since this was asked.

        Raises
        ------
        TimeoutError
            If none comes within `DEADLINE`.
        """
        asked = time.time_ns()
        while not any(stamp >= asked for stamp in self.answered):
            if time.time_ns() - asked > DEADLINE * 1e9:
                raise TimeoutError(f'the node has given no answer within {DEADLINE:.0f} s')
            self._executor.spin_once(timeout_sec=0.05)
        return (time.time_ns() - asked) / 1e9

    def forget(self) -> None:
        """Begin anew."""
        self.taken.clear()
        self.answered.clear()

    def close(self) -> None:
        """Leave ROS."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen in a domain of this benchmark's own."""
    before = dict(os.environ)
    os.environ.update(environment())
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def node(bundle: Bundle, log: Path, transport: str = 'raw') -> Iterator[int]:
    """Run the node; give its process id.

    Raises
    ------
    TimeoutError
        As what is done meanwhile raises it, with the end of the log.
    """
    parameters = (f'image_transport:={transport}', f'model.bundle:={bundle.path.resolve()}')
    arguments = [argument for parameter in parameters for argument in ('-p', parameter)]
    command = ['-m', 'ros2_avloc.node.avloc_node', '--ros-args', *_IN_NAMESPACE, *arguments]
    try:
        with running(command, log) as pid:
            yield pid
    except TimeoutError as error:
        raise TimeoutError(f'{error}; its log ends: {log.read_text(encoding="utf-8")[-300:]}') from error


@contextmanager
def player(path: Path, rate: float, transport: str = 'raw') -> Iterator[None]:
    """Run a player of prepared frames."""
    command = ['-m', 'benchmark.player', str(path), str(rate), transport, '--ros-args', *_IN_NAMESPACE]
    with running(command):
        yield


@contextmanager
def running(arguments: Sequence[str], log: Path | None = None) -> Iterator[int]:
    """Run Python; what it writes goes into a file where one is given. It ends with this process."""
    output = None if log is None else log.open('ab')
    process = subprocess.Popen([sys.executable, *arguments], stdout=output, stderr=output, cwd=ROOT)
    try:
        yield process.pid
    finally:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave it running
        stop(process)
        signal.signal(signal.SIGINT, before)
        if output is not None:
            output.close()


def cpu_seconds(pid: int) -> float:
    """Return the time that a process has computed, in user and system mode."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int, kind: str = 'VmRSS') -> float:
    """Return the memory of a process, MB: all that is resident, or a kind of it as ``/proc`` names it."""
    lines = Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024 / 1e6
