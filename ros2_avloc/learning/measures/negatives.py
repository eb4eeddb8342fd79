"""What is found where nothing in view sounds (Juanola et al., arXiv 2410.01020, section III).

pIA is the percentage of the image's area above the threshold, under negative audio; AUC_N the area under
the curve of the share of images whose pIA is at most t, for t from 0 to 1. F_LOC is the harmonic mean of
the mean overlap (cIoU there) on positives and of 1 - pIA, F_AUC that of AUC on positives and of AUC_N,
each averaged over silence, noise and sounds from out of view. All are shares here, not percentages.

There the threshold, one for all images, is a statistic of the maps' maxima under negative audio; here it is
the one with the largest mean overlap on scenes set aside (`area`): these figures are not comparable with the
paper's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.measures.figures import Figure, Groups, resampled
from ros2_avloc.learning.measures.localisation import areas_under
from ros2_avloc.learning.measures.maps import Heatmap, enlarged

Values = NDArray[np.float64]

KINDS = ('silence', 'noise', 'elsewhere')
"""The negatives that the F scores are taken over, as in the paper; `elsewhere` is its `offscreen`."""


def areas(heatmaps: Heatmap, threshold: float) -> Values:
    """Return pIA of each map, ``(n,)``: the share of the enlarged map at or above the threshold."""
    return np.array([(enlarged(heatmap) >= threshold).mean() for heatmap in heatmaps], np.float64)


def auc_n(areas: Values) -> Values:
    """Return each image's part in AUC_N, ``(n,)``; their mean is AUC_N."""
    return areas_under(1 - areas)


def f_score(positives: Values, negatives: Sequence[Values], groups: Sequence[Groups] | None = None) -> Figure:
    """Return the harmonic mean of two means, with a bootstrap interval.

    Parameters
    ----------
    positives
        Overlaps for F_LOC, their `areas_under` for F_AUC.
    negatives
        For each of `KINDS` that there is, 1 - `areas` for F_LOC, `auc_n` for F_AUC. Without any, the figure
        is of nothing.
    groups
        Of the positives, and of each kind of negatives: what is of one group is drawn together.
    """
    parts = [positives, *negatives]
    kinds = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    columns = np.zeros((len(kinds), 2, len(parts)))
    columns[np.arange(len(kinds)), 0, kinds] = np.concatenate(parts)
    columns[np.arange(len(kinds)), 1, kinds] = 1
    return resampled(_harmonic, columns.reshape(len(kinds), -1),
                     None if groups is None else np.concatenate(groups))


def _harmonic(sums: Values) -> Values:
    """Return the score, from sums of values and from counts of positives and of each kind of negatives.

    Few groups can lack a kind when they are drawn: the mean is then over the others.
    """
    totals, counts = np.split(sums, 2, axis=-1)
    good, present = totals[..., 0] / counts[..., 0], counts[..., 1:] > 0
    kinds = totals[..., 1:] / np.maximum(counts[..., 1:], 1)
    empty = kinds.sum(axis=-1) / present.sum(axis=-1)
    return np.asarray(2 * good * empty / np.maximum(good + empty, 1e-12))
