"""OpenVINO on the CPU: bfloat16 where the processor has it, else float32."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine, Graphs
from ros2_avloc.model.engines.options import EngineOptions

DEVICE = 'CPU'
_TYPES = {'fp32': openvino.Type.f32, 'bf16': openvino.Type.bf16, 'fp16': openvino.Type.f16}
_PRECISIONS = {of_library: precision for precision, of_library in _TYPES.items()}


def load(bundle: Bundle, precision: str, options: EngineOptions) -> GraphEngine:
    """Load the float32 graphs of a bundle, see `graphs`."""
    return GraphEngine(graphs({graph: bundle.graph(graph) for graph in bundle.graphs}, precision))


def graphs(paths: Mapping[str, Path], precision: str) -> Graphs:
    """Load float32 graphs, by name; the library converts their weights.

    The towers run with the latency hint: one request at a time on all cores of this process, whose threads
    sleep between two runs. The head is always computed in float32, on one thread: its sums of 128 products
    are what would suffer.

    Raises
    ------
    EngineError
        If the processor does not give this precision, or the library refuses a graph.
    """
    core = openvino.Core()
    towers = _settings(precision)
    head = {**_settings('fp32'), 'INFERENCE_NUM_THREADS': 1}
    models = {graph: _compiled(core, path, head if graph == 'head' else towers)
              for graph, path in paths.items()}
    device = f'{DEVICE} ({core.get_property(DEVICE, "FULL_DEVICE_NAME").strip()})'
    given = {_precision_of(models[tower]) for tower in ('vision', 'sound')}
    if given != {precision}:
        raise EngineError(f'{device} computes in {" and ".join(sorted(given))}, not in {precision}')
    identity = EngineIdentity('openvino', openvino.get_version(), device, precision)
    return Graphs(identity, {name: _graph(model) for name, model in models.items()})


def _settings(precision: str) -> dict[str, Any]:
    return {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': _TYPES[precision]}


def _compiled(core: openvino.Core, path: Path, settings: dict[str, Any]) -> openvino.CompiledModel:
    return core.compile_model(core.read_model(path), DEVICE, settings)


def _precision_of(model: openvino.CompiledModel) -> str:
    of_library = model.get_property('INFERENCE_PRECISION_HINT')
    return _PRECISIONS.get(of_library, str(of_library))


def _graph(model: openvino.CompiledModel) -> Graph:
    request = model.create_infer_request()

    def run(*inputs: Array) -> Array:
        request.infer(dict(enumerate(inputs)), share_inputs=True)
        # The request writes into the same memory at its next run.
        return np.array(request.get_output_tensor(0).data, np.float32)

    return run
