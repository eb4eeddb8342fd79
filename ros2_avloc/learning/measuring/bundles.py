"""Measuring a bundle of AVOL-Net: sets of cases, an engine, figures."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ros2_avloc.learning.material.packs import read_index
from ros2_avloc.learning.material.worlds import MEASURED, SET_ASIDE, banks_of, part_named
from ros2_avloc.learning.measuring.boxed_videos import read_boxed_videos
from ros2_avloc.learning.measuring.cases import CaseSet, composed
from ros2_avloc.learning.measuring.evaluation import Thresholds, fitted, measure
from ros2_avloc.learning.measuring.examination import Answers, Judge, NetworkJudge, examine, joined
from ros2_avloc.learning.measuring.machine import machine
from ros2_avloc.learning.measuring.recorded import recorded
from ros2_avloc.learning.measuring.told_bags import read_told_bags
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.recordings.topics import BY_TYPE, Named

SCHEMA = 'ros2_avloc evaluation 2'


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes
    ----------
    report
        As it stands in the JSON; docs/evaluation.md says what each key is.
    answers, pictures
        By set, what `examination.examine` returned.
    """

    report: dict[str, Any]
    answers: dict[str, Answers]
    pictures: dict[str, list[bytes]]


def evaluate(directory: Path, sets: dict[str, CaseSet], aside: Callable[[], dict[str, CaseSet]], *,
             engine: str = 'auto') -> Measured:
    """Measure a bundle on sets of cases.

    Parameters
    ----------
    directory
        Of the bundle.
    sets
        By name of the set.
    aside
        Lays out scenes to fit thresholds on, of items that are in no set; asked where the bundle holds none.
    engine
        As for `open_engine`.

    Raises
    ------
    BundleError, EngineError
        If the bundle cannot be read or run.
    """
    bundle = Bundle.load(directory)
    opened, _ = open_engine(bundle, name=engine)
    identity = f'{opened.identity.name} {opened.identity.version}, {opened.identity.precision}'
    about = {'schema': SCHEMA, 'bundle': bundle.name, 'sha256': bundle.sha256, 'engine': identity,
             'machine': machine(), 'date': datetime.date.today().isoformat()}
    try:
        judge, shipped = NetworkJudge(opened, bundle), bundle.calibration.threshold
        kept = bundle.manifest.thresholds
        thresholds = Thresholds(shipped, **kept) if kept else fit(judge, shipped, aside())
        return judged(judge, thresholds, sets, about)
    finally:
        opened.close()


def fit(judge: Judge, shipped: float, aside: dict[str, CaseSet]) -> Thresholds:
    """Fit the thresholds that a bundle does not say on what is set aside."""
    answers, _ = _examined(judge, aside, ', set aside')
    return fitted(joined(list(answers.values())), shipped, list(aside))


def judged(judge: Judge, thresholds: Thresholds, sets: dict[str, CaseSet], about: dict[str, Any]) -> Measured:
    """Measure a judge on sets of cases; `about` goes before the figures into the report."""
    answers, pictures = _examined(judge, sets)
    figures = {name: {'origin': cases.origin} | measure(answers[name], thresholds)
               for name, cases in sets.items()}
    report = about | {'threshold': thresholds.shipped, 'thresholds': asdict(thresholds), 'sets': figures}
    return Measured(report, answers, pictures)


def _examined(judge: Judge, sets: dict[str, CaseSet],
              words: str = '') -> tuple[dict[str, Answers], dict[str, list[bytes]]]:
    answers, pictures = {}, {}
    with _progress() as progress:
        tasks = {name: progress.add_task(name + words, total=cases.count) for name, cases in sets.items()}
        for name, cases in sets.items():
            answers[name], pictures[name] = examine(judge, cases, partial(progress.advance, tasks[name]))
    return answers, pictures


def measure_bundle(directory: Path, pack: Path | None, *, scenes: int) -> dict[str, Any]:
    """Measure a bundle on simulated scenes, and on a pack's split `val`; return the report.

    There are `scenes` with one, two and three objects each.
    """
    return evaluate(directory, composed_sets(pack, 'val', scenes), partial(set_aside, pack, scenes)).report


def set_aside(pack: Path | None, scenes: int) -> dict[str, CaseSet]:
    """Lay out a quarter as many scenes of items that are neither learned from nor measured on.

    A pack to be judged by may hold nothing but its split; then they are of the simulated world alone.

    Raises
    ------
    InputError
        If the pack has a split `train`, and what of it is set aside cannot be read.
    """
    learned = pack is not None and any(row['split'] == 'train' for row in read_index(pack))
    banks = banks_of(pack if learned else None, SET_ASIDE, 'calibrate')
    return {name: composed(bank, -(-scenes // 4), SET_ASIDE) for name, bank in banks.items()}


def composed_sets(pack: Path | None, split: str, scenes: int, *,
                  simulated: bool = True) -> dict[str, CaseSet]:
    """Lay out scenes of the simulated world (``simulated``) and of a split of a pack (``real``).

    Raises
    ------
    InputError
        If the pack cannot be read, or has nothing of that split.
    """
    banks = banks_of(pack, MEASURED, part_named(split), simulated=simulated)
    return {name: composed(bank, scenes, MEASURED) for name, bank in banks.items()}


def recorded_sets(videos: Path | None, bags: Path | None,
                  named: Named = BY_TYPE) -> dict[str, CaseSet]:
    """Return the cases of videos with a JSON of boxes (``videos``) and of bags with truth (``bags``).

    In bags with several cameras or microphones, `named` are taken.

    Raises
    ------
    InputError
        If one cannot be read, or has no moment to measure on.
    """
    sources = {'videos': read_boxed_videos(videos) if videos else None,
               'bags': read_told_bags(bags, named) if bags else None}
    return {name: recorded(source, MEASURED) for name, source in sources.items() if source is not None}


def to_json(content: dict[str, Any]) -> str:
    """Return plain values as JSON, two blanks deep."""
    return json.dumps(content, indent=2, ensure_ascii=False) + '\n'


@contextmanager
def _progress() -> Iterator[Progress]:
    """Bars with the time that is left, where errors go; a terminal alone shows them."""
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
