"""The networks that are timed: as torch has them, as bundles, and how much they compute."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import torch

from ros2_avloc.learning.bundling.graphs import export
from ros2_avloc.learning.networks.avol_net import AVOLNet
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.manifest import Calibration

FULL_WIDTH = 64
"""Of the paper."""


def width_of(bundle: Bundle) -> int:
    """Channels of the first convolution."""
    graph = onnx.load(str(bundle.graph('vision'))).graph
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    return next(int(shape[0]) for shape in shapes.values() if list(shape[1:]) == [3, 3, 3])


def random_network(width: int) -> AVOLNet:
    """Make a network whose weights are random: it takes the same time as any other."""
    torch.manual_seed(1)
    network = AVOLNet(width).eval()
    for name, shift in network.named_parameters():
        if name.endswith('bias'):
            torch.nn.init.normal_(shift, std=0.01)  # equal ones would be exported once, and shared
    return network


def random_bundle(width: int, directory: Path) -> Bundle:
    """Write such a network as a bundle."""
    rng = np.random.default_rng(1)
    image = rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    spectrogram = rng.uniform(-2, 1, (257, 200)).astype(np.float32)
    export(
        random_network(width),
        directory,
        name='random',
        image=image,
        spectrogram=spectrogram,
        calibration=Calibration(threshold=0.5, temperature=1.0),
        training={},
        model_card='Random weights.',
    )
    return Bundle.load(directory)


def operations(bundle: Bundle) -> float:
    """Multiplications and additions of all convolutions and products of all graphs, each run once."""
    return float(sum(_operations(bundle.graph(graph)) for graph in bundle.graphs))


def _operations(path: Path) -> int:
    graph = onnx.shape_inference.infer_shapes(onnx.load(str(path))).graph
    shapes = {
        entry.name: [size.dim_value for size in entry.type.tensor_type.shape.dim]
        for entry in (*graph.value_info, *graph.input, *graph.output)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    return sum(2 * math.prod(shapes[node.output[0]]) * _summed(node, shapes) for node in graph.node)


def _summed(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> int:
    """How many products each output of a node is the sum of; 0 for what is no sum of products."""
    if node.op_type == 'Conv':
        return math.prod(shapes[node.input[1]][1:])
    return shapes[node.input[0]][-1] if node.op_type in ('Gemm', 'MatMul') else 0
