"""Beginning with a bundle: its layers hold BatchNorm folded in, and get one again.

An unfolded BatchNorm has the statistics of what its layer makes of some items, and gives back just that, so
that the network computes what the bundle does, and nearly that with the statistics of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.streams import Item
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import Network, describe_maps, describe_sounds
from ros2_avloc.learning.training.loop import scaled
from ros2_avloc.model.bundle import Bundle

Pair = tuple[nn.Conv2d | nn.Linear, nn.Module]
"""A layer, and the BatchNorm behind it, or nothing in its place."""

Norm = nn.BatchNorm1d | nn.BatchNorm2d


@torch.no_grad()
def begin_with_bundle(network: Network, directory: Path, items: Callable[[], Item]) -> None:
    """Load the weights of a bundle of AVOL-Net; of another kind of network, its towers alone.

    Parameters
    ----------
    items
        Returns a batch of what will be learned from: ``image`` and ``spectrogram``.

    Raises
    ------
    InputError
        If what it holds does not fit.
    BundleError
        If it is no bundle of AVOL-Net, or damaged.
    """
    norms = _filled(network, Bundle.load(directory))
    _unfold(network, norms, items())


@torch.no_grad()
def network_of(directory: Path) -> AVOLNet:
    """Return the network of a bundle of AVOL-Net, whatever its width, to be asked: its BatchNorms do nothing.

    Raises
    ------
    BundleError
        If it is no bundle of AVOL-Net, or damaged.
    """
    bundle = Bundle.load(directory)
    weights = [weight for weight, _ in _folded(bundle.graph('vision'))]
    network = AVOLNet(len(weights[0]), len(weights[-1]))
    for norm, bias in _filled(network, bundle).items():
        norm.weight.fill_(math.sqrt(1 + norm.eps))
        norm.bias.copy_(bias)
    return network.eval()


def _filled(network: Network, bundle: Bundle) -> dict[Norm, Tensor]:
    """Load the weights of a bundle; return the BatchNorms, each with the bias that it has to make."""
    norms: dict[Norm, Tensor] = {}
    for graph in ('vision', 'sound'):
        found = list(_folded(bundle.graph(graph)))
        for (layer, norm), (weight, bias) in zip(_pairs(network, graph), found, strict=False):
            if weight.numel() != layer.weight.numel():
                raise InputError(f'{bundle.path} holds another network than --network, --width and '
                                 f'--embedding ask for: a layer of {tuple(weight.shape)} there, '
                                 f'{tuple(layer.weight.shape)} here.')
            layer.weight.copy_(weight.reshape(layer.weight.shape))
            if isinstance(norm, nn.Identity):
                _bias(layer).copy_(bias)
            else:
                assert isinstance(norm, Norm)
                norms[norm] = bias
                if layer.bias is not None:
                    layer.bias.zero_()
    if isinstance(network, AVOLNet):
        scale, offset = _head(bundle.graph('head'))
        network.heads.log_scale.copy_(scale.log())
        network.heads.bias.copy_(offset)
    return norms


def _pairs(network: Network, graph: str) -> Iterator[Pair]:
    """Yield layers in the order in which a graph holds them."""
    for layer, norm in pairwise(getattr(network, graph)):
        if isinstance(layer, nn.Conv2d):
            yield layer, norm
    if isinstance(network, AVOLNet):
        heads = network.heads
        if graph == 'vision':
            yield from ((heads.conv5, heads.norm5), (heads.conv6, heads.norm6))
        else:
            yield from ((heads.fc1, heads.norm1), (heads.fc2, heads.norm2))


def _folded(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield weight and bias of each layer of a graph."""
    graph = onnx.load(str(path)).graph
    values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Cast' and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type in ('Conv', 'Gemm'):
            weight, bias = (torch.tensor(values[name]).float() for name in node.input[1:3])
            yield weight, bias


def _head(path: Path) -> tuple[Tensor, Tensor]:
    """Return scale and bias of conv7."""
    graph = onnx.load(str(path)).graph
    values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    factors = {node.op_type: values[name] for node in graph.node if node.op_type in ('Mul', 'Add')
               for name in node.input if name in values}
    scale, offset = (torch.tensor(factors[kind]).float().reshape(()) for kind in ('Mul', 'Add'))
    return scale, offset


def _unfold(network: Network, norms: dict[Norm, Tensor], items: Item) -> None:
    """Give each BatchNorm the statistics of what reaches it, one after the other, in one run."""
    hooks = [norm.register_forward_pre_hook(_hook(bias)) for norm, bias in norms.items()]
    try:
        network.eval()
        describe_maps(network, network.vision(scaled(items['image'])))
        describe_sounds(network, items['spectrogram'])
    finally:
        for hook in hooks:
            hook.remove()
        network.train()


def _hook(bias: Tensor) -> Callable[[Any, tuple[Tensor]], None]:
    def measure(norm: Any, inputs: tuple[Tensor]) -> None:
        channels = inputs[0].transpose(0, 1).flatten(1)
        mean, variance = channels.mean(dim=1), channels.var(dim=1, unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)

    return measure


def _bias(layer: nn.Conv2d | nn.Linear) -> Tensor:
    assert layer.bias is not None
    return layer.bias
