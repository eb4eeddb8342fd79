"""Items without end: item k depends on the seed and on k alone.

So any number of workers or processes, and a run that was interrupted, learn from the same items.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

APART = 1 << 40
"""Between the identities of two sources of a stream: no source gives so many."""

Rng = np.random.Generator
Item = dict[str, Tensor]

NOBODY = -1
"""Identity of a sound that belongs to no picture."""

ANY_GROUP = -1
"""Group of an item that may be held against items of all groups: one that was composed."""


class Source(Protocol):
    """Where items come from."""

    def item(self, number: int, rng: Rng) -> Item:
        """Return item `number`; all that is left to chance is drawn from `rng`."""


class Stream(Dataset[Item]):
    """Items drawn from several sources; identities of two sources are `APART`.

    Parameters
    ----------
    sources
        With the share that each has; shares need not sum to 1.
    seed
        Of all that is drawn.
    """

    def __init__(self, sources: Sequence[tuple[Source, float]], seed: int) -> None:
        self.sources, self.seed = [source for source, _ in sources], seed
        shares = np.array([share for _, share in sources], float)
        self._shares = shares / shares.sum()

    def __getitem__(self, number: int) -> Item:
        """Return item `number`."""
        rng = np.random.default_rng([self.seed, number])
        place = int(rng.choice(len(self.sources), p=self._shares))
        item = self.sources[place].item(number, rng)
        moved: Item = {key: item[key] + place * APART for key in ('identity', 'sound_identity')
                       if key in item and item[key] != NOBODY}
        return {**item, **moved, 'number': torch.tensor(number)}


class Batches(Sampler[list[int]]):
    """Numbers of the items of each step, from step `start` on.

    Step s of `world` processes learns from the items ``s * world * batch`` and up; each process takes `batch`
    of them that follow one another.
    """

    def __init__(self, batch: int, start: int = 0, rank: int = 0, world: int = 1) -> None:
        self.batch, self.start, self.rank, self.world = batch, start, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        for step in itertools.count(self.start):
            yield list(numbers_at(step, self.batch, self.rank, self.world))


def numbers_at(step: int, batch: int, rank: int = 0, world: int = 1) -> range:
    """Return the numbers of the items that a process learns from at a step."""
    first = (step * world + rank) * batch
    return range(first, first + batch)


def loader_of(stream: Dataset[Any], batches: Sampler[list[int]], workers: int) -> DataLoader[Any]:
    """Return batches in order, composed by `workers` processes (0: by this one) ahead of time."""
    cv2.setNumThreads(1)  # here: OpenCV's threads do not survive a fork, and a worker would wait for them
    gc.collect()  # here: the loader of a stage before, collected in a worker, would wait for its own workers
    return DataLoader(stream, batch_sampler=batches, num_workers=workers, worker_init_fn=_prepare_worker,
                      prefetch_factor=4 if workers else None, persistent_workers=workers > 0,
                      pin_memory=torch.cuda.is_available())


PROMISED = multiprocessing.RawValue('b', False)
"""Whether the process that learns has promised to end when it is told to; those that compose items see it."""


def _prepare_worker(_: int) -> None:
    """Leave what is sent to all of a run to the process that learns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_unless_promised)


def _end_unless_promised(number: int, _: object) -> None:
    if not PROMISED.value:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
