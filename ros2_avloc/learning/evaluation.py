"""Measuring: does the peak lie on what sounds, and is nothing seen where nothing in view sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.networks import GRID
from ros2_avloc.learning.scenes import Mixture, Scene, draw_scene
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


def checks_of(name: str, bank: Bank, count: int, seed: int = 1) -> Check:
    """Draw scenes with one to four objects, a quarter of them with sounds that nothing in view makes."""
    scenes = scenes_of(bank, Mixture(negatives=0.25, duets=0.0), count, seed)
    return Check(
        name,
        torch.stack([torch.from_numpy(scene.picture.rgb.transpose(2, 0, 1).copy()) for scene in scenes]),
        torch.stack([torch.from_numpy(spectrogram(scene.samples))[None] for scene in scenes]),
        torch.from_numpy(np.stack([target_cells(scene) for scene in scenes])),
        torch.tensor([not scene.negative for scene in scenes]),
    )


def target_cells(scene: Scene) -> NDArray[np.bool_]:
    """Return which cells have their centre in a box of what sounds, ``(14, 14)``; none in a negative scene."""
    centres = (np.arange(GRID) + 0.5) * SIDE / GRID
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
    middle = SIDE / 2
    return np.array([any(name in scene.heard and left <= middle < left + width and top <= middle < top + height
                         for name, (left, top, width, height) in scene.picture.objects) for scene in scenes])
