"""What ``avloc train`` does: the stages of a rung in order, all to one network."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import default_collate

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.mixing import Material
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import Scenes
from ros2_avloc.learning.material.streams import Item
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import KINDS, Network, made
from ros2_avloc.learning.networks.towers import STRIDE
from ros2_avloc.learning.training.checkpoints import LAST, begun_at, load_all, network_in
from ros2_avloc.learning.training.checks import recorded_checks
from ros2_avloc.learning.training.loop import Budget, fit
from ros2_avloc.learning.training.recipe import RECIPE, Recipe, check_resumed, written
from ros2_avloc.learning.training.rungs import budgets
from ros2_avloc.learning.training.stages import CHECKED, Stage
from ros2_avloc.learning.training.starting import begin_with
from ros2_avloc.learning.training.teachers import check_teachers
from ros2_avloc.learning.training.unfolding import begin_with_bundle, network_of
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.recordings.topics import Named

STATISTICS = 128
"""Scenes that BatchNorm's statistics are taken of, where a run begins with a bundle."""


def learn(recipe: Recipe, out: Path, *, resume: bool, say: Callable[[str], None] = print) -> None:
    """Learn, stage by stage.

    Each stage has a directory of its own in `out`; with `resume` the last one that was begun goes on.

    Raises
    ------
    InputError
        If an option or a source cannot be used, there is nothing to resume, or a run lies in `out` that is
        not to be resumed.
    StoppedError
        On Ctrl-C, after a checkpoint was saved.
    """
    if recipe.network not in KINDS:
        raise InputError(f'There is no network {recipe.network!r}; choose one of {", ".join(KINDS)}.')
    budget = budgets(recipe.rung, (recipe.length, recipe.in_minutes), recipe.stages, batch=recipe.batch,
                     rate=recipe.rate, workers=recipe.workers, recorded=bool(_folders(recipe)))
    begun = [name for name in budget if (out / name / LAST).exists()] if resume else []
    if resume and not begun:
        raise InputError(f'{out} holds no checkpoint to go on from; leave --resume out to begin.')
    _check(recipe, budget)
    elders = _elders_named(recipe, budget)
    first = int(os.environ.get('RANK', '0')) == 0
    if begun:
        check_resumed(recipe, out)
        begun_at(out / begun[-1] / LAST)  # a damaged one shows at once
    elif first:
        _make(out)
    torch.manual_seed(recipe.seed)
    network = made(recipe.network, recipe.width, recipe.embedding, batch_norm=recipe.rung != 'paper')
    start = None if begun else recipe.start
    if start is not None and not start.is_dir():
        begin_with(network, start)
    material = _material(recipe, list(budget.values())[-1].batch)
    aside = recorded_checks(_folders(recipe), CHECKED, _named(recipe))
    if start is not None and start.is_dir():
        begin_with_bundle(network, start, lambda: _some(material))
    names = list(budget)
    for place, name in list(enumerate(names))[len(begun[:-1]):]:
        # Of the stage alone: how often a run was interrupted must not show in what a stage begins with.
        torch.manual_seed(_stage_seed(recipe.seed, place))
        lessons = out / 'pictures' / LAST if 'pictures' in budget else None
        resumed = resume and name in begun
        agreed = _elders(network, elders, out, names[:place], resumed) if name == 'agreement' else []
        stage = Stage(recipe, material, network, name, budget[name], out / name, resumed, lessons,
                      agreed, aside)
        learner, stream = stage.made()
        if stage.resume:
            load_all(learner, stage.directory / LAST)
        if first:
            _write_recipe(recipe, budget, out)
        fit(learner, stream, stage.directory, resume=stage.resume, checks=list(stage.checks()),
            say=say if first else _hush)
        shutil.rmtree(stage.replays, ignore_errors=True)


def _some(material: Material) -> Item:
    """Return some of the scenes that are learned from."""
    scenes = material.stream(lambda bank: Scenes(bank, Mixture()), recorded=True)
    found: Item = default_collate([scenes[number] for number in range(STATISTICS)])
    return found


def _elders(network: Network, others: Sequence[AVOLNet], out: Path, stages: Sequence[str],
            resumed: bool) -> list[AVOLNet]:
    """Return what a network learns to agree with: what it begins as, after `stages`, and the others."""
    if not stages:
        return list(others)
    begun = network_in(out / stages[-1] / LAST) if resumed else copy.deepcopy(network)
    assert isinstance(begun, AVOLNet)
    return [begun, *others]


def _elders_named(recipe: Recipe, budget: Mapping[str, Budget]) -> list[AVOLNet]:
    """Read the elders that are there before the run: a wrong one shows at once, not when its stage begins."""
    begun = [recipe.start] if next(iter(budget)) == 'agreement' and recipe.start is not None else []
    return [_elder(place) for place in (*begun, *recipe.agree_with)]


def _elder(place: Path) -> AVOLNet:
    """Return the network of a checkpoint or of a bundle."""
    network = network_of(place) if place.is_dir() else network_in(place)
    if not isinstance(network, AVOLNet) or network.stride != STRIDE:
        raise InputError(f'{place} holds no AVOL-Net with cells of {STRIDE} pixels; the stage agreement '
                         'learns from such ones alone.')
    return network


def _stage_seed(seed: int, place: int) -> int:
    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0])


def _check(recipe: Recipe, budget: Mapping[str, Budget]) -> None:
    """Refuse what cannot be done, before anything that takes time."""
    if recipe.rung == 'paper' and budget['avc'].batch < 4:
        raise InputError('Matching and mismatching pairs, half and half, need a --batch of at least 4.')
    if recipe.network == 'l3' and recipe.embedding != Recipe.embedding:
        raise InputError('The network l3 has no embeddings; leave --embedding out, or choose another.')
    if recipe.teachers is not None:
        if recipe.rung != 'taught':
            raise InputError(f'The rung {recipe.rung} has no teachers; leave --teachers out, or choose '
                             '--rung taught.')
        check_teachers(recipe.teachers)
    if recipe.start is not None and recipe.start.is_dir():
        Bundle.load(recipe.start)
    _check_agreement(recipe, list(budget))


def _check_agreement(recipe: Recipe, stages: Sequence[str]) -> None:
    if 'agreement' not in stages:
        if recipe.agree_with:
            raise InputError('--agree-with is for the stage agreement of the rung taught; give it a length, '
                             'as in --stage agreement=30min, or leave --agree-with out.')
    elif recipe.network != 'avol':
        raise InputError('The stage agreement is of the network avol alone; leave it out.')
    elif stages == ['agreement'] and recipe.start is None:
        raise InputError('The stage agreement needs a network that has learned; name one by --start, or give '
                         'another stage a length.')
    elif stages == ['agreement'] and _folders(recipe):
        raise InputError('The stage agreement learns from composed scenes alone; leave --videos and --bags '
                         'out, or give the stage avc a length.')


def _make(out: Path) -> None:
    """Make the directory of a run, where none lies yet."""
    if any(out.glob(f'*/{LAST}')):
        raise InputError(f'{out} holds a run already; go on from it with --resume, or give another '
                         'directory.')
    with _written_to(out):
        out.mkdir(parents=True, exist_ok=True)


def _write_recipe(recipe: Recipe, budget: dict[str, Budget], out: Path) -> None:
    text = json.dumps(written(recipe, budget), indent=2) + '\n'
    with _written_to(out):
        (out / RECIPE).write_text(text, encoding='utf-8')


@contextmanager
def _written_to(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f'{out} cannot be written to ({error.strerror}); give another directory for the '
                         'run.') from error


def _material(recipe: Recipe, batch: int) -> Material:
    group = batch * int(os.environ.get('WORLD_SIZE', '1'))
    folders = list(_folders(recipe).values())
    material = Material.read(recipe.pack, folders, recipe.simulated_share, recipe.seed, group, _named(recipe))
    if recipe.rung == 'taught' and not material.banks:
        raise InputError('The rung taught needs categories, which only packs and simulated scenes have; '
                         'name --pack, or choose --rung label-free.')
    return material


def _folders(recipe: Recipe) -> dict[str, Path]:
    folders = {'videos': recipe.videos, 'bags': recipe.bags}
    return {name: folder for name, folder in folders.items() if folder is not None}


def _named(recipe: Recipe) -> Named:
    return Named(recipe.image_topic, recipe.audio_topic)


def _hush(_: str) -> None:
    pass
