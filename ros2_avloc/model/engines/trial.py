"""Tries TensorRT in another process: where the driver does not suit it, its first use ends the process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from ros2_avloc.errors import EngineUnavailableError
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

_FILE = 'trial'


def check_survives(cache: PlanCache, facts: str, progress: Callable[[str], None]) -> None:
    """Try TensorRT, unless it went well before under the same facts.

    Parameters
    ----------
    cache
        Remembers the facts under which it went well.
    facts
        Versions of TensorRT and of the driver, and the device.
    progress
        Told that it is tried.

    Raises
    ------
    EngineUnavailableError
        If the process ended badly, or not at all.
    """
    if cache.recall(_FILE) == facts:
        return
    progress('TensorRT is tried in a process of its own')
    try:
        tried = subprocess.run([sys.executable, '-c', CODE, *sys.path], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, errors='replace', timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailableError(f'it cannot be tried in a process of its own ({error})') from error
    if tried.returncode:
        said = tried.stderr.strip().rpartition('\n')[2] or 'it says nothing'
        raise EngineUnavailableError(f'its first use ends a process with {tried.returncode}: {said} '
                                     f'({facts}); see docs/tensorrt.md')
    cache.remember(_FILE, facts)
