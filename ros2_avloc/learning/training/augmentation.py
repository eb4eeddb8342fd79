"""How things that are learned from are varied, anew each time: as tensors, where the network is."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.learning.material.streams import Rng
from ros2_avloc.learning.training.loop import scaled

GREY, UNSHARP, NOISY = 0.08, 0.2, 0.25
"""Shares of pictures without colour, with blur (half of them) or of fewer pixels, and with noise."""

BANDS, STRETCHES = 0.5, 0.3
"""Shares of spectrograms of which some frequencies, or some time, are hidden."""


def varied_pictures(pictures: Tensor, rng: Rng) -> Tensor:
    """Return uint8 pictures ``(n, 3, side, side)`` in [-1, 1], in other light and by other cameras."""
    values = _noisy(_unsharp(_toned(scaled(pictures), rng), rng), rng)
    return values.clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def masked(spectrograms: Tensor, rng: Rng) -> Tensor:
    """Return spectrograms ``(n, 1, 257, 200)`` with a band or a stretch of some set to their mean.

    As SpecAugment (Park et al., Interspeech 2019) does: up to 26 frequencies and 29 columns.
    """
    count, _, frequencies, columns = spectrograms.shape
    bands = _hidden(count, frequencies, 27, BANDS, rng)[:, None, :, None]
    stretches = _hidden(count, columns, 30, STRETCHES, rng)[:, None, None, :]
    mean = spectrograms.mean(dim=(1, 2, 3), keepdim=True)
    return torch.where((bands | stretches).to(spectrograms.device), mean, spectrograms)


def _toned(pictures: Tensor, rng: Rng) -> Tensor:
    count = len(pictures)
    saturation = rng.uniform(0.5, 1.4, (count, 1)) * (rng.random((count, 1)) >= GREY)
    gains = rng.uniform(0.75, 1.25, (count, 1)) * rng.uniform(0.92, 1.08, (count, 3))
    shift = rng.uniform(-0.2, 0.2, (count, 1))
    grey = pictures.mean(dim=1, keepdim=True)
    coloured = torch.lerp(grey, pictures, _factors(saturation, pictures))
    return coloured * _factors(gains, pictures) + _factors(shift, pictures)


def _unsharp(pictures: Tensor, rng: Rng) -> Tensor:
    for place in np.flatnonzero(rng.random(len(pictures)) < UNSHARP).tolist():
        blurred, part = rng.random() < 0.5, rng.uniform(0.45, 0.95)
        picture = pictures[place:place + 1]
        pictures[place:place + 1] = _blurred(picture) if blurred else _coarsened(picture, part)
    return pictures


def _blurred(pictures: Tensor) -> Tensor:
    return nnf.avg_pool2d(nnf.pad(pictures, (1, 1, 1, 1), mode='replicate'), 3, 1)


def _coarsened(pictures: Tensor, part: float) -> Tensor:
    side = pictures.shape[-1]
    small = nnf.interpolate(pictures, size=(round(part * side), round(part * side)), mode='area')
    return nnf.interpolate(small, size=(side, side), mode='bilinear', align_corners=False)


def _noisy(pictures: Tensor, rng: Rng) -> Tensor:
    noisy = np.flatnonzero(rng.random(len(pictures)) < NOISY)
    noise = rng.standard_normal((len(noisy), *pictures.shape[1:]), dtype=np.float32)
    noise *= 0.06 * rng.random((len(noisy), 1, 1, 1), dtype=np.float32)
    pictures[torch.from_numpy(noisy).to(pictures.device)] += torch.from_numpy(noise).to(pictures.device)
    return pictures


def _factors(values: NDArray[np.float64], pictures: Tensor) -> Tensor:
    """Return numbers ``(n, channels)`` so that they multiply pictures."""
    return torch.from_numpy(values.astype(np.float32))[..., None, None].to(pictures.device)


def _hidden(count: int, length: int, longest: int, share: float, rng: Rng) -> Tensor:
    """Return which of `length` places are hidden, bool ``(count, length)``: 5 to `longest` - 1 in a row."""
    begins, widths = rng.integers(0, length - longest, (count, 1)), rng.integers(5, longest, (count, 1))
    places = np.arange(length)
    inside = (places >= begins) & (places < begins + widths)
    return torch.from_numpy(inside & (rng.random((count, 1)) < share))
