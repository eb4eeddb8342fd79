"""Lessons: before AVC each tower learns from single things, where there is no doubt which one is meant.

It names them, and imitates a teacher cell by cell. The place of a thing is not told. The layers that name and
imitate are thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.utils.data import default_collate

from ros2_avloc.learning.imitation import Projection, imitation, plain
from ros2_avloc.learning.loop import Budget, Learner, scaled
from ros2_avloc.learning.matching import Network
from ros2_avloc.learning.replay import Lesson, Pool
from ros2_avloc.learning.streams import Stream, numbers_at
from ros2_avloc.learning.teachers import SOUND_CHANNELS, Ear, Eye

IMITATED = 2.0
"""Weight of imitation beside naming."""

COMPONENTS = 256
"""Principal components of MobileNetV2's vectors that are imitated; of YAMNet's all are."""

FITTED = 960
"""Crops that the components are fitted to."""


@dataclass(frozen=True)
class Replays:
    """How many things are kept, and how many of them are learned from again at each step."""

    kept: int
    drawn: int


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
        fresh = len(batch['number'])
        new = {'thing': batch['thing'].cpu(), 'name': batch['name'].cpu(),
               'answer': self._answer(batch['shown'])}
        place = step * fresh
        self.pool.extend(batch['number'].tolist(), range(place, place + fresh), new)
        oldest = max(0, place + fresh - self.replays.kept)
        places = rng.integers(oldest, place + fresh, self.replays.drawn).tolist()
        numbers = [numbers_at(one // fresh, fresh, rank, world)[one % fresh] for one in places]
        if not places:
            return new
        again = self.pool.get(numbers, places)
        # The answers are kept in half precision, which autocast does not concatenate.
        both = {key: (new[key], again[key]) for key in ('thing', 'name')}
        both['answer'] = (new['answer'].float(), again['answer'].float())
        return {key: torch.cat(parts) for key, parts in both.items()}

    def _made(self, numbers: Sequence[int]) -> Lesson:
        batch = default_collate([self._stream[number] for number in numbers])
        return {'thing': batch['thing'], 'name': batch['name'], 'answer': self._answer(batch['shown'])}

    def _answer(self, shown: Tensor) -> Tensor:
        return self._imitated(self._teacher(shown.cpu())).half()


def teaching_of(tower: str, teachers: Path, stream: Stream, replays: Replays, directory: Path) -> Teaching:
    """Return the teacher of a tower, ``'vision'`` or ``'sound'``."""
    if tower == 'sound':
        return Teaching(Ear(teachers), plain, SOUND_CHANNELS, stream, replays, directory)
    eye, stored = Eye(teachers), directory / 'components.npz'
    if not stored.exists():
        crops = torch.stack([stream[number]['shown'] for number in range(FITTED)])
        answers = torch.cat([eye(some)[:, :, ::2, ::2] for some in torch.split(crops, 16)])
        directory.mkdir(parents=True, exist_ok=True)
        Projection.of(answers, COMPONENTS).save(stored)
    projection = Projection.load(stored)
    return Teaching(eye, projection, projection.matrix.shape[1], stream, replays, directory)


class Lessons(Learner):
    """One tower, with one layer that names what it says on the whole, and one that imitates cell by cell.

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

    def __init__(self, network: Network, tower: str, budget: Budget, names: int, *,
                 teaching: Teaching | None = None, seed: int = 0) -> None:
        super().__init__(budget)
        self.network, self.seed = network, seed
        self._tower, self._teaching = tower, teaching
        network.requires_grad_(False)
        getattr(network, tower).requires_grad_(True)
        channels = 8 * network.width
        self.to_names = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, 1 + names, 1))
        self.to_answers = nn.Conv2d(channels, teaching.channels, 1) if teaching else None

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of new things, and of things seen before."""
        rng = np.random.default_rng([self.seed, self.global_step, self.global_rank])
        lesson = dict(batch)
        if self._teaching:
            taught = self._teaching.lesson(batch, self.global_step, self.global_rank, self._world, rng)
            lesson = {key: values.to(self.device) for key, values in taught.items()}
        if self._tower == 'vision':
            lesson = varied(lesson, rng)
        return self.loss_of(lesson)

    def loss_of(self, lesson: Lesson) -> Tensor:
        """Return the loss of things with names, and answers where there are any."""
        maps = self._maps(lesson['thing'])
        named = self._named(maps)
        loss = nnf.cross_entropy(named, lesson['name'], label_smoothing=0.05)
        self.log_dict({'naming': loss, 'named': (named.argmax(dim=1) == lesson['name']).float().mean()})
        if self.to_answers is None:
            return loss
        imitated = imitation(self.to_answers(maps), lesson['answer'].float())
        self.log('imitation', imitated)
        return loss + IMITATED * imitated

    def validation_step(self, check: NamedThings) -> None:
        """Log how many things get their name."""
        parts = [self._named(self._maps(some.to(self.device))) for some in torch.split(check.things, 64)]
        right = torch.cat(parts).argmax(dim=1).cpu() == check.names.cpu()
        self.log(f'named_{check.source}', right.float().mean(), batch_size=1)

    def _maps(self, things: Tensor) -> Tensor:
        if self._tower == 'vision':
            inputs = things if things.is_floating_point() else scaled(things)
            return self.network.vision(inputs)  # type: ignore[no-any-return]
        return self.network.sound(things).amax(dim=(2, 3), keepdim=True)  # type: ignore[no-any-return]

    def _named(self, maps: Tensor) -> Tensor:
        names = self.to_names(maps).float().flatten(2)
        pooled: Tensor = names.logsumexp(dim=2)
        return pooled - math.log(names.shape[2])

    @property
    def _world(self) -> int:
        return self.trainer.world_size if self._trainer else 1


def varied(lesson: Lesson, rng: np.random.Generator) -> Lesson:
    """Return crops, scaled to [-1, 1], some mirrored with their answers, each lighter or darker."""
    things = lesson['thing']
    shape = (len(things), 1, 1, 1)
    mirrored = torch.from_numpy(rng.random(shape) < 0.5).to(things.device)
    gain, shift = (torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32)).to(things.device)
                   for low, high in ((0.85, 1.15), (-0.1, 0.1)))
    turned: Lesson = {key: torch.where(mirrored, lesson[key].flip(3), lesson[key])
              for key in ('thing', 'answer') if key in lesson}
    toned = scaled(turned['thing']) * gain + shift
    return {**lesson, **turned, 'thing': toned.contiguous(memory_format=torch.channels_last)}
