"""What ``avloc evaluate`` does: each network is measured for what it is for, and all of it written down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.learning.measuring.bundles import composed_sets, evaluate, recorded_sets, set_aside, to_json
from ros2_avloc.learning.measuring.cases import heard_at
from ros2_avloc.learning.measuring.comparison import compare, comparison_table
from ros2_avloc.learning.measuring.embedders import embedder_table, measure_embedder
from ros2_avloc.learning.measuring.tables import table
from ros2_avloc.learning.report.page import page
from ros2_avloc.learning.report.retrieval_page import comparison_page, embedder_page
from ros2_avloc.model.manifest import AVE_NET, MANIFEST_NAME, read_manifest
from ros2_avloc.recordings.topics import Named


@dataclass(frozen=True)
class Request:
    """What to measure, on what, and where to write it; the options of ``avloc evaluate``."""

    bundle: Path | None
    checkpoints: tuple[Path, ...]
    pack: Path | None
    split: str
    videos: Path | None
    bags: Path | None
    topics: Named
    simulated: bool
    microphone_rate: int | None
    scenes: int
    engine: str
    json: Path | None
    report: Path | None


@dataclass(frozen=True)
class Written:
    """What was found: all figures, a table for people, and the report as HTML."""

    figures: dict[str, Any]
    table: str
    html: str


def evaluated(asked: Request) -> str:
    """Measure, write the figures and the report where they are asked for, and return a table.

    Raises
    ------
    InputError
        If nothing is asked for, or something cannot be read or written.
    BundleError, EngineError
        If the bundle cannot be read or run.
    """
    for path in (asked.json, asked.report):
        _check_place(path)
    found = _found(asked)
    _write(asked.json, to_json(found.figures))
    _write(asked.report, found.html)
    return found.table


def _found(asked: Request) -> Written:
    if asked.checkpoints:
        if asked.bundle is not None:
            raise InputError('A --bundle and a --checkpoint are measured differently; ask for one of them.')
        return _compared(asked)
    if asked.bundle is None:
        raise InputError('There is nothing to measure: name a --bundle, or checkpoints of networks for '
                         'retrieval with --checkpoint.')
    if read_manifest(asked.bundle / MANIFEST_NAME).network == AVE_NET:
        return _embedder(asked, asked.bundle)
    return _localizer(asked, asked.bundle)


def _compared(asked: Request) -> Written:
    _only_composed(asked)
    found = compare(asked.checkpoints, asked.pack, scenes=asked.scenes, split=asked.split,
                    simulated=asked.simulated)
    html = comparison_page(found.report, found.items) if asked.report else ''
    return Written(found.report, comparison_table(found.report), html)


def _embedder(asked: Request, bundle: Path) -> Written:
    _only_composed(asked)
    found = measure_embedder(bundle, asked.pack, scenes=asked.scenes, split=asked.split,
                             simulated=asked.simulated, library=asked.engine)
    html = embedder_page(found.report, found.items) if asked.report else ''
    return Written(found.report, embedder_table(found.report), html)


def _only_composed(asked: Request) -> None:
    """Refuse what retrieval is not measured on."""
    if asked.videos or asked.bags or asked.microphone_rate:
        raise InputError('Networks for retrieval are measured on scenes of one object; leave --videos, '
                         '--bags and --microphone-rate out.')
    if not asked.simulated and asked.pack is None:
        raise InputError('There is nothing to measure on: name --pack, or leave --no-simulated out.')


def _localizer(asked: Request, bundle: Path) -> Written:
    sets = recorded_sets(asked.videos, asked.bags, asked.topics)
    sets = composed_sets(asked.pack, asked.split, asked.scenes, simulated=asked.simulated) | sets
    if not sets:
        raise InputError('There is nothing to measure on: name --pack, --videos or --bags, or leave '
                         '--no-simulated out.')
    if asked.microphone_rate is not None:
        sets = {name: heard_at(cases, asked.microphone_rate) for name, cases in sets.items()}
    measured = evaluate(bundle, sets, partial(set_aside, asked.pack, asked.scenes), engine=asked.engine)
    html = page(measured.report, measured.answers, measured.pictures) if asked.report else ''
    return Written(measured.report, table(measured.report), html)


def _check_place(path: Path | None) -> None:
    """Refuse a file that cannot be written, before minutes of work."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise InputError(f'{path} cannot be written; give a file in a directory that is there.')


def _write(path: Path | None, text: str) -> None:
    try:
        if path is not None:
            path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise InputError(f'{path} cannot be written ({error.strerror}); give another file.') from error
