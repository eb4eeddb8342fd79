"""Scenes with known truth, and pairs of recordings that are set aside, as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.material.banks import Bank
from ros2_avloc.learning.material.moments import Moments, read_recordings
from ros2_avloc.learning.material.scenes import NEGATIVES, Mixture, Scene, draw_scene
from ros2_avloc.learning.material.worlds import SET_ASIDE
from ros2_avloc.learning.measures import maps
from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.learning.training.loop import scaled
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.vision.grid import GRID
from ros2_avloc.vision.preprocess import SIDE


class Check(NamedTuple):
    """Pairs as tensors: uint8 images, spectrograms, bool targets ``(n, 14, 14)``, bool `corresponds`.

    Targets are the cells on what sounds, none where nobody knows them.
    """

    name: str
    images: Tensor
    spectrograms: Tensor
    targets: Tensor
    corresponds: Tensor


def scenes_of(bank: Bank, mixture: Mixture, count: int, seed: int) -> list[Scene]:
    """Draw `count` scenes; the same seed and bank give the same ones."""
    rng = np.random.default_rng(seed)
    return [draw_scene(bank, mixture, rng) for _ in range(count)]


def check_of(name: str, bank: Bank, count: int, *, negatives: float = 0.25, most: int = 4,
             kinds: tuple[str, ...] = NEGATIVES, seed: int = 1) -> Check:
    """Draw scenes with one to `most` objects, a share with sounds, of `kinds`, that nothing in view makes."""
    scenes = scenes_of(bank, Mixture(most=most, negatives=negatives, duets=0.0, kinds=kinds), count, seed)
    return Check(
        name,
        torch.stack([torch.from_numpy(scene.picture.rgb.transpose(2, 0, 1).copy()) for scene in scenes]),
        torch.stack([torch.from_numpy(spectrogram(scene.samples))[None] for scene in scenes]),
        torch.from_numpy(np.stack([target_cells(scene) for scene in scenes])),
        torch.tensor([not scene.negative for scene in scenes]),
    )


def recorded_checks(folders: Mapping[str, Path], count: int, named: Named = BY_TYPE) -> list[Check]:
    """Return pairs of the recordings that each folder sets aside, by name; nothing of a folder with too few.

    Parameters
    ----------
    count
        Pairs of each folder; half of them correspond.
    named
        Topics of bags.

    Raises
    ------
    InputError
        If a folder cannot be read.
    """
    opened = {name: read_recordings(folder, named, 'calibrate') for name, folder in folders.items()}
    checks = [_recorded_check(name, Moments(some, SET_ASIDE, len(some)), count)
              for name, some in opened.items() if len(some) > 1]
    return [check for check in checks if not check.corresponds.all()]


def _recorded_check(name: str, moments: Moments, count: int) -> Check:
    """Pair moments with their own sound, and with that of the next one at the same place."""
    groups = -(-count // 2 // moments.group)
    numbers = np.arange(groups * moments.group).reshape(groups, moments.group)
    own, others = numbers.ravel(), np.roll(numbers, 1, axis=1).ravel()
    items = [moments.item(int(number), np.random.default_rng(number)) for number in own]
    differ = [other for other in own if items[other]['identity'] != items[others[other]]['identity']]
    images = [items[number]['image'] for number in (*own, *differ)]
    sounds = [items[number]['spectrogram'] for number in (*own, *others[differ])]
    return Check(name, torch.stack(images), torch.stack(sounds),
                 torch.zeros(len(images), GRID, GRID, dtype=torch.bool),
                 torch.arange(len(images)) < len(own))


def target_cells(scene: Scene) -> NDArray[np.bool_]:
    """Return which cells count as on what sounds, bool ``(14, 14)``; see `maps.target_cells`."""
    return maps.target_cells((left / SIDE, top / SIDE, width / SIDE, height / SIDE)
                             for name, (left, top, width, height) in scene.picture.objects
                             if name in scene.heard)


@torch.no_grad()
def logits_of(network: AVOLNet | AVENet, images: Tensor, spectrograms: Tensor) -> Tensor:
    """Return the logits of uint8 images, each with its own sound: ``(n, 14, 14)``, of AVE-Net ``(n,)``."""
    pairs = zip(torch.split(images, 32), torch.split(spectrograms, 32), strict=True)
    return torch.cat([network(scaled(some), sounds) for some, sounds in pairs])
