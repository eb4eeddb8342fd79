"""Whether a probability is what it says (Naeini, Cooper & Hauskrecht, AAAI 2015)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.measures.figures import Figure, Groups, resampled

Values = NDArray[np.float64]

Row = dict[str, float | None]

BINS = 10


def balanced(truth: NDArray[np.bool_]) -> Values:
    """Return weights ``(n,)`` with which true and untrue pairs weigh alike, of sum 1."""
    return np.where(truth, 0.5 / max(1, truth.sum()), 0.5 / max(1, (~truth).sum()))


def reliability(probability: Values, truth: NDArray[np.bool_], weight: Values) -> list[Row]:
    """Return a row for each of `BINS` equal bins.

    A row holds its edges ``from`` and ``to``, its ``weight``, and where anything is in it the mean
    ``probability`` and the share that is ``true``.
    """
    return [_row(number, *sums) for number, sums in enumerate(_binned(probability, truth, weight).T)]


def _row(number: int, weight: float, said: float, true: float) -> Row:
    inside = weight > 0
    return {'from': round(number / BINS, 4), 'to': round((number + 1) / BINS, 4),
            'weight': round(float(weight), 4),
            'probability': round(float(said / weight), 4) if inside else None,
            'true': round(float(true / weight), 4) if inside else None}


def expected_error(probability: Values, truth: NDArray[np.bool_], weight: Values,
                   groups: Groups | None = None) -> Figure:
    """Return the expected calibration error: the mean, by weight, of |share that is true - probability|.

    Noise alone makes it larger than zero, so its interval is the basic bootstrap's, which corrects that.

    Parameters
    ----------
    groups
        See `resampled`.
    """
    columns = np.zeros((len(probability), BINS + 1))
    columns[np.arange(len(probability)), _bins(probability)] = weight * (truth - probability)
    columns[:, BINS] = weight
    return resampled(lambda sums: np.abs(sums[..., :BINS]).sum(axis=-1) / sums[..., BINS], columns, groups,
                     basic=True)


def _binned(probability: Values, truth: NDArray[np.bool_], weight: Values) -> Values:
    """Return the sums of weight, of probability and of truth in each bin, ``(3, BINS)``."""
    parts = (weight, weight * probability, weight * truth)
    return np.stack([np.bincount(_bins(probability), part, BINS) for part in parts])


def _bins(probability: Values) -> NDArray[np.int64]:
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)
