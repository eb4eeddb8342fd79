"""Figures with their 95 % intervals, as they stand in the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

Figure = dict[str, Any]
"""``value``, ``interval`` (its two ends) and ``n``; of nothing, value and ends are ``None``."""

Groups = NDArray[Any]
"""Names or numbers of groups."""

Values = NDArray[np.float64]

RESAMPLES = 1_000


def share(hits: ArrayLike, groups: Groups | None = None) -> Figure:
    """Return the share of hits with Wilson's interval (Wilson, JASA 22, 1927).

    Parameters
    ----------
    hits
        bool ``(n,)``.
    groups
        Where samples of one group are alike (moments of one video), the name of each sample's group: the
        interval then comes from a bootstrap over groups.
    """
    hits = np.asarray(hits, bool)
    if groups is not None and len(hits):
        return mean(hits, groups)
    if not len(hits):
        return figure(None, None, 0)
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(method='wilson')
    return figure(hits.mean(), interval, len(hits))


def mean(values: ArrayLike, groups: Groups | None = None) -> Figure:
    """Return the mean of ``(n,)`` values with a bootstrap interval, over groups where there are any."""
    values = np.asarray(values, np.float64)
    columns = np.stack([values, np.ones_like(values)], axis=1)
    return resampled(lambda sums: sums[..., 0] / sums[..., 1], columns, groups)


def resampled(statistic: Callable[[Values], Values], columns: ArrayLike, groups: Groups | None = None, *,
              basic: bool = False) -> Figure:
    """Return a statistic of sums over samples with its bootstrap interval (Efron & Tibshirani, 1993).

    Parameters
    ----------
    statistic
        Takes the sums of the columns, ``(..., k)``, and returns ``(...)``, not a number where these are of
        nothing.
    columns
        What each sample adds to the sums, ``(n, k)``.
    groups
        Which group each sample is of, ``(n,)``: groups are drawn with all that is in them. Without them each
        sample is drawn alone.
    basic
        For a statistic that noise alone makes larger: the basic interval, not that of the percentiles.
    """
    columns = np.asarray(columns, np.float64)
    sums = columns if groups is None else _by_group(columns, groups)
    with np.errstate(divide='ignore', invalid='ignore'):
        value = statistic(sums.sum(axis=0))
        drawn = statistic(_times_drawn(len(sums)) @ sums) if len(sums) > 1 else np.array([])
    if not np.isfinite(value):
        return figure(None, None, 0)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return figure(value, None, len(columns))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return figure(value, (2 * value - high, 2 * value - low) if basic else (low, high), len(columns))


def _by_group(columns: Values, groups: Groups) -> Values:
    """Return the sums of the columns over each group, ``(groups, k)``."""
    names, places = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, places, columns)
    return sums


def _times_drawn(count: int) -> NDArray[np.int64]:
    """Return how often each of `count` is drawn in each resample, ``(RESAMPLES, count)``."""
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)


def figure(value: Any, interval: Sequence[float] | None, n: int) -> Figure:
    """Return a figure with plain numbers, four digits after the point."""
    ends = [None, None] if interval is None else [round(float(np.clip(end, 0, 1)), 4) for end in interval]
    return {'value': None if value is None else round(float(value), 4), 'interval': ends, 'n': int(n)}
