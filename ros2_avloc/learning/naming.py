"""Naming: the vision tower learns to name single objects, which costs a quarter of looking at whole scenes.

A crop of a quarter of a frame holds one object of a known category, or none. What is learned is the name of
the crop, not a place in it: the maps are pooled, and the layer that names is thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import IterableDataset, get_worker_info

from ros2_avloc.learning.banks import Bank, Box, categories
from ros2_avloc.learning.loop import Budget, Learner, fit, scaled
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.pictures import Picture, draw_picture
from ros2_avloc.vision.preprocess import SIDE

CROP = SIDE // 2
"""Side of a crop, px."""

NOTHING = 0
"""The name of a crop without an object."""

EMPTY = 0.1
"""Share of crops without an object."""

ASIDE = 36
"""How far an object's middle lies from a crop's, at most, px."""

Rng = np.random.Generator


class CropStream(IterableDataset[dict[str, Tensor]]):
    """Crops without end: ``image`` uint8 ``(3, 112, 112)``, and ``name``, 1 and up, 0 for nothing."""

    def __init__(self, banks: Sequence[Bank], seed: int) -> None:
        super().__init__()
        self.banks, self.seed = list(banks), seed
        self.numbers = {name: number for number, name in enumerate(categories(banks), start=1)}

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.seed % 2 ** 32 if worker else 0])
        while True:
            image, name = draw_crop(self.banks[rng.integers(len(self.banks))], rng)
            number = self.numbers[name] if name else NOTHING
            yield {'image': torch.from_numpy(image.transpose(2, 0, 1).copy()), 'name': torch.tensor(number)}


def draw_crop(bank: Bank, rng: Rng) -> tuple[NDArray[np.uint8], str]:
    """Return a crop ``(112, 112, 3)`` with the category of its object, or with an empty name."""
    while True:
        picture = draw_picture(bank, [str(rng.choice(sorted(bank.recordings)))], rng)
        (name, box), = picture.objects or (('', (0.0, 0.0, 0.0, 0.0)),)
        if name and rng.random() >= EMPTY:
            return _cut(picture, *_near(box, rng)), name
        left, top = (int(rng.integers(SIDE - CROP + 1)) for _ in range(2))
        if not name or not _overlaps(box, left, top):
            return _cut(picture, left, top), ''


def _near(box: Box, rng: Rng) -> tuple[int, int]:
    """Return where a crop begins, left and top, that has the middle of `box` near its own."""
    middles = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    left, top = (int(np.clip(middle - CROP / 2 + rng.uniform(-ASIDE, ASIDE), 0, SIDE - CROP))
                 for middle in middles)
    return left, top


def _overlaps(box: Box, left: int, top: int) -> bool:
    return (left < box[0] + box[2] and box[0] < left + CROP
            and top < box[1] + box[3] and box[1] < top + CROP)


def _cut(picture: Picture, left: int, top: int) -> NDArray[np.uint8]:
    return picture.rgb[top:top + CROP, left:left + CROP]


class Naming(Learner):
    """The vision tower, with one layer that names what the cells show on the whole."""

    def __init__(self, network: AVOLNet, budget: Budget, names: int) -> None:
        super().__init__(budget)
        self.network = network
        channels = 8 * network.width
        self.to_names = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, 1 + names, 1))

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of crops."""
        maps = self.to_names(self.network.vision(scaled(batch['image']))).float().flatten(2)
        named = maps.logsumexp(dim=2) - math.log(maps.shape[2])
        loss = nnf.cross_entropy(named, batch['name'], label_smoothing=0.05)
        right = (named.argmax(dim=1) == batch['name']).float().mean()
        self.log_dict({'naming': loss, 'named': right}, prog_bar=True)
        return loss


def learn_names(network: AVOLNet, banks: Sequence[Bank], budget: Budget, directory: Path, *, seed: int,
                resume: Path | None = None) -> None:
    """Teach the vision tower of `network`, in place, to name single objects."""
    stream = CropStream(banks, seed)
    fit(Naming(network, budget, len(stream.numbers)), stream, directory, resume=resume)
