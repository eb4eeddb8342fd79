"""What learns in each stage of a rung, from what, and what is looked at meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch.utils.data import default_collate

from ros2_avloc.learning.material.mixing import Material
from ros2_avloc.learning.material.naming import Crops, Seconds
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import CloseUps, Scenes
from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import Network
from ros2_avloc.learning.training.agreement import Agreement
from ros2_avloc.learning.training.checkpoints import part_of
from ros2_avloc.learning.training.checks import Check, check_of
from ros2_avloc.learning.training.correspondence import (
    CloseUpCorrespondence,
    Correspondence,
    PaperCorrespondence,
    TaggedCorrespondence,
)
from ros2_avloc.learning.training.heads import HeadsAlone
from ros2_avloc.learning.training.lessons import Lessons, NamedThings, teaching_of
from ros2_avloc.learning.training.loop import Budget, Learner
from ros2_avloc.learning.training.recipe import Recipe
from ros2_avloc.learning.training.replay import Replays
from ros2_avloc.learning.training.rungs import REPEATED

CHECKED = 192
"""Scenes, or things, per bank that are looked at now and then."""

LABEL_FREE = ('silence', 'noise', 'hum', 'other')
"""Negatives that need no label; sounds of other recordings are negatives within the batch."""

REFUSED = 0.3
"""Share of close-ups by which heads learn to refuse what no picture makes, without labels."""

REPLAYS = {'pictures': Replays(kept=16_000, drawn=REPEATED), 'sounds': Replays(kept=4_000, drawn=32)}
"""Crops take 63 kB each with their answers, sounds 206 kB."""


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes
    ----------
    recipe, material, network
        Of the whole run.
    name, budget
        Which stage of the rung this is, and how long it lasts.
    directory, resume
        Where it keeps what it keeps, and whether it goes on from there.
    lessons
        Checkpoint of the lessons on pictures, where there were any.
    elders
        Networks that the stage `agreement` learns from.
    recorded
        Pairs of the recordings that are set aside.
    """

    recipe: Recipe
    material: Material
    network: Network
    name: str
    budget: Budget
    directory: Path
    resume: bool
    lessons: Path | None
    elders: Sequence[AVOLNet] = ()
    recorded: Sequence[Check] = ()

    def made(self) -> tuple[Learner, Stream]:
        """Return what learns, and what it learns from."""
        if not self.resume:
            shutil.rmtree(self.replays, ignore_errors=True)
        if self.name in ('pictures', 'sounds'):
            return self._lessons()
        if self.recipe.rung == 'paper':
            scenes = self.material.stream(lambda bank: Scenes(bank, Mixture(negatives=0.0)), recorded=True)
            return PaperCorrespondence(self.network, self.budget, self.material.epoch), scenes
        if self.name == 'close-ups':
            return CloseUpCorrespondence(self.network, self.budget), self._close_ups(0.0)
        if self.name == 'heads':
            # Without labels whole frames would spoil what close-ups have taught: docs/training-log.md.
            seen = self._scenes() if self._told else self._close_ups(REFUSED)
            return HeadsAlone(self.network, self.budget, seen, self.replays, self.recipe.seed,
                              told=self._told), seen
        if isinstance(self.network, AVOLNet) and self.name == 'agreement':
            scenes = self.material.stream(lambda bank: Scenes(bank, Mixture(), shown=True), recorded=False)
            return Agreement(self.network, self.budget, self.elders, self.recipe.seed), scenes
        if not self._told:
            return Correspondence(self.network, self.budget), self._scenes()
        learner = TaggedCorrespondence(self.network, self.budget, len(self.material.numbers))
        if self.lessons is not None and not self.resume:
            learner.begin_with(part_of(self.lessons, 'to_names.'))
        return learner, self._scenes()

    def checks(self) -> Iterator[Check | NamedThings]:
        """Yield, per bank and folder of recordings, what is set aside and looked at now and then."""
        for source, bank in self.material.aside.items():
            if self.name in ('pictures', 'sounds'):
                named = bank, self.material.numbers
                things = Crops(*named) if self.name == 'pictures' else Seconds(*named, measured=True)
                drawn = default_collate([things.item(number, np.random.default_rng([1, number]))
                                         for number in range(CHECKED)])
                yield NamedThings(source, drawn['thing'], drawn['name'])
            else:
                yield check_of(source, bank, CHECKED)
        if self.name not in ('pictures', 'sounds'):
            yield from self.recorded

    @property
    def replays(self) -> Path:
        """Directory of things that are learned from again."""
        rank = os.environ.get('RANK', '0')
        return self.directory / f'replays{rank}'

    @property
    def _told(self) -> bool:
        """Whether categories are told."""
        return self.recipe.rung == 'taught'

    def _close_ups(self, negatives: float) -> Stream:
        """Return single objects or, of recordings alone, whole frames: nobody knows where objects are."""
        return self.material.stream(lambda bank: CloseUps(bank, negatives), recorded=not self.material.banks)

    def _scenes(self) -> Stream:
        """Return whole frames; where categories are told, with as many objects as ever from the start."""
        if self._told:
            numbers = self.material.numbers
            return self.material.stream(lambda bank: Scenes(bank, Mixture(), numbers=numbers), recorded=True,
                                        numbers=True)
        mixture, curriculum = Mixture(kinds=LABEL_FREE), self.recipe.curriculum
        return self.material.stream(lambda bank: Scenes(bank, mixture, curriculum), recorded=True)

    def _lessons(self) -> tuple[Learner, Stream]:
        pictures, numbers = self.name == 'pictures', self.material.numbers
        stream = self.material.stream(lambda bank: (Crops if pictures else Seconds)(bank, numbers),
                                      recorded=False)
        tower, teaching, budget = ('vision' if pictures else 'sound'), None, self.budget
        if self.recipe.teachers is None:
            budget = replace(budget, batch=budget.batch + REPLAYS[self.name].drawn)
        else:
            teaching = teaching_of(tower, self.recipe.teachers, stream, REPLAYS[self.name], self.replays)
        return Lessons(self.network, tower, budget, len(numbers), teaching=teaching,
                       seed=self.recipe.seed), stream
