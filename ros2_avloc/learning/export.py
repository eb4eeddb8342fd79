"""From a trained network to a bundle: folded weights, three ONNX graphs, golden values."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.model.bundle import Bundle, write_bundle
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.vision.grid import GRID

OPSET = 17
"""ONNX operator set of the graphs; TensorRT 8.6 and later parse it."""


class CellsPart(nn.Sequential):
    """Frame ``(1, 3, 224, 224)`` to embeddings of its cells ``(1, 128, 14, 14)``, without BatchNorm."""

    def __init__(self, network: AVOLNet) -> None:
        conv5 = fuse_conv_bn_eval(network.heads.conv5, network.heads.norm5)
        conv6 = fuse_conv_bn_eval(network.heads.conv6, network.heads.norm6)
        super().__init__(*_folded(network.vision), conv5, nn.ReLU(), conv6)


class SoundPart(nn.Sequential):
    """Spectrogram ``(1, 1, 257, 200)`` to the embedding of the sound ``(1, 128)``, without BatchNorm."""

    def __init__(self, network: AVOLNet) -> None:
        fc1 = fuse_linear_bn_eval(network.heads.fc1, network.heads.norm1)
        fc2 = fuse_linear_bn_eval(network.heads.fc2, network.heads.norm2)
        pool4 = nn.MaxPool2d((16, 12))
        super().__init__(*_folded(network.sound), pool4, nn.Flatten(), fc1, nn.ReLU(), fc2)


class HeadPart(nn.Module):
    """Embeddings of one frame's cells and of one sound to logits ``(1, 1, 14, 14)``."""

    scale: Tensor
    bias: Tensor

    def __init__(self, network: AVOLNet) -> None:
        super().__init__()
        self.embedding = network.embedding
        self.register_buffer('scale', network.heads.scale.detach().reshape(1, 1))
        self.register_buffer('bias', network.heads.bias.detach().reshape(1, 1))

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


def graphs(network: AVOLNet) -> dict[str, bytes]:
    """Return the ONNX graphs of a network by the names that they have in a bundle."""
    network = copy.deepcopy(network).eval().float().cpu()
    image, spectrogram = torch.zeros(1, 3, 224, 224), torch.zeros(1, 1, 257, 200)
    cells, sound = torch.zeros(1, network.embedding, GRID, GRID), torch.zeros(1, network.embedding)
    return {
        'vision_fp32.onnx': _graph(CellsPart(network), {'image': image}, 'cells'),
        'sound_fp32.onnx': _graph(SoundPart(network), {'spectrogram': spectrogram}, 'sound'),
        'head.onnx': _graph(HeadPart(network), {'cells': cells, 'sound': sound}, 'logits'),
    }


def _graph(part: nn.Module, inputs: dict[str, Tensor], output: str) -> bytes:
    content: Any = io.BytesIO()
    with warnings.catch_warnings():
        # This exporter is marked as deprecated; it needs no further package, and its graphs are plain.
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(part.eval(), tuple(inputs.values()), content, input_names=list(inputs),
                          output_names=[output], opset_version=OPSET, dynamo=False)
    return bytes(content.getvalue())


@torch.no_grad()
def golden_of(network: AVOLNet, image: NDArray[np.float32], spectrogram: NDArray[np.float32]) -> Golden:
    """Return an input, ``(1, 3, 224, 224)`` and ``(257, 200)``, with what `network` makes of it."""
    network = copy.deepcopy(network).eval().float().cpu()
    logits = network(torch.from_numpy(image), torch.from_numpy(spectrogram)[None, None])[0]
    return Golden(image, spectrogram, logits.numpy())


def export(network: AVOLNet, directory: Path, *, name: str, calibration: Calibration, golden: Golden,
           training: Mapping[str, Any], model_card: str) -> Bundle:
    """Write the bundle of a network and load it again.

    Parameters
    ----------
    directory
        Made if missing; parts of an earlier bundle in it are replaced.
    golden
        From `golden_of`.
    training
        What the network learned from and how; values that JSON knows.
    model_card
        Markdown.
    """
    parts: dict[str, bytes | Path] = {**graphs(network), 'MODEL_CARD.md': model_card.encode()}
    return write_bundle(directory, name=name, parts=parts, calibration=calibration, golden=golden,
                        training=training, opset=OPSET)
