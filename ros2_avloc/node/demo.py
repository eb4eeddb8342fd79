"""The demo: simulator, node and checker as three processes over DDS.

``make demo`` runs this module; on a machine with ROS 2, ``python3 -m ros2_avloc.node.demo`` does the same.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ros2_avloc.share import share_path

REMAPS = ('image:=camera/image_raw', 'camera_info:=camera/camera_info')
STOP_TIMEOUT = 10.0
"""Seconds that a process has to end after SIGINT."""


def environment() -> dict[str, str]:
    """Keep the processes on this machine, in a domain of their own, with the shipped profile."""
    given = dict(os.environ)
    given.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    given.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):  # Fast DDS 2 and 3
        given.setdefault(name, str(share_path('config', 'fastdds.xml')))
    return given


def start(module: str, *arguments: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a module of this package as a process."""
    return subprocess.Popen([sys.executable, '-m', f'ros2_avloc.node.{module}', *arguments], env=env)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process with SIGINT, and by force if it does not follow."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Run the demo and exit with the checker's status."""
    parser = argparse.ArgumentParser(description='Run simulator, node and checker.')
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--seed', type=int, default=1, help='of the scene')
    parser.add_argument('--width', type=int, default=640)
    parser.add_argument('--height', type=int, default=480)
    parser.add_argument('--rate', type=float, default=15.0, help='frames per second')
    parser.add_argument('--output', type=Path, default=Path('demo'))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    env = environment()
    scene = [
        argument
        for name in ('seed', 'width', 'height', 'rate')
        for argument in ('-p', f'{name}:={getattr(arguments, name)}')
    ]
    remaps = [argument for remap in REMAPS for argument in ('-r', remap)]
    running: list[subprocess.Popen[bytes]] = []
    try:
        running.append(start('avloc_node', '--ros-args', *remaps, env=env))
        running.append(start('simulator', '--ros-args', *scene, env=env))
        checker = start(
            'checker', '--seconds', str(arguments.seconds), '--output', str(arguments.output), env=env
        )
        running.append(checker)
        status = checker.wait()
    except KeyboardInterrupt:
        status = 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
        for process in reversed(running):
            stop(process)
    sys.exit(status)


if __name__ == '__main__':
    main()
