"""Engines let go of Python's interpreter while they compute, so that the node's callbacks run meanwhile."""

from __future__ import annotations

import ctypes
import gc
import itertools
import sys
import threading
import time
from pathlib import Path

import pytest

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.share import share_path

SHIPPED = Path(__file__).parents[2] / 'models' / 'avolnet'
PAUSE = 2e-4
TRIES = 200
"""So many calls may be unlucky, as on a busy machine, where the other thread is not let on a core."""


@pytest.fixture
def ticks():
    """Times at which a second thread had the interpreter; it never forces another to let go of it."""
    times, over = [], threading.Event()

    def tick():
        while not over.wait(PAUSE):
            times.append(time.perf_counter())

    # What other tests left behind may let go of the interpreter when it is collected, in the midst of a call.
    gc.collect()
    gc.disable()
    before = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    thread = threading.Thread(target=tick)
    thread.start()
    yield times
    over.set()
    thread.join()
    sys.setswitchinterval(before)
    gc.enable()


def lets_go(call, ticks):
    """Say whether in some call the other thread never had to wait for half of it."""
    return any(_longest_wait(call, ticks) < 0.5 for _ in range(TRIES))


def _longest_wait(call, ticks):
    """Return the longest time between two ticks, as a part of what the call took."""
    ticks.clear()
    began = time.perf_counter()
    call()
    ended = time.perf_counter()
    times = [began, *ticks, ended]
    return max(after - before for before, after in itertools.pairwise(times)) / (ended - began)


def test_who_holds_the_interpreter_is_found_out(ticks):
    held, let_go = ctypes.PyDLL(None).usleep, ctypes.CDLL(None).usleep
    assert not lets_go(lambda: held(2000), ticks)
    assert lets_go(lambda: let_go(2000), ticks)


@pytest.mark.parametrize('name', ['openvino', 'onnxruntime', 'torch'])
def test_another_thread_goes_on_while_an_engine_computes(name, ticks):
    pytest.importorskip(name)
    if not SHIPPED.exists():
        pytest.skip('this checkout ships no models/avolnet')
    bundle = Bundle.load(share_path('models', 'avolnet'))
    engine, _ = open_engine(bundle, name=name, precision='fp32', strict=True)
    sound = engine.embed_sound(bundle.golden.spectrogram)
    assert lets_go(lambda: engine.embed_sound(bundle.golden.spectrogram), ticks)
    assert lets_go(lambda: engine.localize(bundle.golden.image, sound), ticks)
    engine.close()
