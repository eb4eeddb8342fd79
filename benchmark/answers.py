"""What each engine computes, against torch in float32: the largest difference of a probability, the peak.

The windows are scenes of the simulated world that networks are measured on; `photos` takes those of a pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.engines import opened
from benchmark.sheet import Goal, Row, Sheet
from ros2_avloc.errors import EngineError
from ros2_avloc.learning.material.banks import simulated_bank
from ros2_avloc.learning.material.worlds import INDIVIDUALS, MEASURED
from ros2_avloc.learning.training.checks import Check, check_of
from ros2_avloc.learning.training.loop import scaled
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine

SCENES = 300
REFERENCE = 'torch fp32'
ASKED = {'fp32': 1e-3, 'bf16': 1e-2, 'fp16': 1e-2}
"""Largest difference of a probability that is asked for."""

SAME_PEAK = 0.99


def measure(bundle: Bundle) -> list[Sheet]:
    """Compare the engines on simulated scenes."""
    world = simulated_bank(MEASURED, INDIVIDUALS[MEASURED])
    return [sheet_of(check_of('simulated', world, SCENES), bundle)]


def sheet_of(check: Check, bundle: Bundle) -> Sheet:
    """Compare the engines on given scenes."""
    with opened(bundle) as (engines, declined):
        if REFERENCE not in engines:
            raise EngineError(f'{REFERENCE}, which the others are held against, does not run; {declined}')
        heatmaps = {name: _heatmaps(engine, bundle, check) for name, engine in engines.items()}
    rows = [row_of(name, found, heatmaps[REFERENCE]) for name, found in heatmaps.items()]
    notes = [f'{len(check.images)} scenes; reference: {REFERENCE}.', *declined]
    return Sheet(f'Answers of the engines, {check.name} scenes', rows, goals(rows), notes)


def _heatmaps(engine: Engine, bundle: Bundle, check: Check) -> NDArray[np.float32]:
    images = scaled(check.images).contiguous().numpy()
    spectrograms = check.spectrograms.numpy()
    return np.stack(
        [
            bundle.calibration.probability(engine.localize(image[None], engine.embed_sound(spectrogram[0])))
            for image, spectrogram in zip(images, spectrograms, strict=True)
        ]
    )


def row_of(name: str, found: NDArray[np.float32], expected: NDArray[np.float32]) -> Row:
    """Compare the heatmaps of an engine with the expected ones, both ``(n, 14, 14)``."""
    precision = name.rsplit(' ', 1)[1]
    difference = np.abs(found - expected).max(axis=(1, 2))
    same = _peaks(found) == _peaks(expected)
    return {
        'engine': name,
        'difference, median': float(np.median(difference)),
        '99 %': float(np.quantile(difference, 0.99)),
        'largest': float(difference.max()),
        'asked for': ASKED[precision],
        'within': float((difference <= ASKED[precision]).mean()),
        'same peak': float(same.mean()),
    }


def _peaks(heatmaps: NDArray[np.float32]) -> NDArray[Any]:
    return heatmaps.reshape(len(heatmaps), -1).argmax(axis=1)


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return what is asked for of every engine but the reference."""
    return [goal for row in rows if row['engine'] != REFERENCE for goal in _goals(row)]


def _goals(row: Row) -> tuple[Goal, Goal]:
    name, bound = row['engine'], row['asked for']
    within = Goal(
        f'{name}: scenes within {bound:g} everywhere, %', 100 * row['within'], 100, at_least=True,
        aim='fp32' if name.endswith('fp32') else 'half',
        why=f'The largest difference is {row["largest"]:.2g}.',
    )
    peak = Goal(
        f'{name}: scenes with the same peak, %', 100 * row['same peak'], 100 * SAME_PEAK, at_least=True,
        aim='peak', why='Where two cells are nearly as probable, rounding decides between them.',
    )
    return within, peak
