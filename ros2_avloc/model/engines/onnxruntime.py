"""ONNX Runtime on the CPU: float32, on every processor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine, Graphs
from ros2_avloc.model.engines.options import EngineOptions

PROVIDER = 'CPUExecutionProvider'


def load(bundle: Bundle, precision: str, options: EngineOptions) -> GraphEngine:
    """Load the float32 graphs of a bundle, see `graphs`."""
    return GraphEngine(graphs({graph: bundle.graph(graph) for graph in bundle.graphs}, precision))


def graphs(paths: Mapping[str, Path], precision: str) -> Graphs:
    """Load float32 graphs, by name.

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
    sessions = {graph: _session(path, 1 if graph == 'head' else cores) for graph, path in paths.items()}
    device = sessions['vision'].get_providers()[0].removesuffix('ExecutionProvider')
    identity = EngineIdentity('onnxruntime', onnxruntime.__version__, device, 'fp32')
    return Graphs(identity, {name: _graph(session) for name, session in sessions.items()})


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
