"""Two small networks that were trained on labelled data, to warm-start AVOL-Net's towers from.

Their weights are neither copied nor shipped: only what they answer to composed things is learned from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
import torch.nn.functional as nnf
from torch import Tensor

from ros2_avloc.errors import InputError
from ros2_avloc.model.engines.openvino import shared_core

SHOWN = 224
"""Side at which MobileNetV2 is shown a crop of 112 px: twice as large, so that its cells are AVOL-Net's."""

_VISION_FILE, _SOUND_FILE = 'mobilenet_v2_1.0_224_quant.tflite', 'yamnet.tflite'

TOGETHER = 16
"""Crops that MobileNetV2 is shown at once; its answer to one does not depend on the others."""


class Eye:
    """MobileNetV2, which answers for each cell of a crop's grid of 7×7.

    Parameters
    ----------
    directory
        Holds the file in TensorFlow Lite's format.

    Raises
    ------
    InputError
        If it is missing or holds another network.
    """

    def __init__(self, directory: Path) -> None:
        network = _until(directory / _VISION_FILE, 'Clamp')
        network.reshape([TOGETHER, SHOWN, SHOWN, 3])
        self._network = shared_core().compile_model(network, 'CPU')

    def __call__(self, crops: Tensor) -> Tensor:
        """Answer to uint8 ``(n, 3, 112, 112)``: float32 ``(n, 1280, 7, 7)``, vectors of length 1."""
        return torch.cat([self._answer(some) for some in torch.split(crops, TOGETHER)])

    def _answer(self, crops: Tensor) -> Tensor:
        enlarged = nnf.interpolate(crops.float(), size=(SHOWN, SHOWN), mode='bilinear', align_corners=False)
        # The teacher pads at the right and below alone. Moved by 4 px, mirrored pictures give mirrored cells.
        moved = nnf.pad(enlarged, (4, 0, 4, 0), mode='replicate')[..., :SHOWN, :SHOWN]
        pixels = np.zeros((TOGETHER, SHOWN, SHOWN, 3), np.uint8)
        pixels[:len(crops)] = moved.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return nnf.normalize(torch.from_numpy(self._network(pixels)[0][:len(crops)]), dim=1)


class Ear:
    """YAMNet, which answers for a second of sound.

    Parameters
    ----------
    directory
        Holds the file in TensorFlow Lite's format.

    Raises
    ------
    InputError
        If it is missing or holds another network.
    """

    def __init__(self, directory: Path) -> None:
        self._network = shared_core().compile_model(_until(directory / _SOUND_FILE, 'Reshape'), 'CPU')

    def __call__(self, heard: Tensor) -> Tensor:
        """Answer to float32 ``(n, 15600)`` of `naming.heard_by_teacher`: float32 ``(n, 1024, 1, 1)``."""
        answers = np.concatenate([self._network(one)[0] for one in heard.numpy()])
        return torch.from_numpy(answers)[..., None, None]


def check_teachers(directory: Path) -> None:
    """Refuse a directory that lacks a teacher: the second is needed when half of a run is over.

    Raises
    ------
    InputError
        If a file is missing.
    """
    for name in (_VISION_FILE, _SOUND_FILE):
        if not (directory / name).is_file():
            raise InputError(f'{directory} holds no {name}; give a directory of both teachers, or leave '
                             '--teachers out.')


def _until(path: Path, operation: str) -> Any:
    """Return the network of `path`, cut off after its last `operation`."""
    try:
        whole = shared_core().read_model(str(path))
    except RuntimeError as error:
        raise InputError(f'{path} cannot be read as a teacher: {str(error).splitlines()[-1]}') from error
    nodes = [node for node in whole.get_ordered_ops() if node.get_type_name() == operation]
    if not nodes:
        raise InputError(f'{path} is not the teacher that was expected: it has no {operation}.')
    return ov.Model([nodes[-1].output(0)], whole.get_parameters())
