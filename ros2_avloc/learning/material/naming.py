"""Single things with their names: crops of a frame, and seconds of sound.

A crop of a quarter of a frame holds one object of a known category, or none, and costs a quarter of a frame.
A second of sound is of one category, or of none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.material.banks import Bank, PixelBox
from ros2_avloc.learning.material.pictures import LEARNING, Layout, Picture, draw_picture
from ros2_avloc.learning.material.scenes import draw_sound
from ros2_avloc.learning.material.sounds import resampled
from ros2_avloc.learning.material.streams import Item, Rng
from ros2_avloc.vision.preprocess import SIDE

CROP = SIDE // 2
"""Side of a crop, px."""

NOTHING = 0
"""The name of a crop without an object, and of a sound of no category."""

EMPTY = 0.1
"""Share of crops and sounds that have no name."""

ASIDE = 36
"""How far an object's middle lies from a crop's, at most, px."""

HEARD_RATE, HEARD_SAMPLES = 16_000, 15_600
"""What YAMNet hears of a second: so many samples, at so many Hz."""

LESSON = Layout(plain=True)
"""How crops of lessons are composed: teachers know clear photos; towers see them varied, anew each time."""


class Crops:
    """Crops of a bank: ``thing`` uint8 ``(3, 112, 112)``, and its ``name``: the category's number, plus 1.

    Parameters
    ----------
    bank
        What they are composed from.
    numbers
        Of the categories, from 0.
    """

    def __init__(self, bank: Bank, numbers: Mapping[str, int]) -> None:
        self.bank, self.numbers = bank, numbers

    def item(self, number: int, rng: Rng) -> Item:
        """Return a crop; ``shown`` is what a teacher is shown."""
        crop, name = draw_crop(self.bank, rng, LESSON)
        thing = torch.from_numpy(crop.transpose(2, 0, 1).copy())
        name_number = 1 + self.numbers[name] if name else NOTHING
        return {'thing': thing, 'name': torch.tensor(name_number), 'shown': thing}


class Seconds:
    """Single sounds of a bank: ``thing`` float32 ``(1, 257, 200)``, a spectrogram, and its ``name``.

    Parameters
    ----------
    bank, numbers
        As in `Crops`.
    measured
        Whether they are measured on, and so not resampled.
    """

    def __init__(self, bank: Bank, numbers: Mapping[str, int], *, measured: bool = False) -> None:
        self.bank, self.numbers, self.measured = bank, numbers, measured

    def item(self, number: int, rng: Rng) -> Item:
        """Return a sound; ``shown`` is what a teacher hears of it."""
        name = '' if rng.random() < EMPTY else str(rng.choice(sorted(self.bank.recordings)))
        samples = draw_sound(self.bank, name, rng)
        heard = samples if self.measured else resampled(samples, rng)
        return {'thing': torch.from_numpy(spectrogram(heard))[None],
                'name': torch.tensor(1 + self.numbers[name] if name else NOTHING),
                'shown': heard_by_teacher(samples)}


def heard_by_teacher(samples: NDArray[np.float32]) -> Tensor:
    """Return a second at 48 kHz as YAMNet hears it: float32 ``(15600,)`` at 16 kHz."""
    heard = soxr.resample(samples, SAMPLE_RATE, HEARD_RATE)[-HEARD_SAMPLES:]
    return torch.from_numpy(heard.astype(np.float32))


def draw_crop(bank: Bank, rng: Rng, layout: Layout = LEARNING) -> tuple[NDArray[np.uint8], str]:
    """Return a crop ``(112, 112, 3)`` with the category of its object, or with an empty name."""
    while True:
        picture = draw_picture(bank, [str(rng.choice(sorted(bank.recordings)))], rng, layout)
        (name, box), = picture.objects or (('', (0.0, 0.0, 0.0, 0.0)),)
        if name and rng.random() >= EMPTY:
            return _cut(picture, *_near(box, rng)), name
        left, top = (int(rng.integers(SIDE - CROP + 1)) for _ in range(2))
        if not name or not _overlaps(box, left, top):
            return _cut(picture, left, top), ''


def _near(box: PixelBox, rng: Rng) -> tuple[int, int]:
    """Return where a crop begins, left and top, that has the middle of `box` near its own."""
    middles = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    left, top = (int(np.clip(middle - CROP / 2 + rng.uniform(-ASIDE, ASIDE), 0, SIDE - CROP))
                 for middle in middles)
    return left, top


def _overlaps(box: PixelBox, left: int, top: int) -> bool:
    return (left < box[0] + box[2] and box[0] < left + CROP
            and top < box[1] + box[3] and box[1] < top + CROP)


def _cut(picture: Picture, left: int, top: int) -> NDArray[np.uint8]:
    return picture.rgb[top:top + CROP, left:left + CROP]
