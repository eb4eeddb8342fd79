"""Figures with their 95 % intervals, as they stand in the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, bootstrap

Figure = dict[str, Any]
"""``value``, ``interval`` (its two ends) and ``n``; of nothing, value and ends are ``None``."""

Groups = NDArray[np.str_]

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
    if groups is None:
        return resampled(lambda sample, axis: sample.mean(axis=axis), values)
    names = np.unique(groups)
    sums = np.array([values[groups == name].sum() for name in names])
    counts = np.array([(groups == name).sum() for name in names], np.float64)
    whole = resampled(lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis), sums, counts,
                      paired=True)
    return whole | {'n': len(values)}


def resampled(statistic: Callable[..., Any], *samples: ArrayLike, paired: bool = False,
              method: str = 'percentile', vectorized: bool = True) -> Figure:
    """Return a statistic of samples with its bootstrap interval (Efron & Tibshirani, 1993).

    Parameters
    ----------
    statistic
        Takes the samples, and where it is vectorised the `axis` along which they lie.
    samples
        ``(n,)`` each.
    paired
        Whether the samples are drawn together, index by index.
    method
        ``'percentile'``, or ``'basic'`` for a statistic that noise alone makes larger.
    """
    arrays = [np.asarray(sample, np.float64) for sample in samples]
    if not all(map(len, arrays)):
        return figure(None, None, 0)
    value = statistic(*arrays, **({'axis': -1} if vectorized else {}))
    number = len(arrays[0]) if paired else sum(map(len, arrays))
    if min(map(len, arrays)) < 2:
        return figure(value, None, number)
    drawn = bootstrap(arrays, statistic, n_resamples=RESAMPLES, paired=paired, vectorized=vectorized,
                      method=method, rng=np.random.default_rng(0))  # type: ignore[call-overload, unused-ignore]
    return figure(value, drawn.confidence_interval, number)


def figure(value: Any, interval: Sequence[float] | None, n: int) -> Figure:
    """Return a figure with plain numbers, four digits after the point."""
    ends = [None, None] if interval is None else [round(float(np.clip(end, 0, 1)), 4) for end in interval]
    return {'value': None if value is None else round(float(value), 4), 'interval': ends, 'n': int(n)}
