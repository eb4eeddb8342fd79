"""What a run learns from: simulated worlds, packs, and recordings, mixed with stated shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import Bank, categories
from ros2_avloc.learning.material.moments import Moments, read_recordings
from ros2_avloc.learning.material.sources import Recorded
from ros2_avloc.learning.material.streams import Source, Stream
from ros2_avloc.learning.material.worlds import LEARNED, SET_ASIDE, banks_of
from ros2_avloc.recordings.topics import BY_TYPE, Named


@dataclass(frozen=True)
class Material:
    """Banks that scenes are composed from, and recordings.

    Attributes
    ----------
    banks, aside
        To learn from, and to look at now and then, by name.
    recordings
        Moments of videos and bags; they hold no categories.
    simulated_share
        Of all items; the other sources share the rest equally.
    seed
        Of the streams.
    """

    banks: dict[str, Bank]
    aside: dict[str, Bank]
    recordings: Sequence[Moments] = ()
    simulated_share: float = 1 / 4
    seed: int = 1
    numbers: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        names = categories(list(self.banks.values()))
        object.__setattr__(self, 'numbers', {name: number for number, name in enumerate(names)})

    @classmethod
    def read(cls, pack: Path | None, folders: Sequence[Path], simulated_share: float, seed: int,
             group: int, named: Named = BY_TYPE) -> Material:
        """Read packs, open recordings, and make simulated worlds.

        Parameters
        ----------
        pack
            Directory of a pack.
        folders
            Directories of videos and bags.
        group
            Items of a batch, over all processes.
        named
            Topics of bags.

        Raises
        ------
        InputError
            If a source cannot be read, or there is nothing to learn from.
        """
        simulated = simulated_share > 0
        if not simulated and pack is None and not folders:
            raise InputError('There is nothing to learn from: name --pack, --videos or --bags, or leave '
                             '--simulated-share out.')
        recordings = [Moments(read_recordings(folder, named, 'learn'), seed, group) for folder in folders]
        if not simulated and pack is None and all(len(moments.recordings) < 2 for moments in recordings):
            raise InputError('Pairs need at least two recordings; cut the one that there is into several.')
        banks = banks_of(pack, LEARNED, 'learn', simulated=simulated)
        aside = banks_of(pack, SET_ASIDE, 'calibrate', simulated=simulated)
        return cls(banks, aside, recordings, simulated_share, seed)

    def stream(self, source: Callable[[Bank], Source], *, recorded: bool, numbers: bool = False) -> Stream:
        """Return items of all banks, mixed, and of recordings where these are wanted.

        Parameters
        ----------
        source
            Makes items of a bank.
        numbers
            Whether the items of banks tell their categories.
        """
        found: dict[str, Source] = {name: source(bank) for name, bank in self.banks.items()}
        for place, recording in enumerate(self.recordings if recorded else (), start=1):
            found[f'recorded {place}'] = Recorded(recording, self.numbers if numbers else None)
        return Stream([(one, self._share(name, found)) for name, one in found.items()], self.seed)

    def _share(self, name: str, found: dict[str, Source]) -> float:
        others = len(found) - ('simulated' in found)
        if 'simulated' not in found or not others:
            return 1.0
        return self.simulated_share if name == 'simulated' else (1 - self.simulated_share) / others

    @property
    def epoch(self) -> int:
        """Recordings to hear: as many pairs are an epoch of the paper's schedule."""
        clips = sum(len(clips) for bank in self.banks.values() for clips in bank.recordings.values())
        return max(1, clips + sum(len(moments.recordings) for moments in self.recordings))
