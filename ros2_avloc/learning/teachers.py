"""Two small networks that were trained on labelled data, to warm-start AVOL-Net's towers from.

Their weights are neither copied nor shipped: only what they answer to composed scenes is learned from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import soxr
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError

CELL_CHANNELS = 1280
"""Channels of MobileNetV2's last activation."""

SOUND_CHANNELS = 1024
"""Length of YAMNet's embedding."""

HEARD_SAMPLES = 15_600
"""Samples at 16 kHz that YAMNet hears."""

_VISION_FILE, _SOUND_FILE = 'mobilenet_v2_1.0_224_quant.tflite', 'yamnet.tflite'


class Teachers:
    """MobileNetV2, which answers for each cell of the grid, and YAMNet, which answers for a second of sound.

    Parameters
    ----------
    directory
        Holds both files in TensorFlow Lite's format.
    batch
        Images to be looked at together.

    Raises
    ------
    InputError
        If a file is missing or holds another network.
    """

    def __init__(self, directory: Path, batch: int) -> None:
        core = ov.Core()
        vision = _until(core, directory / _VISION_FILE, 'Clamp')
        vision.reshape([batch, 448, 448, 3])
        self._vision = core.compile_model(vision, 'CPU')
        self._sound = core.compile_model(_until(core, directory / _SOUND_FILE, 'Reshape'), 'CPU')

    def __deepcopy__(self, memo: dict[int, Any]) -> Teachers:
        """Return itself: averaging copies the module that learns, and compiled networks cannot be copied."""
        return self

    def cells(self, images: Tensor) -> Tensor:
        """Answer to uint8 ``(batch, 3, 224, 224)``: uint8 ``(batch, 1280, 14, 14)``, in steps of 6/255."""
        enlarged = nnf.interpolate(images.float(), size=(448, 448), mode='bilinear', align_corners=False)
        # The teacher pads at the right and below alone. Moved by 4 px, mirrored pictures give mirrored cells.
        moved = nnf.pad(enlarged, (4, 0, 4, 0), mode='replicate')[..., :448, :448]
        pixels = moved.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        return torch.from_numpy(np.rint(self._vision(pixels)[0] * (255 / 6)).astype(np.uint8))

    def sounds(self, heard: Tensor) -> Tensor:
        """Answer to float32 ``(n, 15600)`` at 16 kHz: ``(n, 1024)``."""
        return torch.from_numpy(np.concatenate([self._sound(one)[0] for one in heard.numpy()]))


def heard_by_teacher(samples: NDArray[np.float32]) -> Tensor:
    """Return a second at 48 kHz as YAMNet hears it: float32 ``(15600,)`` at 16 kHz."""
    return torch.from_numpy(soxr.resample(samples, SAMPLE_RATE, 16_000)[-HEARD_SAMPLES:].astype(np.float32))


def _until(core: ov.Core, path: Path, operation: str) -> Any:
    """Return the network of `path`, cut off after its last `operation`."""
    try:
        whole = core.read_model(str(path))
    except RuntimeError as error:
        raise InputError(f'{path} cannot be read as a teacher: {str(error).splitlines()[-1]}') from error
    nodes = [node for node in whole.get_ordered_ops() if node.get_type_name() == operation]
    if not nodes:
        raise InputError(f'{path} is not the teacher that was expected: it has no {operation}.')
    return ov.Model([nodes[-1].output(0)], whole.get_parameters())
