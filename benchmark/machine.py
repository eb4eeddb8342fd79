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


def sentence(report: dict[str, Any]) -> str:
    """Say when, on what and of which model a report was measured."""
    versions = ', '.join(f'{name} {version}' for name, version in report['libraries'].items())
    return (
        f'Measured {report["date"][:16].replace("T", " ")} on {report["machine"]}; load at the start '
        f'{report["load"]:.1f}; Python {report["python"]}, {versions}; model {report["bundle"][:20]}.'
    )


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
