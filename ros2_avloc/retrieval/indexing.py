"""Bringing a library up to date: what is new or changed is embedded, what is gone is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ros2_avloc.errors import InputError
from ros2_avloc.model.embedder import Embedder
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.retrieval.library import (
    DamagedError,
    Entry,
    Identity,
    Library,
    check_place,
    identify,
    read_library,
    write_library,
)
from ros2_avloc.retrieval.material import OWN_NAME, find_material, open_material, root_of
from ros2_avloc.retrieval.moments import embed_moments

INDEX_NAME = f'.{OWN_NAME}.npz'

KEPT_EVERY = 120.0
"""Seconds of work after which the index is written, besides at the end."""

Watch = Callable[[str, float], None]
"""Told after each moment the name of the recording and how many are done, as a fraction."""

Expect = Callable[[int], None]
"""Told, once, how many recordings are to be embedded."""


@dataclass
class Update:
    """What an update did.

    Attributes
    ----------
    library
        As it is now.
    embedded, moments, seconds
        Recordings that were embedded, their moments, and how long it took.
    forgotten
        Recordings that are gone.
    unreadable
        A sentence for each recording that was left out.
    said
        Why everything was embedded anew, if it was.
    """

    library: Library
    embedded: int = 0
    moments: int = 0
    seconds: float = 0.0
    forgotten: int = 0
    unreadable: list[str] = field(default_factory=list)
    said: str = ''


def index_path(folder: Path) -> Path:
    """Return where the index of a folder is kept: in it; of a single recording, beside it."""
    root = root_of(folder)
    return root / (INDEX_NAME if root == folder else f'.{folder.absolute().name}{INDEX_NAME}')


def update(folder: Path, index: Path, sha256: str, every: float, embedder: Embedder,
           watch: Watch = lambda name, done: None, expect: Expect = lambda count: None,
           named: Named = BY_TYPE) -> Update:
    """Make the index say what the folder holds, and write it if anything changed.

    Recordings are the same as before if path, size and time of change are. If this is interrupted, what is
    embedded by then is kept; if it is killed, what was embedded when the index was last written.

    Parameters
    ----------
    folder
        Of the recordings, or a single one.
    index
        File of the index.
    sha256
        Of the bundle.
    every
        Seconds between moments.
    embedder
        Of that bundle.
    named
        Topics of bags.

    Raises
    ------
    InputError
        If there is nothing in the folder, nothing of it can be read, or the index cannot be read or written
        or is something else.
    EngineError
        If the model fails.
    """
    paths = find_material(folder)
    before, said = _usable(index, Library(sha256, every, (), named))
    known = {entry.identity: entry for entry in before.entries}
    result = Update(before, said=said)
    found = _identified(paths, root_of(folder), result)
    kept = {identity: known[identity] for identity in found if identity in known}
    names = {identity.path for identity in found}
    result.forgotten = sum(entry.identity.path not in names for entry in before.entries)
    todo = {identity: path for identity, path in found.items() if identity not in known}
    if todo:
        check_place(index)

    def write() -> None:
        entries = tuple(sorted(kept.values(), key=lambda entry: entry.identity.path))
        result.library = replace(result.library, entries=entries)
        if said or entries != before.entries:
            write_library(result.library, index)

    try:
        _embed(todo, kept, result, embedder, watch, expect, write)
    finally:
        write()
    if not result.library.entries:
        raise InputError(f'Nothing in {folder} can be read; the first reason: {result.unreadable[0]}')
    return result


def _usable(index: Path, empty: Library) -> tuple[Library, str]:
    """Return the library as it was, or an empty one and why it is made anew."""
    try:
        before = read_library(index)
    except DamagedError:
        return empty, f'{index} is damaged or of another version; it is made anew.'
    if before is None:
        return empty, ''
    if before.sha256 != empty.sha256:
        return empty, f'{index} was made with another bundle; it is made anew.'
    if before.every != empty.every:
        return empty, (f'{index} has a moment every {before.every:g} s, not {empty.every:g} s; it is made '
                       'anew.')
    if before.named != empty.named:
        return empty, f'{index} was made from other topics; it is made anew.'
    return before, ''


def _identified(paths: list[Path], root: Path, result: Update) -> dict[Identity, Path]:
    found = {}
    for path in paths:
        try:
            found[identify(path, root)] = path
        except InputError as error:
            result.unreadable.append(str(error))
    return found


def _embed(todo: dict[Identity, Path], kept: dict[Identity, Entry], result: Update,
           embedder: Embedder, watch: Watch, expect: Expect, write: Callable[[], None]) -> None:
    expect(len(todo))
    begin = written = time.monotonic()
    for number, (identity, path) in enumerate(todo.items()):
        try:
            recording = open_material(path, result.library.named)
            moments = embed_moments(recording, embedder, result.library.every,
                                    partial(_tick, watch, path.name, number))
        except InputError as error:
            result.unreadable.append(str(error))
            continue
        kept[identity] = Entry(identity, recording.begin, moments)
        result.embedded, result.moments = result.embedded + 1, result.moments + len(moments)
        result.seconds = time.monotonic() - begin
        if time.monotonic() - written >= KEPT_EVERY:
            write()
            written = time.monotonic()


def _tick(watch: Watch, name: str, done: int, share: float) -> None:
    watch(name, done + share)
