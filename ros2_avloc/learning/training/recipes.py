"""What ``avloc train`` does: the stages of a rung in order, all to one network."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.mixing import Material
from ros2_avloc.learning.material.naming import Crops, Seconds
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import CloseUps, Scenes
from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks.matching import KINDS, Network
from ros2_avloc.learning.training.checks import Check, check_of
from ros2_avloc.learning.training.correspondence import (
    Correspondence,
    PaperCorrespondence,
    TaggedCorrespondence,
)
from ros2_avloc.learning.training.lessons import Lessons, NamedThings, Replays, teaching_of
from ros2_avloc.learning.training.loop import LAST, Budget, Learner, fit, part_of
from ros2_avloc.learning.training.rungs import REPEATED, RUNGS, budgets

CHECKED = 192
"""Scenes, or things, per bank that are looked at now and then."""

LABEL_FREE = ('silence', 'noise', 'hum', 'other')
"""Negatives that need no label; sounds of other recordings are negatives within the batch."""

REPLAYS = {'pictures': Replays(kept=16_000, drawn=REPEATED), 'sounds': Replays(kept=4_000, drawn=32)}
"""Crops take 63 kB each with their answers, sounds 206 kB."""


@dataclass(frozen=True)
class Recipe:
    """How to learn; the options of ``avloc train``.

    Attributes
    ----------
    rung
        One of `RUNGS`.
    network
        ``'avol'``, ``'ave'`` or ``'l3'``.
    pack, videos, bags
        What to learn from besides simulated scenes.
    teachers
        Directory of the teachers, for the rung `taught`.
    start
        Checkpoint of another run, whose network is gone on from.
    simulated_share
        Of all items.
    length, in_minutes
        Of the whole run, in steps or minutes.
    stages
        Budgets of single stages, see `rungs.budgets`.
    batch, rate
        Of AVC; ``None``: the rung's.
    curriculum
        Scenes until one more object is in view, for the rung `label-free`.
    width
        Channels of the towers' first block.
    seed
        Of the weights and of all that is drawn.
    workers
        Processes that compose items.
    """

    rung: str = 'taught'
    network: str = 'avol'
    pack: Path | None = None
    videos: Path | None = None
    bags: Path | None = None
    teachers: Path | None = None
    start: Path | None = None
    simulated_share: float = 1 / 4
    length: float = 60.0
    in_minutes: bool = True
    stages: tuple[str, ...] = ()
    batch: int | None = None
    rate: float | None = None
    curriculum: int = 4_000
    width: int = 32
    seed: int = 1
    workers: int = 1


def learn(recipe: Recipe, out: Path, *, resume: bool, say: Callable[[str], None] = print) -> None:
    """Learn, stage by stage.

    Each stage has a directory of its own in `out`; with `resume` the last one that was begun goes on.

    Raises
    ------
    InputError
        If an option or a source cannot be used, or there is nothing to resume.
    StoppedError
        On Ctrl-C, after a checkpoint was saved.
    """
    if recipe.network not in KINDS:
        raise InputError(f'There is no network {recipe.network!r}; choose one of {", ".join(KINDS)}.')
    budget = budgets(recipe.rung, (recipe.length, recipe.in_minutes), recipe.stages, batch=recipe.batch,
                     rate=recipe.rate, workers=recipe.workers)
    begun = [name for name in budget if (out / name / LAST).exists()] if resume else []
    if resume and not begun:
        raise InputError(f'{out} holds no checkpoint to go on from; leave --resume out.')
    if recipe.rung == 'paper' and budget['avc'].batch < 4:
        raise InputError('Matching and mismatching pairs, half and half, need a --batch of at least 4.')
    first = int(os.environ.get('RANK', '0')) == 0
    out.mkdir(parents=True, exist_ok=True)
    if first:
        text = json.dumps(written(recipe, budget), indent=2) + '\n'
        (out / 'recipe.json').write_text(text, encoding='utf-8')
    torch.manual_seed(recipe.seed)
    network = KINDS[recipe.network](recipe.width, batch_norm=recipe.rung != 'paper')
    if recipe.start is not None and not begun:
        _begin_with(network, recipe.start)
    material = _material(recipe, list(budget.values())[-1].batch)
    for name in list(budget)[len(begun[:-1]):]:
        lessons = out / 'pictures' / LAST if 'pictures' in budget else None
        stage = _Stage(recipe, material, network, name, budget[name], out / name, resume and name in begun,
                       lessons)
        fit(*stage.made(), stage.directory, resume=stage.resume, checks=list(stage.checks()),
            say=say if first else _hush)
        shutil.rmtree(stage.replays, ignore_errors=True)


def _begin_with(network: Network, checkpoint: Path) -> None:
    try:
        weights = part_of(checkpoint, 'network.')
    except (OSError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f'{checkpoint} is no checkpoint of avloc train.') from error
    shapes, found = ({name: tuple(weight.shape) for name, weight in state.items()}
                     for state in (network.state_dict(), weights))
    wrong = sorted({name for name, _ in shapes.items() ^ found.items()})
    if wrong:
        raise InputError(f'{checkpoint} holds another network than --network, --width and --rung ask for: '
                         f'{wrong[0]} is {found.get(wrong[0], "missing")} there, '
                         f'{shapes.get(wrong[0], "missing")} here.')
    network.load_state_dict(weights)


def _material(recipe: Recipe, batch: int) -> Material:
    folders = [folder for folder in (recipe.videos, recipe.bags) if folder is not None]
    group = batch * int(os.environ.get('WORLD_SIZE', '1'))
    material = Material.read(recipe.pack, folders, recipe.simulated_share, recipe.seed, group)
    if recipe.rung == 'taught' and not material.banks:
        raise InputError('The rung taught needs categories, which only packs and simulated scenes have; '
                         'name --pack, or choose --rung label-free.')
    return material


@dataclass(frozen=True)
class _Stage:
    recipe: Recipe
    material: Material
    network: Network
    name: str
    budget: Budget
    directory: Path
    resume: bool
    lessons: Path | None

    def made(self) -> tuple[Learner, Stream]:
        """Return what learns, and what it learns from."""
        if self.name in ('pictures', 'sounds'):
            return self._lessons()
        if self.recipe.rung == 'paper':
            scenes = self.material.stream(lambda bank: Scenes(bank, Mixture(negatives=0.0)), recorded=True)
            return PaperCorrespondence(self.network, self.budget, self.material.epoch), scenes
        if self.name == 'close-ups':
            # Where there are recordings alone, whole frames: nobody knows where in them single objects are.
            close_ups = self.material.stream(CloseUps, recorded=not self.material.banks)
            return Correspondence(self.network, self.budget), close_ups
        if self.recipe.rung == 'label-free':
            mixture, curriculum = Mixture(kinds=LABEL_FREE), self.recipe.curriculum
            scenes = self.material.stream(lambda bank: Scenes(bank, mixture, curriculum), recorded=True)
            return Correspondence(self.network, self.budget), scenes
        numbers = self.material.numbers
        scenes = self.material.stream(lambda bank: Scenes(bank, Mixture(), numbers=numbers), recorded=True,
                                      numbers=True)
        learner, lessons = TaggedCorrespondence(self.network, self.budget, len(numbers)), self.lessons
        if lessons is not None and not self.resume:
            learner.begin_with(part_of(lessons, 'to_names.'))
        return learner, scenes

    def checks(self) -> Iterator[Check | NamedThings]:
        """Yield, per bank that is set aside, what is looked at now and then."""
        for source, bank in self.material.aside.items():
            if self.name in ('pictures', 'sounds'):
                things = (Crops if self.name == 'pictures' else Seconds)(bank, self.material.numbers)
                drawn = default_collate([things.item(number, np.random.default_rng([1, number]))
                                         for number in range(CHECKED)])
                yield NamedThings(source, drawn['thing'], drawn['name'])
            else:
                yield check_of(source, bank, CHECKED)

    @property
    def replays(self) -> Path:
        """Directory of things that are learned from again."""
        rank = os.environ.get('RANK', '0')
        return self.directory / f'replays{rank}'

    def _lessons(self) -> tuple[Learner, Stream]:
        pictures, numbers = self.name == 'pictures', self.material.numbers
        stream = self.material.stream(lambda bank: (Crops if pictures else Seconds)(bank, numbers),
                                      recorded=False)
        tower, teaching, budget = ('vision' if pictures else 'sound'), None, self.budget
        if self.recipe.teachers is None:
            budget = replace(budget, batch=budget.batch + REPLAYS[self.name].drawn)
        else:
            if not self.resume:
                shutil.rmtree(self.replays, ignore_errors=True)
            teaching = teaching_of(tower, self.recipe.teachers, stream, REPLAYS[self.name], self.replays)
        return Lessons(self.network, tower, budget, len(numbers), teaching=teaching,
                       seed=self.recipe.seed), stream


def written(recipe: Recipe, budget: dict[str, Budget]) -> dict[str, Any]:
    """Return a recipe as the model card and ``recipe.json`` state it; of paths only their names.

    Packs, categories and teachers count that the network learned from in the run that it began in, too.
    """
    settings = {name: value.name if isinstance(value, Path) else value
                for name, value in asdict(recipe).items()}
    for name in ('length', 'in_minutes', 'batch', 'rate'):
        del settings[name]
    before: dict[str, Any] = {}
    if recipe.start is not None:
        settings['start'] = '/'.join(recipe.start.absolute().parts[-3:])  # RUN/STAGE/last.ckpt
        beside = recipe.start.parent.parent / 'recipe.json'
        before = json.loads(beside.read_text(encoding='utf-8')) if beside.exists() else {}
    taught = recipe.rung == 'taught'
    return settings | {
        'says': RUNGS[recipe.rung].says, 'pack': settings['pack'] or before.get('pack'),
        'categories': taught or before.get('categories', False),
        'teachers': (taught and recipe.teachers is not None) or before.get('teachers', False),
        'stages': [f'{name}: {one.length:g} {"minutes" if one.in_minutes else "steps"}, batch {one.batch}, '
                   f'rate {one.learning_rate:g}' for name, one in budget.items()],
    }


def _hush(_: str) -> None:
    pass
