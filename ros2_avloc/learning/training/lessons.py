"""Lessons: before AVC each tower learns from single things, where there is no doubt which one is meant.

It names them, and imitates a teacher cell by cell. A layer on the teacher's answers learns the names too; it
is surer than the tower is, and the tower's names follow its names cell by cell. The place of a thing is not
told. The layers that name and imitate are thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.utils.data import default_collate

from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks.matching import Network
from ros2_avloc.learning.training.augmentation import masked, varied_pictures
from ros2_avloc.learning.training.imitation import Projection, following, imitation
from ros2_avloc.learning.training.loop import Budget, Learner, scaled
from ros2_avloc.learning.training.replay import Lesson, Pool, Replays
from ros2_avloc.learning.training.teachers import Ear, Eye

FOLLOWED = {'vision': 2.0, 'sound': 1.0}
"""Weight of following, beside naming and imitation, which have 1."""

RISING = 300
"""Steps over which following sets in: until then its guide has names to learn itself."""

COMPONENTS = 256
"""Principal components of a teacher's vectors that are imitated."""

FITTED = {'vision': 960, 'sound': 2_560}
"""Things that the components are fitted to; a crop gives 16 vectors, a sound one."""


class NamedThings(NamedTuple):
    """Things to look at between two steps: uint8 crops or float32 spectrograms, and their names."""

    source: str
    things: Tensor
    names: Tensor


class Teaching:
    """A teacher, what is imitated of its answers, and the things that are learned from again.

    Parameters
    ----------
    teacher
        Answers to what a thing holds as ``shown``.
    imitated
        Makes of answers what is imitated, float32 ``(n, channels, rows, columns)``.
    channels
        Of that.
    stream
        Of things.
    replays
        See `Replays`.
    directory
        For files.
    """

    def __init__(self, teacher: Callable[[Tensor], Tensor], imitated: Callable[[Tensor], Tensor],
                 channels: int, stream: Stream, replays: Replays, directory: Path) -> None:
        self.channels, self.replays = channels, replays
        self._teacher, self._imitated, self._stream = teacher, imitated, stream
        self.pool = Pool(directory, replays.kept, self._made)

    def __deepcopy__(self, memo: dict[int, object]) -> Teaching:
        """Return itself: averaging copies the module that learns, and compiled networks cannot be copied."""
        return self

    def lesson(self, batch: Lesson, step: int, rank: int, world: int, rng: np.random.Generator) -> Lesson:
        """Return the things of a batch, and others from before, with answers; the batch is kept."""
        new = {'thing': batch['thing'].cpu(), 'name': batch['name'].cpu(),
               'answer': self._answer(batch['shown'])}
        both = self.pool.with_earlier(batch['number'].tolist(), new, self.replays.drawn, step=step, rank=rank,
                                      world=world, rng=rng)
        return {**both, 'answer': both['answer'].float()}

    def _made(self, numbers: Sequence[int]) -> Lesson:
        batch = default_collate([self._stream[number] for number in numbers])
        return {'thing': batch['thing'], 'name': batch['name'], 'answer': self._answer(batch['shown'])}

    def _answer(self, shown: Tensor) -> Tensor:
        return self._imitated(self._teacher(shown.cpu())).half()


def teaching_of(tower: str, teachers: Path, stream: Stream, replays: Replays, directory: Path) -> Teaching:
    """Return the teacher of a tower, ``'vision'`` or ``'sound'``."""
    teacher: Eye | Ear = Eye(teachers) if tower == 'vision' else Ear(teachers)
    stored = directory / 'components.npz'
    if not stored.exists():
        shown = torch.stack([stream[number]['shown'] for number in range(FITTED[tower])])
        answers = torch.cat([teacher(some)[:, :, ::2, ::2] for some in torch.split(shown, 16)])
        directory.mkdir(parents=True, exist_ok=True)
        Projection.of(answers, COMPONENTS).save(stored)
    projection = Projection.load(stored)
    return Teaching(teacher, projection, projection.matrix.shape[1], stream, replays, directory)


class Lessons(Learner):
    """One tower, with one layer that names what it says on the whole, and one that imitates cell by cell.

    With a teacher, a guide, one layer too, learns names from the answers. Its loss is part of the sum, but
    answers carry no gradient: nothing of it reaches the tower but what following takes over.

    Parameters
    ----------
    network
        Whose tower learns; the rest stays as it is.
    tower
        ``'vision'`` or ``'sound'``.
    names
        How many there are; 0 is for things of none.
    teaching
        Where there is a teacher.
    seed
        Of what is seen again, and how it is varied.
    """

    decay, falling = 0.03, 1 / 2

    def __init__(self, network: Network, tower: str, budget: Budget, names: int, *,
                 teaching: Teaching | None = None, seed: int = 0) -> None:
        super().__init__(budget)
        self.network, self.seed = network, seed
        self._tower, self._teaching = tower, teaching
        network.requires_grad_(False)
        getattr(network, tower).requires_grad_(True)
        channels = 8 * network.width
        self.to_names = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, 1 + names, 1))
        if teaching:
            self.to_answers = nn.Conv2d(channels, teaching.channels, 1)
            self.guide = nn.Sequential(nn.BatchNorm2d(teaching.channels, affine=False),
                                       nn.Conv2d(teaching.channels, 1 + names, 1))

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of new things, and of things seen before."""
        rng = np.random.default_rng([self.seed, self.global_step, self.global_rank])
        lesson = self._taught(self._teaching, batch, rng) if self._teaching else dict(batch)
        if self._tower == 'vision':
            return self.loss_of(varied(lesson, rng), self.global_step)
        return self.loss_of({**lesson, 'thing': masked(lesson['thing'], rng)}, self.global_step)

    def _taught(self, teaching: Teaching, batch: dict[str, Tensor], rng: np.random.Generator) -> Lesson:
        """Return what is taught of a batch; teachers run on the processor, so their time is counted apart."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # what the network still computes is not the teacher's time
        with self.taught:
            lesson = teaching.lesson(batch, self.global_step, self.global_rank, self._world, rng)
        return {key: values.to(self.device) for key, values in lesson.items()}

    def loss_of(self, lesson: Lesson, step: int) -> Tensor:
        """Return the loss of things with names, and answers where there are any."""
        maps = self._maps(lesson['thing'])
        names = self.to_names(maps)
        losses = {'naming': _naming(names, lesson['name'])}
        if self._teaching:
            answers = lesson['answer'].float()
            guide = self.guide(answers)
            losses['imitation'] = imitation(self.to_answers(maps), answers)
            losses['guide'] = _naming(guide, lesson['name'])
            losses['following'] = following(names, guide)
        self.log_dict({**losses, 'named': _right(names, lesson['name'])})
        weights = {'following': FOLLOWED[self._tower] * min(1.0, step / RISING)}
        return torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()

    def validation_step(self, check: NamedThings) -> None:
        """Log how many things get their name."""
        parts = [self.to_names(self._maps(some.to(self.device))) for some in torch.split(check.things, 64)]
        right = _right(torch.cat(parts), check.names.to(self.device))
        self.log(f'named_{check.source}', right, batch_size=1)

    def _maps(self, things: Tensor) -> Tensor:
        if self._tower == 'vision':
            inputs = things if things.is_floating_point() else scaled(things)
            return self.network.vision(inputs)  # type: ignore[no-any-return]
        return self.network.sound(things).amax(dim=(2, 3), keepdim=True)  # type: ignore[no-any-return]

    @property
    def _world(self) -> int:
        return self.trainer.world_size if self._trainer else 1


def varied(lesson: Lesson, rng: np.random.Generator) -> Lesson:
    """Return crops in [-1, 1], some mirrored with their answers, in other light and by other cameras."""
    things = lesson['thing']
    mirrored = torch.from_numpy(rng.random((len(things), 1, 1, 1)) < 0.5).to(things.device)
    turned: Lesson = {key: torch.where(mirrored, lesson[key].flip(3), lesson[key])
                      for key in ('thing', 'answer') if key in lesson}
    return {**lesson, **turned, 'thing': varied_pictures(turned['thing'], rng)}


def _naming(names: Tensor, wanted: Tensor) -> Tensor:
    return nnf.cross_entropy(_pooled(names), wanted, label_smoothing=0.05)


def _right(names: Tensor, wanted: Tensor) -> Tensor:
    return (_pooled(names).argmax(dim=1) == wanted).float().mean()


def _pooled(names: Tensor) -> Tensor:
    """Return what cells ``(n, names, rows, columns)`` say on the whole."""
    cells = names.float().flatten(2)
    pooled: Tensor = cells.logsumexp(dim=2)
    return pooled - math.log(cells.shape[2])
