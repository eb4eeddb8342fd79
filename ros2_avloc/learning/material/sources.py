"""Composed items to learn from: whole scenes, and close-ups of single objects with their sound.

Each holds ``image`` uint8 ``(3, side, side)``, ``spectrogram`` float32 ``(1, 257, 200)``, and the identities
of the recordings that picture and sound are of, int64 ``identity`` and ``sound_identity`` (`NOBODY` where
nothing in view makes the sound), and the ``group`` that a recorded one was drawn with, int64 (see `moments`;
`ANY_GROUP` of composed ones). Where elders are to be asked, also ``shown``, the spectrogram that they hear.
Where categories are asked for, also ``seen`` and ``heard``, bool
``(categories,)``: what is in view, and what sounds (there or elsewhere), and ``known``: whether these two
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.material.banks import Bank
from ros2_avloc.learning.material.naming import draw_crop
from ros2_avloc.learning.material.pictures import Layout
from ros2_avloc.learning.material.scenes import Mixture, draw_scene, draw_sound
from ros2_avloc.learning.material.sounds import resampled
from ros2_avloc.learning.material.streams import ANY_GROUP, NOBODY, Item, Rng

Numbers = Mapping[str, int]
"""Numbers of categories, from 0."""


class Scenes:
    """Scenes of a bank.

    Parameters
    ----------
    bank
        What they are composed from.
    mixture
        How they are drawn in the end.
    curriculum
        Items after which one more object may be in view, from one up to ``mixture.most``; 0: as many as ever
        from the start.
    numbers
        Of the categories, where these are to be told.
    shown
        Whether items hold, as ``shown``, the spectrogram of the second as elders hear it: not resampled.
    """

    def __init__(self, bank: Bank, mixture: Mixture, curriculum: int = 0,
                 numbers: Numbers | None = None, *, shown: bool = False) -> None:
        self.bank, self.mixture, self.curriculum, self.numbers = bank, mixture, curriculum, numbers
        self.shown = shown

    def item(self, number: int, rng: Rng) -> Item:
        """Return a scene; its number is its identity."""
        scene = draw_scene(self.bank, self._stage(number), rng)
        heard = resampled(scene.samples, rng)
        item = pair_of(scene.picture.rgb, heard, number, not scene.negative)
        if self.shown:
            item['shown'] = item['spectrogram'] if heard is scene.samples else _spectrogram(scene.samples)
        return item | told(self.numbers, [name for name, _ in scene.picture.objects], scene.heard)

    def _stage(self, number: int) -> Mixture:
        most = 1 + number // self.curriculum if self.curriculum else self.mixture.most
        return replace(self.mixture, most=min(most, self.mixture.most))


CLOSE = Layout(smallest=90, largest=150, plain=True)
"""How close-ups are composed: large, and as the photo shows them."""


class CloseUps:
    """Crops of 112 px with one object and its sound; a tenth is empty, with silence or noise.

    What is to be learned first is plain: towers that know nothing yet find no pair in photos that are small
    and toned, and in sounds that are band-limited and reverberated (docs/training-log.md).

    Parameters
    ----------
    bank
        What they are composed from.
    negatives
        Share, beside the empty ones, whose sound no picture makes.
    """

    def __init__(self, bank: Bank, negatives: float = 0.0) -> None:
        self.bank, self.negatives = bank, negatives

    def item(self, number: int, rng: Rng) -> Item:
        """Return a close-up; its number is its identity."""
        crop, name = draw_crop(self.bank, rng, CLOSE)
        if self.negatives and rng.random() < self.negatives:
            name = ''
        return pair_of(crop, draw_sound(self.bank, name, rng, plain=True), number, bool(name))


class Recordings(Protocol):
    """Moments of recordings: ``image``, ``spectrogram``, ``identity`` of the recording, and ``group``."""

    def item(self, number: int, rng: Rng) -> Item:
        """Return a moment; all that is left to chance is drawn from `rng`."""


class Recorded:
    """Moments of recordings, beside composed items: each has the sound that it was recorded with.

    Parameters
    ----------
    recordings
        Where moments are drawn from.
    numbers
        As in `Scenes`; of recordings no category is known.
    """

    def __init__(self, recordings: Recordings, numbers: Numbers | None = None) -> None:
        self.recordings, self.numbers = recordings, numbers

    def item(self, number: int, rng: Rng) -> Item:
        """Return a moment."""
        item = self.recordings.item(number, rng)
        told_of = {} if self.numbers is None else told(self.numbers, (), ()) | {'known': torch.tensor(False)}
        return {**item, 'sound_identity': item['identity'], **told_of}


def pair_of(rgb: NDArray[np.uint8], samples: NDArray[np.float32], number: int, corresponds: bool) -> Item:
    """Return a picture and a sound as tensors, with their identities."""
    return {'image': torch.from_numpy(rgb.transpose(2, 0, 1).copy()),
            'spectrogram': _spectrogram(samples),
            'identity': torch.tensor(number),
            'sound_identity': torch.tensor(number if corresponds else NOBODY),
            'group': torch.tensor(ANY_GROUP)}


def _spectrogram(samples: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(spectrogram(samples))[None]


def told(numbers: Numbers | None, seen: Sequence[str], heard: Sequence[str]) -> Item:
    """Return what a batch tells of categories: nothing without `numbers`."""
    if numbers is None:
        return {}
    return {'seen': _flags(numbers, seen), 'heard': _flags(numbers, heard), 'known': torch.tensor(True)}


def _flags(numbers: Numbers, names: Sequence[str]) -> Tensor:
    flags = torch.zeros(len(numbers), dtype=torch.bool)
    flags[[numbers[name] for name in names]] = True
    return flags
