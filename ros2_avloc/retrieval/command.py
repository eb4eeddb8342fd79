"""What ``avloc search`` does: brings the index up to date, searches, shows what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import AvlocError, BundleError, InputError
from ros2_avloc.model.bundle import EmbedderBundle
from ros2_avloc.model.embedder import Embedder, open_embedder
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.retrieval.exhibits import read_exhibits
from ros2_avloc.retrieval.indexing import Update, Watch, index_path, update
from ros2_avloc.retrieval.material import OWN_NAME, root_of
from ros2_avloc.retrieval.moments import Vectors
from ros2_avloc.retrieval.query import Query, read_query
from ros2_avloc.retrieval.searching import LOOKS, SOUNDS, search
from ros2_avloc.retrieval.sheet import check_place, contact_sheet, write_sheet
from ros2_avloc.retrieval.tables import table
from ros2_avloc.share import bundle_path

FINDS = {'both': (LOOKS, SOUNDS), 'looks': (LOOKS,), 'sounds': (SOUNDS,)}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is asked for: the options of ``avloc search``."""

    folder: Path
    query: str | None = None
    find: str = 'both'
    count: int = 8
    every: float = 1.0
    index: Path | None = None
    sheet: Path = Path(f'{OWN_NAME}.png')
    bundle: str = 'avenet'
    topics: Named = BY_TYPE


def run(wish: Wish, console: Console, say: Say) -> None:
    """Index, search, and print what is found to the console.

    Parameters
    ----------
    wish
        What is asked for; without a query the index is brought up to date, and nothing else.
    console
        For the tables.
    say
        Takes sentences about what happens.

    Raises
    ------
    AvlocError
        If there is no bundle, nothing to search, no such query, or a file cannot be written.
    """
    if wish.find not in FINDS:
        raise InputError(f'--find is {", ".join(FINDS)}; not {wish.find}.')
    query = None if wish.query is None else read_query(wish.query, wish.folder, wish.topics)
    if query is not None:
        check_place(wish.sheet)
    bundle = _bundle(wish.bundle)
    embedder = open_embedder(bundle)
    try:
        with _progress() as watch:
            index = wish.index or index_path(wish.folder)
            done = update(wish.folder, index, bundle.sha256, wish.every, embedder, *watch, wish.topics)
        _tell(done, index, say)
        vectors = {} if query is None else _embedded(query, embedder)
    finally:
        embedder.close()
    if query is None:
        return
    if query.note:
        say(query.note)
    answers = search(done.library, vectors, FINDS[wish.find], wish.count, bundle.calibration)
    for answer in answers:
        console.print(table(answer))
    exhibits = read_exhibits(root_of(wish.folder), [hit for answer in answers for hit in answer.hits],
                             wish.topics)
    write_sheet(contact_sheet(query, answers, exhibits), wish.sheet)
    say(f'The contact sheet is {wish.sheet}.')


def _bundle(name: str) -> EmbedderBundle:
    try:
        path = bundle_path(name)
    except AvlocError as error:
        raise BundleError(f'There is no AVE-Net to search with: this installation has no models/{name}; '
                          f'give the directory of one, as in --bundle ./{name}.') from error
    return EmbedderBundle.load(path)


def _embedded(query: Query, embedder: Embedder) -> dict[str, Vectors]:
    vectors = {}
    if query.rgb is not None:
        vectors[LOOKS] = embedder.embed_images([query.rgb])[0]
    if query.samples is not None:
        vectors[SOUNDS] = embedder.embed_sounds([spectrogram(query.samples)])[0]
    return vectors


def _tell(done: Update, index: Path, say: Say) -> None:
    if done.said:
        say(done.said)
    if done.unreadable:
        say(f'Left out, because unreadable: {len(done.unreadable)}.')
        for sentence in done.unreadable:
            say(f'  {sentence}')
    if done.forgotten:
        say(f'Forgotten, because gone: {done.forgotten}.')
    entries = len(done.library.entries)
    summary = f'{index}: {_count(len(done.library), "moment")} of {_count(entries, "recording")}'
    if done.embedded:
        rate = done.moments / max(done.seconds, 1e-9)
        summary += (f'; {_count(done.moments, "moment")} of {_count(done.embedded, "recording")} '
                    f'embedded now, {rate:.1f} a second')
    say(f'{summary}.')


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'


@contextmanager
def _progress() -> Iterator[tuple[Watch, Callable[[int], None]]]:
    """Show a bar with the moments per second and the time left; a terminal alone shows it."""
    columns = (TextColumn('{task.description}'), BarColumn(),
               TextColumn('{task.completed:.0f} of {task.total:.0f}, {task.fields[rate]:.1f} moments/s'),
               TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task('indexing', total=0, visible=False, rate=0.0)
        moments = 0

        def watch(name: str, done: float) -> None:
            nonlocal moments
            moments += 1
            rate = moments / max(progress.tasks[task].elapsed or 0.0, 1e-3)
            progress.update(task, completed=done, description=escape(name), rate=rate)

        def expect(count: int) -> None:
            if count:
                progress.reset(task, total=count, visible=True, rate=0.0)

        yield watch, expect
