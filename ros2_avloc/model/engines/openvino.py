"""OpenVINO: float16 on Intel's GPUs; on the CPU bfloat16 where it has that, or float32."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import identify
from ros2_avloc.model.engines.graphs import Array, Graph, GraphEngine, Graphs
from ros2_avloc.model.engines.options import EngineOptions

_TYPES = {'fp32': openvino.Type.f32, 'bf16': openvino.Type.bf16, 'fp16': openvino.Type.f16}
_PRECISIONS = {'f32': 'fp32', 'f16': 'fp16'}  # the other names are the same
_UPPER = np.uint32(0xFFFF0000)
"""The bits of a float32 that bfloat16 has too."""

_PRODUCTS = ('Convolution', 'FullyConnected', 'Gemm', 'MatMul')


def load(bundle: Bundle, precision: str, options: EngineOptions) -> GraphEngine:
    """Load the float32 graphs of a bundle, see `graphs`."""
    return GraphEngine(graphs({graph: bundle.graph(graph) for graph in bundle.graphs}, precision))


def graphs(paths: Mapping[str, Path], precision: str) -> Graphs:
    """Load float32 graphs, by name; the library converts their weights.

    The towers run with the latency hint: one request at a time on all cores of this process, whose threads
    sleep between two runs; in float16 on the GPU, if there is one (see `device_for`). The head is always
    computed in float32, on one thread of the processor: its sums of 128 products are what would suffer.

    In bfloat16 two things more are done in float32, or as exactly: the layers behind the pooling of a whole
    tower, on one thread too, for they take a hundredth of the time and each sum there goes into the answer
    undiminished; and the spectrogram is told by two numbers for each of its own. Frames are exact in eight
    bits. docs/tensorrt.md says what each is worth.

    Raises
    ------
    EngineError
        If the device does not give this precision, or the library refuses a graph.
    """
    core = shared_core()
    device = device_for(precision, core.available_devices)
    if precision.upper() not in core.get_property(device, 'OPTIMIZATION_CAPABILITIES'):
        known = ', '.join(_named(core, name) for name in core.available_devices)
        raise EngineError(f'{device} does not compute in {precision}; it finds {known}')
    read = {graph: core.read_model(path) for graph, path in paths.items()}
    halved = precision == 'bf16' and _hear_in_two(read['sound'])
    parts = {graph: _parts(graph, model, precision) for graph, model in read.items()}
    chains = {graph: [_compiled(core, model, 'CPU' if graph == 'head' else device, settings)
                      for model, settings in chain] for graph, chain in parts.items()}
    models = [model for chain in chains.values() for model in chain]
    used = dict.fromkeys(name for model in models for name in model.get_property('EXECUTION_DEVICES'))
    products = {name for chain in parts.values() for model, _ in chain for name in _names(model)}
    identity = identify('openvino', openvino.get_version(), ' and '.join(_named(core, name) for name in used),
                        precision, Counter(layer for model in models for layer in _layers(model, products)))
    return Graphs(identity, {name: _graph(chain, halved and name == 'sound')
                             for name, chain in chains.items()})


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
    """Give a graph its settings; in bfloat16 it falls into two parts where a pooling ends its tower."""
    exact = {**_settings('fp32'), 'INFERENCE_NUM_THREADS': 1}
    if graph == 'head':
        return [(model, exact)]
    cut = _cut(model.clone()) if precision == 'bf16' else None
    if cut is None:
        return [(model, _settings(precision))]
    tower, after = cut
    return [(tower, _settings('bf16')), (after, exact)]


def _cut(model: openvino.Model) -> tuple[openvino.Model, openvino.Model] | None:
    """Cut a tower of convolutions off what follows its pooling, if that sees the pooled vector alone."""
    end = next((node for node in model.get_ordered_ops() if node.get_type_name() == 'MatMul'), None)
    if end is None:
        return None
    pooled = end.input_value(0)
    shape, users = pooled.get_partial_shape(), pooled.get_target_inputs()
    if shape.is_dynamic or list(pooled.get_shape())[:-1] != [1]:
        return None
    tower = openvino.Model([pooled], model.get_parameters())
    vector = openvino.opset13.parameter(shape, pooled.get_element_type())
    for user in users:
        user.replace_source_output(vector.output(0))
    try:
        after = openvino.Model(model.get_results(), [vector])
    except RuntimeError:  # more than the vector is seen
        return None
    return (tower, after) if _convolves(tower) and not _convolves(after) else None


def _convolves(model: openvino.Model) -> bool:
    return any(node.get_type_name() == 'Convolution' for node in model.get_ordered_ops())


def _hear_in_two(model: openvino.Model) -> bool:
    """Let the convolution that a graph begins with take both channels of `_in_two`, by the kernels of one.

    Returns whether it does; where a graph begins otherwise it is left as it is.
    """
    whole, *_ = model.get_parameters()
    first, *others = whole.output(0).get_target_inputs()
    convolution = first.get_node()
    if others or model.is_dynamic() or convolution.get_type_name() != 'Convolution':
        return False
    batch, _, *size = whole.get_shape()
    halves = openvino.opset13.parameter([batch, 2, *size], whole.get_element_type())
    kernels = convolution.input_value(1)
    first.replace_source_output(halves.output(0))
    convolution.input(1).replace_source_output(openvino.opset13.concat([kernels, kernels], 1).output(0))
    model.replace_parameter(0, halves)
    model.validate_nodes_and_infer_types()
    return True


def _names(model: openvino.Model) -> Iterator[str]:
    """Yield the names of the convolutions and matrix products of a graph."""
    for node in model.get_ordered_ops():
        if node.get_type_name() in _PRODUCTS:
            yield node.get_friendly_name()


def _layers(model: openvino.CompiledModel, products: set[str]) -> Iterator[str]:
    """Yield the precision in which each of the products is computed, as the library has decided it.

    Small products that follow one another it makes one layer of.
    """
    for node in model.get_runtime_model().get_ordered_ops():
        told = node.get_rt_info()
        kind, precision, fused = (told[key].astype(str) for key in
                                  ('layerType', 'runtimePrecision', 'originalLayersNames'))
        count = len(products.intersection(fused.split(','))) if kind == 'Subgraph' else kind in _PRODUCTS
        yield from repeat(_PRECISIONS.get(precision, precision), count)


def _graph(chain: list[openvino.CompiledModel], halved: bool) -> Graph:
    requests = [model.create_infer_request() for model in chain]
    halves = np.empty(tuple(chain[0].inputs[0].shape), np.float32) if halved else None

    def run(*inputs: Array) -> Array:
        passed: list[Any] = list(inputs) if halves is None else [_in_two(inputs[0], halves)]
        for request in requests:
            request.infer(dict(enumerate(passed)), share_inputs=True)
            passed = [request.get_output_tensor(0).data]
        # The request writes into the same memory at its next run.
        return np.array(passed[0], np.float32)

    return run


def _in_two(values: Array, halves: Array) -> Array:
    """Make each number the sum of two channels, of which bfloat16 keeps 15 bits or more in all."""
    upper, lower = halves[:, :1], halves[:, 1:]
    np.bitwise_and(values.view(np.uint32), _UPPER, out=upper.view(np.uint32))
    np.subtract(values, upper, out=lower)
    return halves
