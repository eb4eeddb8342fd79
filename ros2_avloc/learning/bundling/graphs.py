"""From a trained network to a bundle: folded weights, ONNX graphs, golden values."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.half import share_weights
from ros2_avloc.learning.networks import AVENet, AVOLNet, Heads
from ros2_avloc.learning.networks.towers import STRIDE
from ros2_avloc.model.bundle import write_bundle
from ros2_avloc.model.golden import Golden, GoldenEmbeddings
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.vision.grid import GRID

OPSET = 17
"""ONNX operator set of the graphs; TensorRT 8.6 and later parse it."""

Values = NDArray[np.float32]

POOLED = {'vision': (14, 14), 'sound': (16, 12)}
"""Height and width of what the towers make of a frame and of a spectrogram."""


def _body(network: AVOLNet | AVENet, tower: str) -> nn.Sequential:
    """Return the layers from a frame or a spectrogram to its embedding, without BatchNorm."""
    layers = _folded(getattr(network, tower))
    if isinstance(network, AVOLNet) and tower == 'vision':
        heads = network.heads
        conv5, conv6 = _convolution(heads.conv5, heads.norm5), _convolution(heads.conv6, heads.norm6)
        return nn.Sequential(*layers, conv5, nn.ReLU(), conv6)
    head: Any = network.heads if isinstance(network, AVOLNet) else {'vision': network.see,
                                                                   'sound': network.hear}[tower]
    fc1, fc2 = _linear(head.fc1, head.norm1), _linear(head.fc2, head.norm2)
    return nn.Sequential(*layers, nn.MaxPool2d(POOLED[tower]), nn.Flatten(), fc1, nn.ReLU(), fc2)


def _convolution(layer: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    return fuse_conv_bn_eval(layer, norm) if isinstance(norm, nn.BatchNorm2d) else layer


def _linear(layer: nn.Linear, norm: nn.Module) -> nn.Linear:
    return fuse_linear_bn_eval(layer, norm) if isinstance(norm, nn.BatchNorm1d) else layer


class HeadPart(nn.Module):
    """Embeddings of one frame's cells and of one sound to logits ``(1, 1, 14, 14)``."""

    scale: Tensor
    bias: Tensor

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.embedding = heads.fc2.out_features
        self.register_buffer('scale', heads.scale.detach().reshape(1, 1))
        self.register_buffer('bias', heads.bias.detach().reshape(1, 1))

    def forward(self, cells: Tensor, sound: Tensor) -> Tensor:
        """Compare each cell with the sound."""
        products = sound @ cells.reshape(self.embedding, GRID * GRID)
        return (self.scale * products + self.bias).reshape(1, 1, GRID, GRID)


def _folded(tower: nn.Sequential) -> list[nn.Module]:
    """Return the layers of `tower`, each BatchNorm folded into the convolution before it."""
    layers: list[nn.Module] = []
    for layer in tower:
        if isinstance(layer, nn.BatchNorm2d):
            convolution = layers.pop()
            assert isinstance(convolution, nn.Conv2d)
            layers.append(fuse_conv_bn_eval(convolution, layer))
        else:
            layers.append(layer)
    return layers


class Shipped:
    """A network as a bundle holds it: float32, BatchNorm folded, weights that half precision can hold.

    They are rounded to bfloat16, biases too, so that both half precisions hold them exactly: an engine then
    loses only what it rounds on the way.

    Raises
    ------
    InputError
        If its grid is not the one that the front ends and the node have, or a weight does not fit half
        precision.
    """

    def __init__(self, network: AVOLNet | AVENet) -> None:
        network = copy.deepcopy(network).eval().float().cpu()
        self.embedding = network.embedding
        self.vision, self.sound = _rounded(_body(network, 'vision')), _rounded(_body(network, 'sound'))
        self.head = HeadPart(network.heads) if isinstance(network, AVOLNet) else None
        if isinstance(network, AVOLNet) and network.stride != STRIDE:
            raise InputError(f'A bundle holds a network with cells of {STRIDE} pixels, not {network.stride}; '
                             'train one.')

    def graphs(self) -> dict[str, bytes]:
        """Return the ONNX graphs, and their weights, by the names that they have in a bundle."""
        image, spectrogram = torch.zeros(1, 3, 224, 224), torch.zeros(1, 1, 257, 200)
        if self.head is None:
            return share_weights({
                'vision': _normalised(_graph(self.vision, {'image': image}, 'direction')),
                'sound': _normalised(_graph(self.sound, {'spectrogram': spectrogram}, 'direction')),
            })
        cells, sound = torch.zeros(1, self.embedding, GRID, GRID), torch.zeros(1, self.embedding)
        head = _graph(self.head, {'cells': cells, 'sound': sound}, 'logits')
        return share_weights({
            'vision': _graph(self.vision, {'image': image}, 'cells'),
            'sound': _graph(self.sound, {'spectrogram': spectrogram}, 'sound'),
        }) | {'head.onnx': head.SerializeToString(deterministic=True)}

    @torch.no_grad()
    def golden(self, image: Values, spectrogram: Values) -> Golden | GoldenEmbeddings:
        """Return an input, ``(1, 3, 224, 224)`` and ``(257, 200)``, with what the network makes of it."""
        seen = self.vision(torch.from_numpy(image))
        heard = self.sound(torch.from_numpy(spectrogram)[None, None])
        if self.head is None:
            return GoldenEmbeddings(image, spectrogram, nnf.normalize(seen).numpy(),
                                    nnf.normalize(heard).numpy())
        return Golden(image, spectrogram, self.head(seen, heard)[0, 0].numpy())


@torch.no_grad()
def _rounded(body: nn.Sequential) -> nn.Sequential:
    for weight in body.parameters():
        weight.copy_(weight.bfloat16().half())
    return body.eval()


def _graph(part: nn.Module, inputs: dict[str, Tensor], output: str) -> onnx.ModelProto:
    content: Any = io.BytesIO()
    with warnings.catch_warnings():
        # This exporter is marked as deprecated; it needs no further package, and its graphs are plain.
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(part.eval(), tuple(inputs.values()), content, input_names=list(inputs),
                          output_names=[output], opset_version=OPSET, dynamo=False)
    return onnx.load_from_string(content.getvalue())


def _normalised(model: onnx.ModelProto) -> onnx.ModelProto:
    """Append the L2 norm, in one operator that every engine knows."""
    result = model.graph.output[0]
    norm = onnx.helper.make_node('LpNormalization', [result.name], ['embedding'], name='norm', axis=1, p=2)
    model.graph.node.append(norm)
    result.name = 'embedding'
    return model


def export(network: AVOLNet | AVENet, directory: Path, *, name: str, calibration: Calibration,
           image: Values, spectrogram: Values, training: Mapping[str, Any], model_card: str,
           thresholds: Mapping[str, Any] | None = None) -> None:
    """Write the bundle of a network.

    Parameters
    ----------
    directory
        Made if missing; parts of an earlier bundle in it are replaced.
    image, spectrogram
        The golden input, float32 ``(1, 3, 224, 224)`` and ``(257, 200)``.
    training
        What the network learned from and how; values that JSON knows.
    model_card
        Markdown.
    thresholds
        For measuring, see `Manifest`.

    Raises
    ------
    InputError
        See `Shipped`.
    """
    shipped = Shipped(network)
    parts: dict[str, bytes | Path] = {**shipped.graphs(), 'MODEL_CARD.md': model_card.encode()}
    write_bundle(directory, name=name, parts=parts, calibration=calibration, training=training, opset=OPSET,
                 thresholds=thresholds, golden=shipped.golden(image, spectrogram))
