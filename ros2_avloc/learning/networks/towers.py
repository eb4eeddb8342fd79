"""The tower that all three networks have twice: once for frames, once for spectrograms."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

STRIDE = 16
"""Pixels of the input per cell of the map that a tower makes, in each direction (the paper's)."""


def _convolution(inputs: int, outputs: int, stride: int) -> Iterator[nn.Module]:
    yield nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    yield nn.BatchNorm2d(outputs)
    yield nn.ReLU(inplace=True)


class Tower(nn.Sequential):
    """conv1_1 to conv4_2: eight 3×3 convolutions in four blocks, with three poolings between them.

    Parameters
    ----------
    channels
        Of the input: 3 for a frame, 1 for a spectrogram.
    width
        Channels of the first block; each further block has twice as many.
    stride
        Of the whole tower: a multiple of 8. The poolings make 8 of it, conv1_1 the rest: 2 in the paper,
        1 in the first L3-Net, whose maps are twice as fine at four times the cost.
    """

    def __init__(self, channels: int, width: int, stride: int = STRIDE) -> None:
        layers: list[nn.Module] = []
        for block in range(4):
            outputs = width * 2 ** block
            if block:
                layers.append(nn.MaxPool2d(2))
            layers.extend(_convolution(channels, outputs, stride=1 if block else stride // 8))
            layers.extend(_convolution(outputs, outputs, stride=1))
            channels = outputs
        super().__init__(*layers)
        for layer in self:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
