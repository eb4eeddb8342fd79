"""ONNX Runtime on the CPU: float32, on every processor."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import identify
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine, Graphs
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.processor import processor_name

PROVIDER = 'CPUExecutionProvider'
_PRODUCTS = ('Conv', 'Gemm', 'MatMul')
"""How the names of operators end that are counted; fused ones have more in front."""
_PRECISIONS = {'float': 'fp32', 'float16': 'fp16', 'bfloat16': 'bf16'}


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
    sessions: dict[str, onnxruntime.InferenceSession] = {}
    layers: Counter[str] = Counter()
    with TemporaryDirectory() as directory:
        for graph, path in paths.items():
            sessions[graph] = _session(path, 1 if graph == 'head' else cores, Path(directory))
            layers.update(_layers(sessions[graph]))
    provider = sessions['vision'].get_providers()[0].removesuffix('ExecutionProvider')
    identity = identify('onnxruntime', onnxruntime.__version__, f'{provider} ({processor_name()})',
                        precision, layers)
    return Graphs(identity, {name: _graph(session) for name, session in sessions.items()})


def _session(path: Path, threads: int, profiles: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.enable_profiling = True
    options.profile_file_prefix = str(profiles / path.stem)
    return onnxruntime.InferenceSession(str(path), options, providers=[PROVIDER])


def _layers(session: onnxruntime.InferenceSession) -> Iterator[str]:
    """Run a graph once, end its profile, and yield from it in which precision each product was computed."""
    session.run(None, {entry.name: np.zeros(entry.shape, np.float32) for entry in session.get_inputs()})
    events = json.loads(Path(session.end_profiling()).read_text(encoding='utf-8'))
    for node in (event['args'] for event in events if event['name'].endswith('_kernel_time')):
        if node['op_name'].endswith(_PRODUCTS):
            yield from (_PRECISIONS.get(kind, kind) for kind in node['output_type_shape'][0])


def _graph(session: onnxruntime.InferenceSession) -> Graph:
    names = [entry.name for entry in session.get_inputs()]

    def run(*inputs: Array) -> Array:
        output = session.run(None, dict(zip(names, inputs, strict=True)))[0]
        return np.asarray(output, np.float32)

    return run
