"""OpenVINO: float16 on Intel's GPUs; on the CPU bfloat16 where it has that, all or in part, or float32."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import EngineIdentity, identify
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine, Graphs
from ros2_avloc.model.engines.options import EngineOptions

_TYPES = {'fp32': openvino.Type.f32, 'bf16': openvino.Type.bf16, 'fp16': openvino.Type.f16}
_PRECISIONS = {'f32': 'fp32', 'f16': 'fp16'}  # the other names are the same
_PRODUCTS = ('Convolution', 'FullyConnected', 'Gemm', 'MatMul')

_LOWEST = {'mixed': 'bf16'}
"""What a precision that is several ones has as its lowest."""


def load(bundle: Bundle, precision: str, options: EngineOptions) -> GraphEngine:
    """Load the float32 graphs of a bundle, see `graphs`."""
    return GraphEngine(graphs({graph: bundle.graph(graph) for graph in bundle.graphs}, precision))


def graphs(paths: Mapping[str, Path], precision: str) -> Graphs:
    """Load float32 graphs, by name; the library converts their weights.

    The towers run with the latency hint: one request at a time on all cores of this process, whose threads
    sleep between two runs; in float16 on the GPU, if there is one (see `device_for`). The head is always
    computed in float32, on one thread of the processor: its sums of 128 products are what would suffer.

    Of mixed precision only the sound tower is bfloat16, and not its end from the last 3×3 convolution on,
    which takes a hundredth of the time: each sum there goes into the answer undiminished. The vision tower
    in bfloat16 moves a probability by more than 0.01 in one scene of twenty. docs/tensorrt.md has the
    figures.

    Raises
    ------
    EngineError
        If the device does not give this precision, or the library refuses a graph.
    """
    core = shared_core()
    device = device_for(precision, core.available_devices)
    lowest = _LOWEST.get(precision, precision)
    if lowest.upper() not in core.get_property(device, 'OPTIMIZATION_CAPABILITIES'):
        known = ', '.join(_named(core, name) for name in core.available_devices)
        raise EngineError(f'{device} does not compute in {lowest}; it finds {known}')
    chains = {graph: [_compiled(core, part, 'CPU' if graph == 'head' else device, settings)
                      for part, settings in _parts(graph, core.read_model(path), precision)]
              for graph, path in paths.items()}
    used = dict.fromkeys(name for chain in chains.values() for model in chain
                         for name in model.get_property('EXECUTION_DEVICES'))
    layers = {graph: Counter(layer for model in chain for layer in _layers(model))
              for graph, chain in chains.items()}
    identity = identify('openvino', openvino.get_version(), ' and '.join(_named(core, name) for name in used),
                        lowest, sum(layers.values(), Counter()))
    if precision == 'mixed':
        identity = _mixed(identity, layers)
    return Graphs(identity, {name: _graph(chain) for name, chain in chains.items()})


@cache
def shared_core() -> openvino.Core:
    """Return this process' only core, which is kept until its end.

    OpenVINO's CPU plugin gives the thread that loads it a stack for signals, and unmaps that with the plugin.
    If another thread lets go of it last, the first one's next signal, as Ctrl-C, ends the process at once.
    """
    return openvino.Core()


def device_for(precision: str, listed: Iterable[str]) -> str:
    """Choose where the towers run.

    In float16 on the first GPU, which is the integrated one where there are several: it computes that at
    twice the rate of float32, and leaves the cores to others. All else is the processor's.

    Parameters
    ----------
    precision
        That is asked for.
    listed
        Devices that OpenVINO finds, as ``'CPU'``, ``'GPU'`` or ``'GPU.1'``.

    Raises
    ------
    EngineError
        If float16 is asked for without a GPU. Processors that have it (AVX-512 FP16) were 1.6 times slower in
        it than in float32, and have bfloat16 too.
    """
    if precision != 'fp16':
        return 'CPU'
    if not any(name.startswith('GPU') for name in listed):
        raise EngineError('it computes in fp16 on a GPU of Intel alone, and finds none')
    return 'GPU'


def _named(core: openvino.Core, device: str) -> str:
    return f'{device} ({core.get_property(device, "FULL_DEVICE_NAME").strip()})'


def _settings(precision: str) -> dict[str, Any]:
    return {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': _TYPES[precision]}


def _compiled(core: openvino.Core, model: openvino.Model, device: str,
              settings: dict[str, Any]) -> openvino.CompiledModel:
    """Compile; on the processor with threads that may move: a pinned one waits for what runs on its core."""
    free = {'ENABLE_CPU_PINNING': False} if device == 'CPU' else {}
    return core.compile_model(model, device, {**settings, **free})


def _parts(graph: str, model: openvino.Model, precision: str) -> list[tuple[openvino.Model, dict[str, Any]]]:
    """Give a graph its settings; the sound tower of mixed precision falls into two parts."""
    exact = _settings('fp32')
    if graph == 'head':
        return [(model, {**exact, 'INFERENCE_NUM_THREADS': 1})]
    if precision != 'mixed':
        return [(model, _settings(precision))]
    if graph == 'vision':
        return [(model, exact)]
    products = [node for node in model.get_ordered_ops() if node.get_type_name() in ('Convolution', 'MatMul')]
    last = max((place for place, node in enumerate(products) if _is_wide(node)), default=-1)
    if not 0 <= last < len(products) - 1:
        return [(model, _settings('bf16'))]
    following = products[last + 1]
    cut = following.input_value(0)
    body = openvino.Model([cut], model.get_parameters())
    between = openvino.opset13.parameter(cut.get_partial_shape(), cut.get_element_type())
    following.input(0).replace_source_output(between.output(0))
    return [(body, _settings('bf16')), (openvino.Model(model.get_results(), [between]), exact)]


def _is_wide(node: openvino.Node) -> bool:
    return node.get_type_name() == 'Convolution' and list(node.input(1).get_shape())[2:] != [1, 1]


def _mixed(identity: EngineIdentity, layers: Mapping[str, Counter[str]]) -> EngineIdentity:
    """Say of an engine with bfloat16 in it that it is mixed, if the library made the towers as asked."""
    made = {graph: ' and '.join(sorted(layers[graph])) for graph in ('vision', 'sound')}
    if made['vision'] != 'fp32' or 'bf16' not in made['sound']:
        raise EngineError(f'{identity.device} computes vision in {made["vision"]} and sound in '
                          f'{made["sound"]}, which is not what mixed is')
    return replace(identity, precision='mixed')


def _layers(model: openvino.CompiledModel) -> Iterator[str]:
    """Yield the precision in which each product is computed, as the library has decided it."""
    for node in model.get_runtime_model().get_ordered_ops():
        told = node.get_rt_info()
        if told['layerType'].astype(str) in _PRODUCTS:
            precision = told['runtimePrecision'].astype(str)
            yield _PRECISIONS.get(precision, precision)


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
