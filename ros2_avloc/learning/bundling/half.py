"""Weights stored once, in half precision, and the float32 and float16 graphs that share them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ros2_avloc.errors import InputError
from ros2_avloc.model.bundle import WEIGHTS_NAME

ALIGNMENT = 4096
"""Offsets of tensors are multiples of a memory page, so that libraries can map them; ONNX asks for it."""

KEPT_FLOAT = {'LpNormalization'}
"""Last operators that stay float32 in the float16 graph."""


class _Weights:
    """The file of weights while it grows."""

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, name: str, values: NDArray[np.float16]) -> TensorProto:
        """Append a tensor; return an initialiser that refers to it."""
        self.content.extend(bytes(-len(self.content) % ALIGNMENT))
        content = values.astype('<f2').tobytes()
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=values.shape,
                             data_location=TensorProto.EXTERNAL)
        place = {'location': WEIGHTS_NAME, 'offset': len(self.content), 'length': len(content)}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.content.extend(content)
        return tensor


def share_weights(bodies: Mapping[str, onnx.ModelProto]) -> dict[str, bytes]:
    """Return two graphs for each body, and the file of weights that all of them refer to.

    Kernels and matrices move to the file, rounded to half precision; the few numbers of biases stay in the
    graphs (TensorRT wants a convolution's bias there). The float32 graph casts the weights, which every
    library does once, when it loads the graph. The float16 graph casts its input and its output.

    Parameters
    ----------
    bodies
        Float32 graphs of one input and one output, by name, e.g. ``'vision'``; their weights are
        initialisers.

    Returns
    -------
    dict[str, bytes]
        ``NAME_fp32.onnx`` and ``NAME_fp16.onnx`` of each, and ``weights.bin``.

    Raises
    ------
    InputError
        If a weight is too large for half precision, or a graph has float32 constants in other places.
    """
    weights, parts = _Weights(), {}
    for name, body in bodies.items():
        floats = {entry.name: numpy_helper.to_array(entry) for entry in body.graph.initializer
                  if entry.data_type == TensorProto.FLOAT}
        halves = {entry: _half(values) for entry, values in floats.items()}
        stored = {entry: weights.add(entry, values) for entry, values in halves.items() if values.ndim > 1}
        inline = {entry: numpy_helper.from_array(values, entry) for entry, values in halves.items()}
        parts[f'{name}_fp32.onnx'] = _with_cast_weights(body, stored)
        parts[f'{name}_fp16.onnx'] = _in_half(body, inline | stored)
    return {**parts, WEIGHTS_NAME: bytes(weights.content)}


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over='ignore'):
        half = values.astype(np.float16)
    if not np.isfinite(half).all():
        raise InputError('A weight does not fit half precision (65504 at most); train with weight decay.')
    return half


def _with_cast_weights(body: onnx.ModelProto, stored: Mapping[str, TensorProto]) -> bytes:
    """Return the float32 graph: what is stored is cast, all else stays."""
    initializers = [entry for entry in body.graph.initializer if entry.name not in stored]
    casts = []
    for name, tensor in stored.items():
        half = TensorProto()
        half.CopyFrom(tensor)
        half.name = f'{name}.half'
        initializers.append(half)
        casts.append(_cast(half.name, name, TensorProto.FLOAT))
    return _replaced(body, [*casts, *body.graph.node], initializers)


def _in_half(body: onnx.ModelProto, initializers: Mapping[str, TensorProto]) -> bytes:
    """Return the float16 graph, whose input and output are float32."""
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in body.graph.node]
    source, result = body.graph.input[0].name, body.graph.output[0].name
    tail = [nodes.pop()] if nodes[-1].op_type in KEPT_FLOAT else []
    last = tail[0].input[0] if tail else result
    for node in nodes:
        node.input[:] = [f'{name}.half' if name == source else name for name in node.input]
        node.output[:] = [f'{name}.half' if name == last else name for name in node.output]
    first, back = _cast(source, f'{source}.half', TensorProto.FLOAT16), _cast(f'{last}.half', last,
                                                                               TensorProto.FLOAT)
    others = [entry for entry in body.graph.initializer if entry.name not in initializers]
    return _replaced(body, [first, *nodes, back, *tail], [*others, *initializers.values()])


def _cast(source: str, result: str, to: int) -> onnx.NodeProto:
    return helper.make_node('Cast', [source], [result], name=f'cast.{result}', to=to)


def _replaced(body: onnx.ModelProto, nodes: Iterable[onnx.NodeProto],
              initializers: Iterable[TensorProto]) -> bytes:
    graph = helper.make_graph(list(nodes), body.graph.name, body.graph.input, body.graph.output,
                              list(initializers))
    model = helper.make_model(graph, opset_imports=body.opset_import, ir_version=body.ir_version)
    try:
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        raise InputError(f'The graph {body.graph.name} cannot compute in half precision ({error}); store all '
                         'its constants as initialisers.') from None
    return bytes(model.SerializeToString(deterministic=True))
