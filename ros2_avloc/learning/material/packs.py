"""The index of a pack: a row for each file, checked before any file is read."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ros2_avloc.errors import InputError

ASIDE_ONE_IN = 8
"""One group in so many of `train` is set aside to fit temperature and threshold."""

PARTS = ('learn', 'calibrate', 'val')
"""Learning, fitting of the calibration, and measuring; no group of a category is in two of them."""

COLUMNS = ('path', 'kind', 'category', 'split', 'group', 'box_xywh', 'mask', 'active_1s_starts')
"""Those that are read; others may be there."""

IMAGE, AUDIO, BACKGROUND = 'image', 'audio', 'background'

Row = Mapping[str, str]


def read_index(root: Path) -> list[Row]:
    """Read the ``INDEX.csv`` of a pack; every row has all of `COLUMNS`, and numbers where they belong.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, a row of it makes no sense, or a group of a category is parted
        between two splits.
    """
    path = root / 'INDEX.csv'
    try:
        with path.open(encoding='utf-8', newline='') as lines:
            table = csv.DictReader(lines)
            rows: list[Row] = list(table)
            columns = table.fieldnames or ()
    except OSError as error:
        raise InputError(f'{root} is no pack: its INDEX.csv cannot be read ({error.strerror}).') from error
    except (ValueError, csv.Error) as error:
        raise InputError(f'{path} is damaged or not UTF-8 ({error}); write it anew.') from error
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise InputError(f'{path} lacks the columns {", ".join(missing)}; see docs/data.md.')
    for number, row in enumerate(rows, start=2):
        for wrong in _wrong(row):
            raise InputError(f'{path}, row {number}: {wrong}; see docs/data.md.')
    _check_groups(path, rows)
    return rows


def _check_groups(path: Path, rows: Sequence[Row]) -> None:
    """Refuse a group of a category that is both learned from and measured on."""
    splits: dict[tuple[str, str], str] = {}
    for row in rows:
        split = splits.setdefault((row['category'], row['group']), row['split'])
        if split != row['split']:
            raise InputError(f'{path}: the group {row["group"]!r} of the category {row["category"]!r} is in '
                             f'the splits {split} and {row["split"]}; give all its files one split.')


def part_of(row: Row) -> str:
    """Return the part that a row of the index belongs to; rows of one split and group are never parted."""
    if row['split'] != 'train':
        return row['split']
    return 'learn' if zlib.crc32(row['group'].encode()) % ASIDE_ONE_IN else 'calibrate'


def nameless(row: Row) -> bool:
    """Return whether a row is of no category: of a sound that no photo makes."""
    return row['category'].startswith('_')


def box_of(row: Row) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the object on an image, px."""
    left, top, width, height = (int(float(number)) for number in row['box_xywh'].split())
    return left, top, width, height


def starts_of(row: Row) -> list[float]:
    """Return when the seconds of a recording begin that hold sound, s."""
    return [float(second) for second in row['active_1s_starts'].split()] or [0.0]


def _wrong(row: Row) -> Iterator[str]:
    """Say what of a row cannot be used."""
    if any(row[name] is None for name in COLUMNS):
        yield 'it has fewer columns than the head'
    elif row['kind'] not in (IMAGE, AUDIO, BACKGROUND):
        yield f'{row["kind"]!r} is no kind (image, audio or background)'
    elif row['kind'] == IMAGE and not _holds(row):
        yield f'{row["box_xywh"]!r} is no box (left, top, width and height in pixels)'
    elif row['kind'] == AUDIO and not _begins(row):
        yield f'{row["active_1s_starts"]!r} are no seconds'


def _holds(row: Row) -> bool:
    try:
        left, top, width, height = box_of(row)
    except (ValueError, OverflowError):
        return False
    return min(left, top) >= 0 and min(width, height) > 0


def _begins(row: Row) -> bool:
    try:
        return all(0 <= second < 1e6 for second in starts_of(row))
    except ValueError:
        return False
