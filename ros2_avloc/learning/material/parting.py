"""Which of a folder's recordings are learned from, and which are set aside."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from ros2_avloc.learning.material.packs import ASIDE_ONE_IN

FEWEST = 2 * ASIDE_ONE_IN
"""Recordings of which some are set aside: pairs that do not correspond need two."""


def part_of_recordings(root: Path, paths: Sequence[Path], part: str) -> list[Path]:
    """Return the recordings below `root` that are of a part, ``'learn'`` or ``'calibrate'``.

    One in `ASIDE_ONE_IN` is set aside, by the checksum of its name below `root`: in another place, and with
    few more recordings beside them, nearly the same ones are.
    """
    by_name = sorted(paths, key=lambda path: zlib.crc32(path.relative_to(root).as_posix().encode()))
    aside = set(by_name[:len(paths) // ASIDE_ONE_IN] if len(paths) >= FEWEST else ())
    return [path for path in paths if (path in aside) == (part == 'calibrate')]
