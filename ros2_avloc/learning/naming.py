"""Naming: before AVC each tower learns to name single things, where there is no doubt which one is meant.

A crop of a quarter of a frame holds one object of a known category, or none, and costs a quarter of a frame.
A second of sound is of one category, or of none. What is learned is the name of a whole crop or second, not a
place in it: the outputs of the tower are pooled, and the layer that names is thrown away.
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

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.banks import Bank, Box, categories
from ros2_avloc.learning.loop import Budget, Learner, fit, scaled
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.pictures import Picture, draw_picture
from ros2_avloc.learning.scenes import draw_sound
from ros2_avloc.vision.preprocess import SIDE

CROP = SIDE // 2
"""Side of a crop, px."""

NOTHING = 0
"""The name of a crop without an object, and of a sound of no category."""

EMPTY = 0.1
"""Share of crops and sounds that have no name."""

ASIDE = 36
"""How far an object's middle lies from a crop's, at most, px."""

Rng = np.random.Generator


class NamedStream(IterableDataset[dict[str, Tensor]]):
    """Things without end, all banks drawn from equally often, with ``name``: 1 and up, 0 for none."""

    def __init__(self, banks: Sequence[Bank], seed: int) -> None:
        super().__init__()
        self.banks, self.seed = list(banks), seed
        self.numbers = {name: number for number, name in enumerate(categories(banks), start=1)}

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.seed % 2 ** 32 if worker else 0])
        while True:
            thing, name = self.draw(self.banks[rng.integers(len(self.banks))], rng)
            yield {'thing': torch.from_numpy(thing), 'name': torch.tensor(self.numbers.get(name, NOTHING))}

    def draw(self, bank: Bank, rng: Rng) -> tuple[NDArray[np.generic], str]:
        """Return one thing as the tower takes it, and its category or an empty name."""
        raise NotImplementedError


class CropStream(NamedStream):
    """Crops, uint8 ``(3, 112, 112)``."""

    def draw(self, bank: Bank, rng: Rng) -> tuple[NDArray[np.generic], str]:
        """Return a crop and the category of its object."""
        crop, name = draw_crop(bank, rng)
        return crop.transpose(2, 0, 1).copy(), name


class SoundStream(NamedStream):
    """Spectrograms of single sounds, float32 ``(1, 257, 200)``."""

    def draw(self, bank: Bank, rng: Rng) -> tuple[NDArray[np.generic], str]:
        """Return a spectrogram and the category of its sound."""
        name = '' if rng.random() < EMPTY else str(rng.choice(sorted(bank.recordings)))
        return spectrogram(draw_sound(bank, name, rng))[None], name


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
    """One tower, with one layer that names what its output says on the whole."""

    def __init__(self, network: AVOLNet, budget: Budget, names: int) -> None:
        super().__init__(budget)
        self.network = network
        channels = 8 * network.width
        self.to_names = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, 1 + names, 1))

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of things."""
        maps = self.to_names(self.outputs(batch['thing'])).float().flatten(2)
        named = maps.logsumexp(dim=2) - math.log(maps.shape[2])
        loss = nnf.cross_entropy(named, batch['name'], label_smoothing=0.05)
        right = (named.argmax(dim=1) == batch['name']).float().mean()
        self.log_dict({'naming': loss, 'named': right}, prog_bar=True)
        return loss

    def outputs(self, things: Tensor) -> Tensor:
        """Return what the tower makes of a batch, ``(n, channels, rows, columns)``."""
        raise NotImplementedError


class PictureNaming(Naming):
    """The vision tower names crops."""

    def outputs(self, things: Tensor) -> Tensor:
        """Return the maps of crops."""
        return self.network.vision(scaled(things))  # type: ignore[no-any-return]


class SoundNaming(Naming):
    """The sound tower names seconds of sound."""

    def outputs(self, things: Tensor) -> Tensor:
        """Return the pooled vectors of sounds, as maps of one cell."""
        return self.network.sound(things).amax(dim=(2, 3), keepdim=True)  # type: ignore[no-any-return]


def name_pictures(network: AVOLNet, banks: Sequence[Bank], budget: Budget, directory: Path, *, seed: int,
                  resume: Path | None = None) -> None:
    """Teach the vision tower of `network`, in place, to name single objects."""
    stream = CropStream(banks, seed)
    fit(PictureNaming(network, budget, len(stream.numbers)), stream, directory, resume=resume)


def name_sounds(network: AVOLNet, banks: Sequence[Bank], budget: Budget, directory: Path, *, seed: int,
                resume: Path | None = None) -> None:
    """Teach the sound tower of `network`, in place, to name single sounds."""
    stream = SoundStream(banks, seed)
    fit(SoundNaming(network, budget, len(stream.numbers)), stream, directory, resume=resume)
