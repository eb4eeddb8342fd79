"""Does anything in view make the sound? Decisions by thresholds on the correspondence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

THRESHOLDS = np.linspace(0, 1, 51)
"""At which the curve of precision and recall is drawn."""


def right(found: Values, truth: Flags, threshold: float) -> Flags:
    """Return whether "corresponds" is said at or above the threshold where it is true, and only there.

    The share of it on as many matching as mismatching pairs is AVC accuracy ("Look, Listen and Learn",
    Arandjelović & Zisserman, ICCV 2017).
    """
    return np.asarray((found >= threshold) == truth)


def best_threshold(found: Values, truth: Flags) -> float:
    """Return the threshold with the most right decisions, midway between two values; both truths weigh alike.

    To be fitted on pairs that nothing is measured on. Without pairs it is 0.5.
    """
    if not len(found):
        return 0.5
    order = np.argsort(found)
    values, true = found[order], truth[order]
    below = np.concatenate([[0], np.cumsum(~true)]) / max(1, (~true).sum())
    above = 1 - np.concatenate([[0], np.cumsum(true)]) / max(1, true.sum())
    edges = np.concatenate([[values[0]], (values[1:] + values[:-1]) / 2, [values[-1] + 1e-6]])
    return float(edges[np.argmax(below + above)])


def curve(found: Values, truth: Flags, placed: Flags) -> dict[str, list[float | None]]:
    """Return precision and recall over the threshold.

    Something found is right where something in view sounds and the peak lies on it. True and untrue pairs
    weigh alike in the precision, however many there are of each.

    Parameters
    ----------
    found
        Correspondence of each pair, ``(n,)``.
    truth
        Whether something in view sounds.
    placed
        Whether the peak lies on it.

    Returns
    -------
    dict
        ``threshold``, ``precision`` (``None`` where nothing is found), ``recall``, and ``false_positives``:
        the share of untrue pairs at or above the threshold.
    """
    over = found[None] >= THRESHOLDS[:, None]
    hits = (over & truth & placed).sum(axis=1) / max(1, truth.sum())
    kept = (over & truth).sum(axis=1) / max(1, truth.sum())
    alarms = (over & ~truth).sum(axis=1) / max(1, (~truth).sum())
    total = kept + alarms
    precision = [round(float(hit / all_), 4) if all_ else None for hit, all_ in zip(hits, total, strict=True)]
    return {'threshold': THRESHOLDS.round(4).tolist(), 'precision': precision,
            'recall': hits.round(4).tolist(), 'false_positives': alarms.round(4).tolist()}
