"""The node and the player as processes over DDS, and an ear for what the node answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.node.demo import environment, stop

DEADLINE = 60.0
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
                raise TimeoutError(f'the node has given no answer within {DEADLINE:.0f} s; its log says why')
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
def node(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node; its log goes into a file."""
    with (directory / 'node.log').open('ab') as log:
        process = subprocess.Popen(
            [sys.executable, '-m', 'ros2_avloc.node.avloc_node', '--ros-args', *_IN_NAMESPACE, *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            stop(process)


@contextmanager
def player(path: Path, rate: float, transport: str) -> Iterator[None]:
    """Run a player of prepared frames."""
    script = str(Path(__file__).with_name('player.py'))
    process = subprocess.Popen(
        [sys.executable, script, str(path), str(rate), transport, '--ros-args', *_IN_NAMESPACE]
    )
    try:
        yield
    finally:
        stop(process)


def cpu_seconds(pid: int) -> float:
    """Return the time that a process has computed, in user and system mode."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    lines = Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmRSS')) / 1e3
