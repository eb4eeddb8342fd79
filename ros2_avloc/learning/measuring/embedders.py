"""What an AVE-Net bundle reaches."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import Bank
from ros2_avloc.learning.material.worlds import MEASURED, banks_of, part_named
from ros2_avloc.learning.measures import reliability
from ros2_avloc.learning.measures.correspondence import right
from ros2_avloc.learning.measures.figures import share
from ros2_avloc.learning.measures.retrieval import DIRECTIONS, retrieval
from ros2_avloc.learning.measuring.cases import SINGLE
from ros2_avloc.learning.measuring.examination import jpeg
from ros2_avloc.learning.measuring.machine import machine
from ros2_avloc.learning.measuring.tables import markdown, percent, short
from ros2_avloc.learning.training.checks import scenes_of
from ros2_avloc.model.bundle import EmbedderBundle
from ros2_avloc.model.embedder import Embedder, open_embedder
from ros2_avloc.model.manifest import Calibration

BALANCED = 0.5
"""Probability from which two count as a pair, where half of all are."""


PICTURE_SIDE = 168
"""Pixels of a picture that is kept for the report."""

Embeddings = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Items:
    """Scenes as a network describes them.

    Attributes
    ----------
    names
        Categories, ``(n,)``.
    images, sounds
        Embeddings, ``(n, d)``.
    pictures
        The frames as JPEG.
    """

    names: NDArray[np.str_]
    images: Embeddings
    sounds: Embeddings
    pictures: list[bytes]


@dataclass(frozen=True)
class Retrieved:
    """Figures, as they stand in the JSON, and by network and set what was found in."""

    report: dict[str, Any]
    items: dict[str, dict[str, Items]]


def measure_embedder(directory: Path, pack: Path | None, *, scenes: int, split: str = 'val',
                     simulated: bool = True, library: str = 'auto') -> Retrieved:
    """Measure a bundle of AVE-Net on simulated scenes, and on a split of a pack.

    Parameters
    ----------
    scenes
        Of each set, of one object each.
    library
        As for `open_embedder`.

    Returns
    -------
    Retrieved
        The report holds ``bundle``, ``sha256``, ``engine``, ``machine``, ``date``, and ``sets``: by name of
        the set (``simulated``, ``real``) its ``origin`` (``seed``, and how many ``scenes``), ``avc``, the
        share of right decisions on pairs of which half correspond, ``calibration``, whether the probability
        of these is what it says, and what `measures.retrieval` returns.

    Raises
    ------
    InputError
        If the pack cannot be read, or all scenes are of one category.
    BundleError, EngineError
        If the bundle cannot be read or run.
    """
    bundle = EmbedderBundle.load(directory)
    banks = banks_of(pack, MEASURED, part_named(split), simulated=simulated)
    embedder = open_embedder(bundle, library=library)
    try:
        items = {name: _items(embedder, bank, scenes) for name, bank in banks.items()}
    finally:
        embedder.close()
    identity = f'{embedder.identity.name} {embedder.identity.version}, {embedder.identity.precision}'
    sets = {name: {'origin': {'seed': MEASURED, 'scenes': scenes}} | _figures(one, bundle.calibration)
            for name, one in items.items()}
    report = {'bundle': bundle.name, 'sha256': bundle.sha256, 'engine': identity, 'machine': machine(),
              'date': datetime.date.today().isoformat(), 'sets': sets}
    return Retrieved(report, {bundle.name: items})


def _items(embedder: Embedder, bank: Bank, scenes: int) -> Items:
    drawn = scenes_of(bank, SINGLE, scenes, MEASURED)
    seen = embedder.embed_images(scene.picture.rgb for scene in drawn)
    heard = embedder.embed_sounds(spectrogram(scene.samples) for scene in drawn)
    names = np.array([scene.heard[0] for scene in drawn])
    return Items(names, seen, heard, [jpeg(scene.picture.rgb, PICTURE_SIDE) for scene in drawn])


def _figures(items: Items, calibration: Calibration) -> dict[str, Any]:
    found = _probabilities(items, calibration)
    true = np.arange(len(found)) < len(found) // 2
    sample = found, true, reliability.balanced(true)
    return {'avc': share(right(found, true, BALANCED)),
            'calibration': {'expected_error': reliability.expected_error(*sample),
                            'bins': reliability.reliability(*sample)},
            **retrieval(items.images, items.sounds, items.names)}


def _probabilities(items: Items, calibration: Calibration) -> NDArray[np.float64]:
    """Return those of each frame with its own sound, and then with one of another category."""
    seen, heard = items.images, items.sounds
    others = of_others(items.names, MEASURED)
    distances = np.linalg.norm(np.tile(seen, (2, 1)) - np.concatenate([heard, heard[others]]), axis=1)
    return calibration.probability(distances).astype(np.float64)


def of_others(names: NDArray[np.str_], seed: int) -> list[int]:
    """Return for each scene the number of one of another category.

    Raises
    ------
    InputError
        If all are of one category.
    """
    if len(np.unique(names)) < 2:
        raise InputError('All scenes are of one category, so nothing can be told apart; ask for more '
                         '--scenes, or give a pack of more categories.')
    rng = np.random.default_rng(seed)
    return [int(rng.choice(np.flatnonzero(names != name))) for name in names]


def embedder_table(report: dict[str, Any]) -> str:
    """Return the report of `measure_embedder` as a Markdown table."""
    sets = report['sets']
    rows = [['', *sets], ['AVC', *(percent(one['avc']) for one in sets.values())]]
    for direction in DIRECTIONS:
        figures = [one[direction] for one in sets.values()]
        rows.append([f'nDCG@30, {direction.replace("_", " → ")} (a random order)',
                     *(f'{percent(one["ndcg"])} ({short(one["chance"])})' for one in figures)])
    rows.append(['expected calibration error',
                 *(percent(one['calibration']['expected_error']) for one in sets.values())])
    return markdown(rows)
