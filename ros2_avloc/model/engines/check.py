"""Holds an engine against the golden input and output of its bundle."""

from __future__ import annotations

import numpy as np

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine

TOLERANCE = {'fp32': 1e-3, 'bf16': 1e-2, 'fp16': 1e-2}
"""Largest difference of a probability from the golden one, by precision."""

PEAK_TOLERANCE = 0.02
"""How far below the golden maximum the engine's peak may lie, as a part of the golden logits' range."""


def check_golden(engine: Engine, bundle: Bundle) -> None:
    """Run the golden input.

    The probabilities must be the golden ones within `TOLERANCE`, and the peak must be the golden peak or
    a cell that is as good within `PEAK_TOLERANCE`: where all probabilities are small, they alone say little.

    Raises
    ------
    EngineError
        If the engine computes something else.
    """
    golden, precision = bundle.golden, engine.identity.precision
    if precision not in TOLERANCE:
        raise EngineError(f'it says that it computes in {precision!r}, for which nothing is promised')
    logits = engine.localize(golden.image, engine.embed_sound(golden.spectrogram))
    if logits.shape != golden.logits.shape or not np.isfinite(logits).all():
        raise EngineError(f'its output on the golden input is not finite {golden.logits.shape}')
    probability = bundle.calibration.probability
    difference = float(np.abs(probability(logits) - probability(golden.logits)).max())
    if difference > TOLERANCE[precision]:
        raise EngineError(f'its probabilities differ from the golden ones by up to {difference:.2g}')
    lost = golden.logits.max() - golden.logits.flat[logits.argmax()]
    if lost > PEAK_TOLERANCE * np.ptp(golden.logits):
        raise EngineError('its peak lies in another cell than the golden one')
