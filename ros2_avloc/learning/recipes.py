"""What ``avloc train`` does: stages in order, all to one network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.distil import distil
from ros2_avloc.learning.loop import Budget
from ros2_avloc.learning.naming import name_pictures, name_sounds
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training import train
from ros2_avloc.learning.worlds import LEARNED, SET_ASIDE, banks_of

WARM, NAMING = (8, 1.5e-3), (64, 2e-3)
"""Batch and learning rate of the stages before AVC."""


@dataclass(frozen=True)
class Recipe:
    """How to learn; the options of ``avloc train``."""

    pack: Path | None
    teachers: Path | None
    warm_steps: int
    naming_steps: int
    categories: bool
    steps: int
    batch: int
    rate: float
    curriculum: int
    width: int
    seed: int
    workers: int


def learn(recipe: Recipe, out: Path, *, resume: bool) -> None:
    """Warm-start from teachers, then from names, where these are asked for; then learn AVC.

    Each stage has a directory of checkpoints in `out`; with `resume` the last one that was begun goes on.

    Raises
    ------
    InputError
        If the pack or the teachers cannot be read, or there is nothing to resume.
    """
    torch.manual_seed(recipe.seed)
    stages = _stages(recipe)
    begun = [name for name in stages if (out / name / 'last.ckpt').exists()] if resume else []
    if resume and not begun:
        raise InputError(f'{out} holds no checkpoint to go on from; leave --resume out.')
    out.mkdir(parents=True, exist_ok=True)
    settings = asdict(recipe) | {'pack': recipe.pack and recipe.pack.name, 'teachers': bool(recipe.teachers)}
    (out / 'recipe.json').write_text(json.dumps(settings, indent=2) + '\n', encoding='utf-8')
    for name in list(stages)[len(begun[:-1]):]:
        last = out / name / 'last.ckpt' if name in begun else None
        stages[name](directory=out / name, resume=last)


def _stages(recipe: Recipe) -> dict[str, Callable[..., None]]:
    """Return what is to be done, in order, all to one network."""
    banks, aside = banks_of(recipe.pack, LEARNED, 'learn'), banks_of(recipe.pack, SET_ASIDE, 'calibrate')
    network, found = AVOLNet(recipe.width), list(banks.values())
    stages: dict[str, Callable[..., None]] = {}
    if recipe.teachers is not None:
        warm = Budget(recipe.warm_steps, *WARM, recipe.workers)
        stages['warm'] = partial(distil, network, found, recipe.teachers, warm, seed=recipe.seed)
    if recipe.categories:
        naming = Budget(recipe.naming_steps, *NAMING, recipe.workers)
        stages['pictures'] = partial(name_pictures, network, found, naming, seed=recipe.seed)
        stages['sounds'] = partial(name_sounds, network, found, naming, seed=recipe.seed)
    avc = Budget(recipe.steps, recipe.batch, recipe.rate, recipe.workers)
    stages['avc'] = partial(train, network, banks, aside, avc, seed=recipe.seed, curriculum=recipe.curriculum,
                            tags=recipe.categories)
    return stages
