"""On what the benchmarks ran."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    'numpy',
    'opencv-python-headless',
    'torch',
    'onnxruntime',
    'openvino',
    'tensorrt',
    'soxr',
    'rclpy',
)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def describe() -> dict[str, Any]:
    """Return date, machine and versions."""
    return {
        'date': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
        'machine': f'{_processor()}, {cores()} cores',
        'load': os.getloadavg()[0],
        'system': platform.platform(),
        'python': sys.version.split()[0],
        'libraries': {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _processor() -> str:
    for line in Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ''
