"""Scenes: a picture, a second of sound, and which of the objects in view makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.material import pictures, sounds
from ros2_avloc.learning.material.banks import Bank, Recording
from ros2_avloc.learning.material.pictures import LEARNING, Layout, Picture

Rng = np.random.Generator


@dataclass(frozen=True)
class Scene:
    """A picture and a second of sound.

    Attributes
    ----------
    picture
        What is seen, with the categories and boxes of its objects.
    samples
        What is heard, float32 ``(48240,)``.
    heard
        Categories that sound; they are in view where `negative` is empty, and out of view otherwise.
    negative
        Where nothing in view makes the sound, what it is: ``'silence'``, ``'noise'``, ``'hum'``,
        ``'elsewhere'`` (a category that is not in view) or ``'other'`` (a sound of no category).
    """

    picture: Picture
    samples: NDArray[np.float32]
    heard: tuple[str, ...]
    negative: str


NEGATIVES = ('silence', 'noise', 'hum', 'elsewhere', 'other')
"""Kinds of sounds that nothing in view makes."""


@dataclass(frozen=True)
class Mixture:
    """How scenes are drawn.

    Attributes
    ----------
    fewest, most
        Objects in view; all numbers between are equally frequent.
    negatives
        Share of scenes whose sound nothing in view makes.
    duets
        Share of scenes, among those with two objects or more, in which two of them sound.
    layout
        How objects are laid out in composed pictures.
    kinds
        Of negatives.
    """

    fewest: int = 1
    most: int = 4
    negatives: float = 0.2
    duets: float = 0.15
    layout: Layout = LEARNING
    kinds: tuple[str, ...] = NEGATIVES


def draw_scene(bank: Bank, mixture: Mixture, rng: Rng) -> Scene:
    """Draw one scene from a bank."""
    count = min(int(rng.integers(mixture.fewest, mixture.most + 1)), len(bank.recordings))
    wanted = [str(name) for name in rng.choice(sorted(bank.recordings), count, replace=False)]
    picture = pictures.draw_picture(bank, wanted, rng, mixture.layout)
    if rng.random() < mixture.negatives:
        return negative_scene(bank, picture, str(rng.choice(_possible(bank, picture, mixture.kinds))), rng)
    in_view = [name for name, _ in picture.objects]
    duet = len(in_view) > 1 and rng.random() < mixture.duets
    heard = tuple(str(name) for name in rng.choice(in_view, 2 if duet else 1, replace=False))
    return Scene(picture, sounds.vary(_mixed(bank, heard, rng), rng), heard, '')


def negative_scene(bank: Bank, picture: Picture, negative: str, rng: Rng) -> Scene:
    """Return a scene whose sound, of a kind named in `NEGATIVES`, nothing in `picture` makes."""
    if negative != 'elsewhere':
        return Scene(picture, _nameless(bank, negative, rng), (), negative)
    in_view = {name for name, _ in picture.objects}
    heard = str(rng.choice(sorted(set(bank.recordings) - in_view)))
    return Scene(picture, draw_sound(bank, heard, rng), (heard,), negative)


def draw_sound(bank: Bank, name: str, rng: Rng, *, plain: bool = False) -> NDArray[np.float32]:
    """Return a second of a category's sound, or with an empty name of one that belongs to none.

    Where it is to be plain, only its level is varied.
    """
    if name:
        return (sounds.levelled if plain else sounds.vary)(_mixed(bank, [name], rng), rng)
    kinds = ('silence', 'noise', 'hum', *(['other'] if bank.negatives else []))
    return _nameless(bank, str(rng.choice(kinds)), rng)


def _nameless(bank: Bank, negative: str, rng: Rng) -> NDArray[np.float32]:
    level = 10 ** (rng.uniform(-60, -12) / 20)
    if negative == 'silence':
        return sounds.silence(rng)
    if negative == 'noise':
        return np.clip(sounds.noise(rng, level), -1, 1)
    if negative == 'hum':
        return sounds.hum(rng, level)
    name = str(rng.choice(sorted(bank.negatives)))
    return sounds.vary(_one_of(bank.negatives[name], rng), rng)


def _possible(bank: Bank, picture: Picture, kinds: Sequence[str]) -> list[str]:
    """Return those of the kinds of negatives that a bank has for a picture."""
    lacking = set()
    if not bank.negatives:
        lacking.add('other')
    if len(picture.objects) == len(bank.recordings):
        lacking.add('elsewhere')
    return [name for name in kinds if name not in lacking]


def _mixed(bank: Bank, names: Sequence[str], rng: Rng) -> NDArray[np.float32]:
    parts = [_one_of(bank.recordings[name], rng) for name in names]
    return sounds.mix(parts, rng) if len(parts) > 1 else parts[0]


def _one_of(recordings: Sequence[Recording], rng: Rng) -> NDArray[np.float32]:
    return sounds.second_of(recordings[int(rng.integers(len(recordings)))], rng)
