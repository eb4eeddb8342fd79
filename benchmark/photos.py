"""What each engine computes of real photos and recordings: the val scenes of a pack."""

from __future__ import annotations

from pathlib import Path

from benchmark.answers import SCENES, sheet_of
from benchmark.sheet import Sheet
from ros2_avloc.learning.material.banks import pack_bank
from ros2_avloc.learning.training.checks import check_of
from ros2_avloc.model.bundle import Bundle


def measure(bundle: Bundle, *, pack: Path) -> list[Sheet]:
    """Compare the engines on scenes of the pack's split val."""
    return [sheet_of(check_of('real', pack_bank(pack, 'val'), SCENES), bundle)]
