"""Which simulated worlds, and which parts of a pack, are learned from, set aside, and measured on."""

from __future__ import annotations

from pathlib import Path

from ros2_avloc.learning.material.banks import Bank, pack_bank, simulated_bank

LEARNED, SET_ASIDE, MEASURED = 1, 2, 3
"""Seeds of the simulated worlds: no drawing and no sound is in two of them."""

INDIVIDUALS = {LEARNED: 120, SET_ASIDE: 40, MEASURED: 40}
"""Drawings and sounds of each kind in those worlds."""


def banks_of(pack: Path | None, seed: int, part: str, *, simulated: bool = True) -> dict[str, Bank]:
    """Return the simulated world of `seed`, and `part` of a pack where there is one, by name."""
    real = {} if pack is None else {'real': pack_bank(pack, part)}  # first: a wrong path shows at once
    drawn = {'simulated': simulated_bank(seed, INDIVIDUALS[seed])} if simulated else {}
    return drawn | real


def part_named(split: str) -> str:
    """Return the part of a pack that a split stands for: of `train` what is learned from."""
    return 'learn' if split == 'train' else split
