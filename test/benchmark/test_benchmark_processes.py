"""Processes of the benchmarks, and what is read of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark.processes import cpu_seconds, memory, running

QUIET = 'import signal; signal.pause()'


def alive(pid: int) -> bool:
    return Path(f'/proc/{pid}').exists()


@pytest.mark.parametrize('error', [KeyboardInterrupt, TimeoutError, SystemExit])
def test_no_process_outlives_what_began_it(error: type[BaseException]) -> None:
    with pytest.raises(error), running(['-c', QUIET]) as pid:
        assert alive(pid)
        raise error
    assert not alive(pid)


def test_ctrl_c_works_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with running(['-c', QUIET]):
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_process_writes_is_in_its_log(tmp_path: Path) -> None:
    with running(['-c', 'print("a word")'], tmp_path / 'log') as pid:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert (tmp_path / 'log').read_text() == 'a word\n'


def test_memory_grows_by_what_is_held() -> None:
    before = memory(os.getpid())
    held = np.ones(50_000_000, np.uint8)
    assert memory(os.getpid()) - before == pytest.approx(held.nbytes / 1e6, abs=5)


def test_cpu_time_is_that_of_the_process() -> None:
    before = time.process_time()
    seen = cpu_seconds(os.getpid())
    assert before - 0.05 <= seen <= time.process_time() + 0.05
