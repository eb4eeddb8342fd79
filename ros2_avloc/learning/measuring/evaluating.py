"""What ``avloc evaluate`` does: each network is measured for what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.learning.measuring.bundles import (
    composed_sets,
    evaluate,
    recorded_sets,
    set_aside,
    write_json,
    write_report,
)
from ros2_avloc.learning.measuring.comparison import compare, comparison_table
from ros2_avloc.learning.measuring.embedders import embedder_table, measure_embedder
from ros2_avloc.learning.measuring.tables import table
from ros2_avloc.model.manifest import AVE_NET, MANIFEST_NAME, read_manifest


@dataclass(frozen=True)
class Request:
    """What to measure, on what, and where to write it; the options of ``avloc evaluate``."""

    bundle: Path | None
    checkpoints: tuple[Path, ...]
    pack: Path | None
    split: str
    videos: Path | None
    bags: Path | None
    simulated: bool
    scenes: int
    engine: str
    json: Path | None
    report: Path | None


def evaluated(asked: Request) -> str:
    """Measure, write the figures and the report where they are asked for, and return a table.

    Raises
    ------
    InputError
        If nothing is asked for, or something cannot be read.
    BundleError, EngineError
        If the bundle cannot be read or run.
    """
    if asked.checkpoints:
        found = compare(asked.checkpoints, asked.pack, scenes=asked.scenes)
        return _written(asked, found, comparison_table(found))
    if asked.bundle is None:
        raise InputError('There is nothing to measure: name a --bundle, or checkpoints of networks for '
                         'retrieval with --checkpoint.')
    if read_manifest(asked.bundle / MANIFEST_NAME).network == AVE_NET:
        found = measure_embedder(asked.bundle, asked.pack, scenes=asked.scenes)
        return _written(asked, found, embedder_table(found))
    return _localizer(asked, asked.bundle)


def _localizer(asked: Request, bundle: Path) -> str:
    sets = composed_sets(asked.pack, asked.split, asked.scenes, simulated=asked.simulated)
    sets |= recorded_sets(asked.videos, asked.bags)
    if not sets:
        raise InputError('There is nothing to measure on: name --pack, --videos or --bags, or leave '
                         '--no-simulated out.')
    measured = evaluate(bundle, sets, set_aside(asked.pack, asked.scenes), engine=asked.engine)
    if asked.report is not None:
        write_report(measured, asked.report)
    return _written(asked, measured.report, table(measured.report))


def _written(asked: Request, found: dict[str, Any], text: str) -> str:
    if asked.json is not None:
        write_json(found, asked.json)
    return text
