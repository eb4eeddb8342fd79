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
    are what would suffer. In bfloat16, so is the end of each tower, from its last 3×3 convolution on, which
    takes a hundredth of the time: each sum there goes into the answer undiminished.

    Raises
    ------
    EngineError
        If the processor does not give this precision, or the library refuses a graph.
    """
    core = openvino.Core()
    towers = _settings(precision)
    head = {**_settings('fp32'), 'INFERENCE_NUM_THREADS': 1}
    models = {graph: _chain(core, path, head if graph == 'head' else towers, head)
              for graph, path in paths.items()}
    device = f'{DEVICE} ({core.get_property(DEVICE, "FULL_DEVICE_NAME").strip()})'
    given = {_precision_of(models[tower][0]) for tower in ('vision', 'sound')}
    if given != {precision}:
        raise EngineError(f'{device} computes in {" and ".join(sorted(given))}, not in {precision}')
    identity = EngineIdentity('openvino', openvino.get_version(), device, precision)
    return Graphs(identity, {name: _graph(chain) for name, chain in models.items()})


def _settings(precision: str) -> dict[str, Any]:
    return {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': _TYPES[precision]}


def _chain(core: openvino.Core, path: Path, settings: dict[str, Any], end: dict[str, Any]
           ) -> list[openvino.CompiledModel]:
    """Compile a graph with `settings`, its end apart if that has other ones."""
    model = core.read_model(path)
    parts = [(model, settings)]
    if settings['INFERENCE_PRECISION_HINT'] != end['INFERENCE_PRECISION_HINT']:
        parts = list(zip(_parted(model), (settings, end), strict=False))
    return [core.compile_model(part, DEVICE, given) for part, given in parts]


def _parted(model: openvino.Model) -> list[openvino.Model]:
    """Cut a tower before the first product behind its last 3×3 convolution; else leave it whole."""
    products = [node for node in model.get_ordered_ops() if node.get_type_name() in ('Convolution', 'MatMul')]
    last = max((place for place, node in enumerate(products) if _is_wide(node)), default=-1)
    if not 0 <= last < len(products) - 1:
        return [model]
    following = products[last + 1]
    cut = following.input_value(0)
    body = openvino.Model([cut], model.get_parameters())
    between = openvino.opset13.parameter(cut.get_partial_shape(), cut.get_element_type())
    following.input(0).replace_source_output(between.output(0))
    return [body, openvino.Model(model.get_results(), [between])]


def _is_wide(node: openvino.Node) -> bool:
    return node.get_type_name() == 'Convolution' and list(node.input(1).get_shape())[2:] != [1, 1]


def _precision_of(model: openvino.CompiledModel) -> str:
    of_library = model.get_property('INFERENCE_PRECISION_HINT')
    return _PRECISIONS.get(of_library, str(of_library))


def _graph(chain: list[openvino.CompiledModel]) -> Graph:
    requests = [model.create_infer_request() for model in chain]

    def run(*inputs: Array) -> Array:
        passed: list[Any] = list(inputs)
        for request in requests:
            request.infer(dict(enumerate(passed)), share_inputs=True)
            passed = [request.get_output_tensor(0).data]
        # The request writes into the same memory at its next run.
        return np.array(passed[0], np.float32)

    return run
