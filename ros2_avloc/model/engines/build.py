"""Builds TensorRT plans: strongly typed networks, as the ONNX files say, without precision flags."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import tensorrt as trt

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.plans import PlanCache, PlanKey

PERIOD = 1.0
"""Seconds between two words about the progress of a build."""

_PRECISIONS = {trt.DataType.FLOAT: 'fp32', trt.DataType.HALF: 'fp16'}


class Log(trt.ILogger):  # type: ignore[misc]
    """Keeps the last errors and the warnings that TensorRT logs; it returns none of them itself."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self._errors: deque[str] = deque(maxlen=3)
        self._warnings: deque[str] = deque(maxlen=20)

    def log(self, severity: Any, msg: str) -> None:
        """Take a message; TensorRT calls this from threads of its own."""
        if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
            self._errors.append(' '.join(msg.split()))
        elif severity == trt.ILogger.Severity.WARNING:
            self._warnings.append(' '.join(msg.split()))

    def warnings(self) -> list[str]:
        """Return the last warnings, each once, and forget them."""
        warnings, self._warnings = self._warnings, deque(maxlen=20)
        return list(dict.fromkeys(warnings))

    def quote(self) -> str:
        """Return the last errors and forget them."""
        errors, self._errors = self._errors, deque(maxlen=3)
        return '; '.join(errors) or 'it gives no reason'


LOG = Log()
"""TensorRT keeps the logger of its first object for good."""


class Progress(trt.IProgressMonitor):  # type: ignore[misc]
    """Follows a build that runs in another thread, and can cancel it.

    Parameters
    ----------
    what
        Is built.
    """

    def __init__(self, what: str) -> None:
        trt.IProgressMonitor.__init__(self)
        self._what = what
        self._lock = threading.Lock()
        self._phases: dict[str, tuple[int, int]] = {}  # steps and steps done of what goes on, outermost first
        self._cancelled = False

    def phase_start(self, phase_name: str, parent_phase: str, num_steps: int) -> None:
        """Begin a phase."""
        with self._lock:
            self._phases[phase_name] = (max(num_steps, 1), 0)

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Finish a step, counted from 0; say whether to go on."""
        with self._lock:
            steps, _ = self._phases.get(phase_name, (1, 0))
            self._phases[phase_name] = (steps, step + 1)
            return not self._cancelled

    def phase_finish(self, phase_name: str) -> None:
        """End a phase."""
        with self._lock:
            self._phases.pop(phase_name, None)

    def cancel(self) -> None:
        """Let the build end at its next step."""
        self._cancelled = True

    def sentence(self) -> str:
        """Say what goes on."""
        with self._lock:
            phases = [f'{name} {done} of {steps}' for name, (steps, done) in self._phases.items()]
        return f'TensorRT builds {self._what}' + (f': {", ".join(phases)}' if phases else '')


def build(graph: Path, key: PlanKey, cache: PlanCache, options: EngineOptions) -> bytes:
    """Build a plan for this GPU, for as long as it takes: seconds to minutes.

    Parameters
    ----------
    graph
        ONNX file with the precision of every tensor; its weights may lie in a file beside it.
    key
        Of the plan.
    cache
        Gives and takes the timings of kernels, which make the next build shorter.
    options
        Level, workspace, and who is told.

    Raises
    ------
    EngineError
        If TensorRT refuses the graph, would compute it in another precision, or cannot build it, or the build
        was cancelled.
    """
    progress = Progress(f'the {key.graph} graph in {key.precision}')
    with ThreadPoolExecutor(1, 'avloc build') as pool:
        future = pool.submit(_build, graph, key, cache, options, progress)
        try:
            _follow(future, progress, options)
        except BaseException:
            progress.cancel()
            raise
    return future.result()


def _follow(future: Future[bytes], progress: Progress, options: EngineOptions) -> None:
    """Wait for a build in the thread that wants it: it takes signals, and may publish."""
    while not wait([future], PERIOD).done:
        options.progress(progress.sentence())
        if options.cancelled():
            progress.cancel()


def _build(graph: Path, key: PlanKey, cache: PlanCache, options: EngineOptions, progress: Progress) -> bytes:
    builder = trt.Builder(LOG)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(graph, network)
    computes = _computes(network)
    if computes != key.precision:
        raise EngineError(f'{graph} makes a network that computes in {computes}, not in {key.precision}')
    config = builder.create_builder_config()
    _configure(config, options, progress)
    _take_timings(config, cache.load_timings(key))
    serialized = builder.build_serialized_network(network, config)
    if serialized is None:
        why = 'it was cancelled' if options.cancelled() else LOG.quote()
        raise EngineError(f'it cannot build the {key.graph} graph ({why})')
    taken = config.get_timing_cache()
    if taken is not None:  # there is none where TensorRT has accepted none
        cache.store_timings(key, _bytes(taken.serialize()))
    return _bytes(serialized)


def _parse(graph: Path, network: Any) -> None:
    parser = trt.OnnxParser(network, LOG)
    if not parser.parse_from_file(str(graph)):
        errors = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise EngineError(f'its parser refuses {graph} ({"; ".join(errors) or LOG.quote()})')


def _configure(config: Any, options: EngineOptions, progress: Progress) -> None:
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace)
    config.builder_optimization_level = options.level
    config.clear_flag(trt.BuilderFlag.TF32)  # what is called float32 has its 24 bits
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # the plan can tell its precisions
    config.progress_monitor = progress


def _take_timings(config: Any, stored: bytes | None) -> None:
    """Use stored timings; those that TensorRT does not accept are measured anew."""
    for content in (stored, b''):
        # memory of its own, as 10.3 counts references to it without the interpreter's lock
        timings = config.create_timing_cache(bytearray(content or b''))
        if timings is not None and config.set_timing_cache(timings, ignore_mismatch=False):
            return


def _computes(network: Any) -> str:
    """Precision of what takes the time, as the library has inferred it."""
    heavy = (trt.LayerType.CONVOLUTION, trt.LayerType.MATRIX_MULTIPLY)
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    types = {layer.get_output(0).dtype for layer in layers if layer.type in heavy}
    return ' and '.join(sorted(_PRECISIONS.get(of_library, str(of_library)) for of_library in types))


def _bytes(memory: Any) -> bytes:
    return bytes(memoryview(memory))
