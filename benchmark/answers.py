"""What each engine computes, against torch in float32: the largest difference of a probability, the peak.

The windows are scenes of the simulated world that networks are measured on, and val scenes of a pack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from engines import opened
from numpy.typing import NDArray
from sheet import Goal, Row, Sheet

from ros2_avloc.learning.material.worlds import MEASURED, banks_of
from ros2_avloc.learning.training.checks import Check, check_of
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine

PAIRS = 300
REFERENCE = 'torch fp32'
ASKED = {'fp32': 1e-3, 'bf16': 1e-2, 'fp16': 1e-2}
"""Largest difference of a probability that is asked for."""

SAME_PEAK = 0.99


def measure(bundle: Bundle, *, pack: Path | None = None) -> list[Sheet]:
    """Compare the engines on `PAIRS` simulated scenes, and on as many of a pack."""
    sheets = []
    for name, bank in banks_of(pack, MEASURED, 'val').items():
        check = check_of(name, bank, PAIRS)
        with opened(bundle) as (engines, declined):
            heatmaps = {
                engine: _heatmaps(opened_engine, bundle, check) for engine, opened_engine in engines.items()
            }
        rows = [_row(engine, found, heatmaps[REFERENCE]) for engine, found in heatmaps.items()]
        notes = [
            f'{PAIRS} scenes; reference: {REFERENCE}.',
            *(f'Not here: {sentence}' for sentence in declined),
        ]
        sheets.append(Sheet(f'Answers of the engines, {name} scenes', rows, _goals(rows), notes))
    return sheets


def _heatmaps(engine: Engine, bundle: Bundle, check: Check) -> NDArray[np.float32]:
    images = check.images.numpy().astype(np.float32) / np.float32(127.5) - 1
    spectrograms = check.spectrograms.numpy()
    return np.stack(
        [
            bundle.calibration.probability(engine.localize(image[None], engine.embed_sound(spectrogram[0])))
            for image, spectrogram in zip(images, spectrograms, strict=True)
        ]
    )


def _row(name: str, found: NDArray[np.float32], expected: NDArray[np.float32]) -> Row:
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


def _goals(rows: list[Row]) -> list[Goal]:
    return [
        Goal(f'{row["engine"]}: {what}', row[column], limit, at_least=True)
        for row in rows
        for what, column, limit in (
            ('share of scenes within what is asked for', 'within', 1.0),
            ('share of scenes with the same peak', 'same peak', SAME_PEAK),
        )
        if row['engine'] != REFERENCE
    ]
