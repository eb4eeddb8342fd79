"""What the processor is called, for the engines whose library does not say it."""

from __future__ import annotations

import platform
from pathlib import Path

_FILE = Path('/proc/cpuinfo')


def processor_name() -> str:
    """Return the model name that Linux tells, or the architecture where it tells none, as on many Arm."""
    lines = _FILE.read_text(encoding='utf-8').splitlines() if _FILE.is_file() else []
    names = (value.strip() for line in lines for key, _, value in [line.partition(':')]
             if key.strip() == 'model name')
    return next(names, platform.machine())
