"""Tries TensorRT in another process: where the driver does not suit it, its first use ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from ros2_avloc.errors import EngineError, EngineUnavailableError
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.plans import PlanCache

CODE = '''
import sys
sys.path[:] = sys.argv[1:]
import tensorrt
tensorrt.Runtime(tensorrt.Logger()).deserialize_cuda_engine(b'no plan')
'''
"""What is tried, with this process's path: the first that any use of TensorRT comes to. A sane one logs that
this is no plan."""

TIMEOUT = 120.0
"""Seconds; the first start after a power cycle reads some hundred megabytes."""

PERIOD = 0.2
"""Seconds between two looks whether it is still wanted."""

_FILE = 'trial'
_INTERRUPTED = (-signal.SIGINT, -signal.SIGTERM)


def check_survives(cache: PlanCache, facts: str, options: EngineOptions) -> None:
    """Try TensorRT, unless it went well before under the same facts.

    Parameters
    ----------
    cache
        Remembers the facts under which it went well.
    facts
        Versions of TensorRT and of the driver, and the device.
    options
        Who is told that it is tried, and may cancel it.

    Raises
    ------
    EngineUnavailableError
        If the process ended badly, or not at all.
    EngineError
        If it was cancelled or interrupted, which says nothing of TensorRT.
    """
    if cache.recall(_FILE) == facts:
        return
    options.progress('TensorRT is tried in a process of its own')
    code, errors = _try(options.cancelled)
    if code in _INTERRUPTED:
        raise EngineError('its trial in a process of its own was interrupted')
    if code:
        said = errors.strip().rpartition('\n')[2] or 'it says nothing'
        raise EngineUnavailableError(f'its first use ends a process with {code}: {said} ({facts}); '
                                     'see docs/tensorrt.md')
    cache.remember(_FILE, facts)


def _try(cancelled: Callable[[], bool]) -> tuple[int, str]:
    """Return how the process ended, and what it wrote of errors.

    It has a session of its own: Ctrl-C is for this process, which ends it.
    """
    try:
        process = subprocess.Popen([sys.executable, '-c', CODE, *sys.path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   errors='replace', start_new_session=True)
    except OSError as error:
        raise EngineUnavailableError(f'it cannot be tried in a process of its own ({error})') from error
    with process:
        try:
            errors = _follow(process, cancelled)
        finally:
            process.kill()
    return process.returncode, errors


def _follow(process: subprocess.Popen[str], cancelled: Callable[[], bool]) -> str:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if cancelled():
            raise EngineError('it was cancelled')
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=PERIOD)[1]
    raise EngineUnavailableError(f'its trial in a process of its own has not ended within {TIMEOUT:g} s')
