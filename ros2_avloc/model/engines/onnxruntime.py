"""ONNX Runtime on the CPU: float32, on every processor."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine
from ros2_avloc.model.engines.options import EngineOptions

PROVIDER = 'CPUExecutionProvider'


def load(bundle: Bundle, precision: str, options: EngineOptions) -> GraphEngine:
    """Load the float32 graphs of a bundle.

    Both towers use as many threads as this process has cores. They sleep between two runs: threads that
    spin, which is the library's default, would take the cores from the node's callbacks.

    Raises
    ------
    EngineError
        If another precision than ``'fp32'`` is asked for, or the library refuses a graph.
    """
    if precision != 'fp32':
        raise EngineError(f'it computes in fp32 on a CPU, not in {precision}')
    cores = len(os.sched_getaffinity(0))
    graphs = {
        'vision': _session(bundle.graph('vision'), cores),
        'sound': _session(bundle.graph('sound'), cores),
        'head': _session(bundle.graph('head'), 1),
    }
    device = graphs['vision'].get_providers()[0].removesuffix('ExecutionProvider')
    identity = EngineIdentity('onnxruntime', onnxruntime.__version__, device, 'fp32')
    return GraphEngine(identity, **{name: _graph(session) for name, session in graphs.items()})


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    return onnxruntime.InferenceSession(str(path), options, providers=[PROVIDER])


def _graph(session: onnxruntime.InferenceSession) -> Graph:
    names = [entry.name for entry in session.get_inputs()]

    def run(*inputs: Array) -> Array:
        output = session.run(None, dict(zip(names, inputs, strict=True)))[0]
        return np.asarray(output, np.float32)

    return run
