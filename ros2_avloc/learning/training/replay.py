"""What was learned from before, kept with what costs more than learning: answers of teachers or towers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.learning.material.streams import numbers_at

Lesson = dict[str, Tensor]
"""A batch of things: ``thing``, ``name`` and ``answer``; or of scenes, as a tower's maps."""


@dataclass(frozen=True)
class Replays:
    """How many things are kept, and how many of them are learned from again at each step."""

    kept: int
    drawn: int


class Pool:
    """The last things of a stream with their lessons, in files beside the checkpoints.

    What is kept follows from the numbers alone, so that a run that was interrupted goes on with the same
    things; those that the files do not hold are made again.

    Parameters
    ----------
    directory
        For the files.
    size
        Things that are kept.
    make
        Returns the lessons of the things of these numbers.
    """

    def __init__(self, directory: Path, size: int, make: Callable[[Sequence[int]], Lesson]) -> None:
        self._directory, self._size, self._make = directory, size, make
        self._files: dict[str, NDArray[np.generic]] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> Pool:
        """Return itself: averaging copies the module that learns, and one pool is enough."""
        return self

    def extend(self, numbers: Sequence[int], places: Sequence[int], lesson: Lesson) -> None:
        """Keep things; each takes the place of its own modulo `size`."""
        at = np.array(places) % self._size
        files = self._opened(lesson)
        files['number'][at] = _NONE
        for key, values in lesson.items():
            files[key][at] = values.numpy()
        files['number'][at] = np.array(numbers)

    def get(self, numbers: Sequence[int], places: Sequence[int]) -> Lesson:
        """Return things that were kept, by their numbers and places."""
        at, wanted = np.array(places) % self._size, np.array(numbers)
        lost = np.flatnonzero(self._files['number'][at] != wanted) if self._files else np.arange(len(wanted))
        if len(lost):
            missing, first = np.unique(wanted[lost], return_index=True)
            self.extend(missing.tolist(), at[lost][first].tolist(), self._make(missing.tolist()))
        return {key: torch.from_numpy(kept[at]) for key, kept in self._files.items() if key != 'number'}

    def with_earlier(self, numbers: Sequence[int], new: Lesson, drawn: int, *, step: int, rank: int,
                     world: int, rng: np.random.Generator) -> Lesson:
        """Keep the things of a step, and return them with some from before, steps of which stay together.

        Parameters
        ----------
        numbers, new
            Of this step and process; `new` in memory of the processor.
        drawn
            How many from before.
        step, rank, world
            Of the step, the process, and how many processes there are.
        rng
            Chooses.
        """
        fresh = len(numbers)
        place = step * fresh
        self.extend(numbers, range(place, place + fresh), new)
        if not drawn:
            return new
        oldest = max(0, step + 1 - max(1, self._size // fresh))
        steps = rng.integers(oldest, step + 1, -(-drawn // fresh)).tolist()
        places = [place for one in steps for place in numbers_at(one, fresh)][:drawn]
        earlier = [number for one in steps for number in numbers_at(one, fresh, rank, world)][:drawn]
        again = self.get(earlier, places)
        with torch.autocast('cpu', enabled=False):  # it does not concatenate half precision
            return {key: torch.cat([values, again[key]]) for key, values in new.items()}

    def remove(self) -> None:
        """Remove the files."""
        for key in self._files:
            self._path(key).unlink(missing_ok=True)
        self._files = {}

    def _opened(self, lesson: Lesson) -> dict[str, NDArray[np.generic]]:
        if not self._files:
            self._directory.mkdir(parents=True, exist_ok=True)
            layout = {key: (values.numpy().dtype, values.shape[1:]) for key, values in lesson.items()}
            self._files = {key: self._open(key, *kind) for key, kind in layout.items()}
            self._files['number'] = self._open('number', np.dtype(np.int64), ())
        return self._files

    def _open(self, key: str, dtype: np.dtype[np.generic], shape: Sequence[int]) -> NDArray[np.generic]:
        path, wanted = self._path(key), (self._size, *shape)
        try:
            kept = _mapped(path, mode='r+')
            if kept.shape == wanted and kept.dtype == dtype:
                return kept
        except (OSError, ValueError):
            pass
        kept = _mapped(path, mode='w+', dtype=dtype, shape=wanted)
        if key == 'number':
            kept[:] = _NONE
        return kept

    def _path(self, key: str) -> Path:
        return self._directory / f'{key}.npy'


_NONE = -1


def _mapped(path: Path, **layout: Any) -> NDArray[np.generic]:
    kept: NDArray[np.generic] = open_memmap(path, **layout)  # type: ignore[no-untyped-call]
    return kept
