"""Scenes with known truth, and what is right of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.banks import Bank, Box
from ros2_avloc.learning.loop import scaled
from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.learning.scenes import Mixture, Scene, draw_scene
from ros2_avloc.vision.grid import GRID, cell_to_pixel
from ros2_avloc.vision.preprocess import SIDE

Heatmaps = NDArray[np.float32]
"""Probabilities or logits ``(n, 14, 14)``."""


class Check(NamedTuple):
    """Scenes as tensors: uint8 images, spectrograms, bool targets ``(n, 14, 14)``, bool `corresponds`."""

    name: str
    images: Tensor
    spectrograms: Tensor
    targets: Tensor
    corresponds: Tensor


def scenes_of(bank: Bank, mixture: Mixture, count: int, seed: int) -> list[Scene]:
    """Draw `count` scenes; the same seed and bank give the same ones."""
    rng = np.random.default_rng(seed)
    return [draw_scene(bank, mixture, rng) for _ in range(count)]


def check_of(name: str, bank: Bank, count: int, *, negatives: float = 0.25, seed: int = 1) -> Check:
    """Draw scenes with one to four objects, a share of them with sounds that nothing in view makes."""
    scenes = scenes_of(bank, Mixture(negatives=negatives, duets=0.0), count, seed)
    return Check(
        name,
        torch.stack([torch.from_numpy(scene.picture.rgb.transpose(2, 0, 1).copy()) for scene in scenes]),
        torch.stack([torch.from_numpy(spectrogram(scene.samples))[None] for scene in scenes]),
        torch.from_numpy(np.stack([target_cells(scene) for scene in scenes])),
        torch.tensor([not scene.negative for scene in scenes]),
    )


def target_cells(scene: Scene) -> NDArray[np.bool_]:
    """Return which cells have their centre in a box of what sounds, bool ``(14, 14)``."""
    centres = cell_to_pixel(np.tile(np.arange(GRID)[:, None], 2), SIDE, SIDE)[:, 0] + 0.5  # boxes count edges
    cells = np.zeros((GRID, GRID), bool)
    for name, (left, top, width, height) in scene.picture.objects:
        if name in scene.heard:
            rows = (top <= centres) & (centres < top + height)
            columns = (left <= centres) & (centres < left + width)
            cells |= rows[:, None] & columns
    return cells


def localised(heatmaps: Heatmaps, scenes: Sequence[Scene]) -> NDArray[np.bool_]:
    """Return for each scene whether the heatmap's peak lies in the box of what sounds."""
    targets = np.stack([target_cells(scene) for scene in scenes]).reshape(len(scenes), -1)
    peaks = heatmaps.reshape(len(scenes), -1).argmax(axis=1)
    return np.asarray(targets[np.arange(len(scenes)), peaks])


def centre_localised(scenes: Sequence[Scene]) -> NDArray[np.bool_]:
    """Return what `localised` says of a network that always points at the middle of the frame."""
    return np.array([any(name in scene.heard and _holds_middle(box) for name, box in scene.picture.objects)
                     for scene in scenes])


def _holds_middle(box: Box) -> bool:
    left, top, width, height = box
    return left <= SIDE / 2 < left + width and top <= SIDE / 2 < top + height


@torch.no_grad()
def logits_of(network: AVOLNet | AVENet, images: Tensor, spectrograms: Tensor) -> Tensor:
    """Return the logits of uint8 images, each with its own sound: ``(n, 14, 14)``, of AVE-Net ``(n,)``."""
    pairs = zip(torch.split(images, 32), torch.split(spectrograms, 32), strict=True)
    return torch.cat([network(scaled(some), sounds) for some, sounds in pairs])
