"""From a query's embeddings to the moments that lie nearest, within and across modalities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.model.manifest import Calibration
from ros2_avloc.recordings.recording import SECOND
from ros2_avloc.retrieval.library import Entry, Library
from ros2_avloc.retrieval.moments import Vectors

APART = 5.0
"""Of the moments of a recording that lie closer together than this, in s, the nearest alone is a hit."""

LOOKS, SOUNDS = 'looks', 'sounds'
"""Which of a moment is compared: its frame, or the second around it."""

_TITLES = {(LOOKS, LOOKS): 'looks like it', (LOOKS, SOUNDS): 'sounds like what is seen',
           (SOUNDS, SOUNDS): 'sounds like it', (SOUNDS, LOOKS): 'looks like what is heard'}


@dataclass(frozen=True)
class Hit:
    """A moment that was found.

    Attributes
    ----------
    entry
        Its recording.
    row
        Its place among the recording's moments.
    distance
        Euclidean, between embeddings of length 1: 0 to 2.
    probability
        That what is seen and what is heard belong together; nothing within one modality.
    """

    entry: Entry
    row: int
    distance: float
    probability: float | None

    @property
    def stamp(self) -> int:
        """Stamp of the moment, ns."""
        return int(self.entry.moments.times[self.row])

    @property
    def time(self) -> float:
        """Seconds from the beginning of the recording."""
        return (self.stamp - self.entry.begin) / SECOND


@dataclass(frozen=True)
class Answer:
    """Hits of one kind, nearest first, out of `searched` moments."""

    title: str
    hits: tuple[Hit, ...]
    searched: int
    across: bool


class Space:
    """All frames, or all seconds that are not silent, of a library, to be searched.

    Distances are exact. An approximate graph would answer faster from some millions of moments on, but takes
    longer to build than any search that is spared.

    Parameters
    ----------
    library
        Of at least one moment.
    which
        `LOOKS` or `SOUNDS`.
    """

    def __init__(self, library: Library, which: str) -> None:
        self._entries = library.entries
        vectors = np.concatenate([_vectors(entry, which) for entry in library.entries])
        self._rows = np.flatnonzero(np.isfinite(vectors[:, 0]))
        self._starts = np.cumsum([0, *(len(entry.moments) for entry in library.entries)])
        self._index = faiss.IndexFlatL2(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors[self._rows]))

    def __len__(self) -> int:
        """Return the number of moments that can be found."""
        return len(self._rows)

    def nearest(self, vector: Vectors, count: int) -> list[tuple[Entry, int, float]]:
        """Return recording, row and distance of the nearest moments, none within `APART` of a nearer one.

        Parameters
        ----------
        vector
            Embedding, float32 ``(d,)``.
        count
            How many at most.
        """
        asked = min(4 * count, len(self))
        while True:
            kept = list(_apart(self._all_nearest(vector, asked), count))
            if len(kept) == count or asked == len(self):
                return kept
            asked = min(4 * asked, len(self))

    def _all_nearest(self, vector: Vectors, count: int) -> Iterator[tuple[Entry, int, float]]:
        if not count:
            return
        squares, places = self._index.search(np.ascontiguousarray(vector[None]), count)
        for square, place in zip(squares[0].tolist(), places[0].tolist(), strict=True):
            row = int(self._rows[place])
            entry = int(np.searchsorted(self._starts, row, 'right')) - 1
            yield self._entries[entry], row - int(self._starts[entry]), max(square, 0.0) ** 0.5


def search(library: Library, query: dict[str, Vectors], wanted: tuple[str, ...], count: int,
           calibration: Calibration) -> list[Answer]:
    """Find moments.

    Parameters
    ----------
    library
        Where.
    query
        Embeddings of what is looked for, float32 ``(d,)``, by `LOOKS` and `SOUNDS`; one may be absent.
    wanted
        Whether moments are to be found by their looks, their sounds, or both.
    count
        Hits of each kind at most.
    calibration
        Of the bundle.
    """
    spaces = {which: Space(library, which) for which in wanted}
    # What is asked within one modality comes before what is asked across.
    pairs = sorted(((own, other) for own in query for other in wanted), key=lambda pair: pair[0] != pair[1])
    answers = []
    for own, other in pairs:
        found, across = spaces[other].nearest(query[own], count), own != other
        distances = np.array([distance for _, _, distance in found], np.float32)
        chances = calibration.probability(distances).tolist() if across else [None] * len(found)
        hits = tuple(Hit(*one, chance) for one, chance in zip(found, chances, strict=True))
        answers.append(Answer(_TITLES[own, other], hits, len(spaces[other]), across))
    return answers


def _vectors(entry: Entry, which: str) -> NDArray[np.float32]:
    return entry.moments.seen if which == LOOKS else entry.moments.heard


def _apart(found: Iterator[tuple[Entry, int, float]], count: int) -> Iterator[tuple[Entry, int, float]]:
    taken: dict[str, list[int]] = {}
    for entry, row, distance in found:
        time, times = int(entry.moments.times[row]), taken.setdefault(entry.identity.path, [])
        if all(abs(time - other) >= APART * SECOND for other in times):
            times.append(time)
            yield entry, row, distance
        if sum(map(len, taken.values())) == count:
            return
