"""What is known of a folder of recordings, and how it is kept: one file, replaced as a whole."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.retrieval.moments import Moments

_MARK = 'ros2_avloc search'
FORMAT = f'{_MARK} 2'

_HEAD = 1024
"""Bytes at the beginning of an index in which the mark lies: what it is about comes first, as plain text."""

_ARRAYS = ('times', 'seen', 'heard', 'levels')


class DamagedError(Exception):
    """A file that holds no library, or only a part of one."""


@dataclass(frozen=True)
class Identity:
    """By what a recording is known to be the same as before.

    Attributes
    ----------
    path
        Relative to the folder that is searched.
    size
        In bytes; of a folder, of all files in it.
    mtime
        When it was last changed, ns; of a folder, the latest of its files.
    """

    path: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Entry:
    """A recording and its moments; `begin` is the stamp at which it begins, ns."""

    identity: Identity
    begin: int
    moments: Moments


@dataclass(frozen=True)
class Library:
    """All recordings of a folder.

    Attributes
    ----------
    sha256
        Of the bundle whose embeddings these are.
    every
        Seconds between moments.
    entries
        In order of their paths.
    named
        Topics that were taken of bags.
    """

    sha256: str
    every: float
    entries: tuple[Entry, ...]
    named: Named = BY_TYPE

    def __len__(self) -> int:
        """Return the number of moments."""
        return sum(len(entry.moments) for entry in self.entries)


def identify(path: Path, root: Path) -> Identity:
    """Return the identity of a recording, named relative to a folder.

    Raises
    ------
    InputError
        If it cannot be looked at.
    """
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    try:
        facts = [file.stat() for file in files]
    except OSError as error:
        raise InputError(f'{path} cannot be read ({error.strerror}); leave it out.') from error
    name = path.absolute().relative_to(root.absolute()).as_posix()
    return Identity(name, sum(one.st_size for one in facts), max(one.st_mtime_ns for one in facts))


def check_place(path: Path) -> None:
    """Refuse a place where no index can be written, before hours of work."""
    if not os.access(path.parent, os.W_OK):
        raise InputError(f'The index {path} cannot be written (its folder is missing or protected); '
                         'name another place with --index.')


def write_library(library: Library, path: Path) -> None:
    """Write a library; what was there is replaced when all is written, or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    about = {'format': FORMAT, 'sha256': library.sha256, 'every': library.every,
             'named': asdict(library.named),
             'recordings': [asdict(entry.identity) | {'begin': entry.begin, 'moments': len(entry.moments)}
                            for entry in library.entries]}
    arrays = {name: np.concatenate([getattr(entry.moments, name) for entry in library.entries])
              for name in _ARRAYS if library.entries}
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            temporary = Path(file.name)
            np.savez(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f'The index {path} cannot be written ({error.strerror}); '
                         'name another place with --index.') from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def read_library(path: Path) -> Library | None:
    """Read what `write_library` wrote; nothing where there is no such file.

    Raises
    ------
    DamagedError
        If the file is not whole, or of another version.
    InputError
        If it cannot be read at all, or is something else, which must not be written over.
    """
    try:
        _check_mark(path)
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        about = json.loads(arrays.pop('about').tobytes())
        if about['format'] != FORMAT:
            raise DamagedError
        return Library(about['sha256'], about['every'], tuple(_entries(about['recordings'], arrays)),
                       Named(**about['named']))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno is not None:
            raise InputError(f'The index {path} cannot be read ({error.strerror}); '
                             'name another place with --index.') from error
        raise DamagedError from error
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError, AttributeError,
            MemoryError) as error:
        raise DamagedError from error


def _check_mark(path: Path) -> None:
    """Refuse a file that holds something, and nothing of an index, however damaged."""
    with path.open('rb') as file:
        head = file.read(_HEAD)
    if head and _MARK.encode() not in head:
        raise InputError(f'{path} is no index of avloc search, so it is left as it is; '
                         'name another place with --index.')


def _entries(recordings: list[dict[str, Any]], arrays: dict[str, Any]) -> list[Entry]:
    counts = [recording['moments'] for recording in recordings]
    if any(len(arrays[name]) != sum(counts) for name in _ARRAYS if recordings):
        raise DamagedError
    entries, end = [], 0
    for recording, count in zip(recordings, counts, strict=True):
        begin, end = end, end + count
        identity = Identity(recording['path'], recording['size'], recording['mtime'])
        moments = Moments(**{name: arrays[name][begin:end] for name in _ARRAYS})
        entries.append(Entry(identity, recording['begin'], moments))
    return entries
