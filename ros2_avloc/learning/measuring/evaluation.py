"""All figures of one set, as they stand in the JSON; docs/evaluation.md says what each key is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.material.scenes import NEGATIVES
from ros2_avloc.learning.measures import correspondence, localisation, negatives, reliability
from ros2_avloc.learning.measures.figures import Figure, Groups, mean, share
from ros2_avloc.learning.measures.maps import peaks
from ros2_avloc.learning.measuring.cases import SOUNDING, SWAPPED
from ros2_avloc.learning.measuring.examination import Answers

Report = dict[str, Any]

FOUND = 0.8
"""Share of the pairs with something sounding in view that ``at_80`` asks for."""

_CUTS = np.linspace(0.02, 0.9, 45)


@dataclass(frozen=True)
class Thresholds:
    """The probabilities at which is decided, none of them fitted on what is measured.

    Attributes
    ----------
    shipped
        From which a peak counts as a source, as the bundle says it.
    avc
        From which a view and a sound are said to belong together.
    area
        From which a point of the enlarged map counts as on what sounds.
    fitted_on
        Names of the sets, of items set aside, that `avc` and `area` were fitted on.
    """

    shipped: float
    avc: float
    area: float
    fitted_on: Sequence[str] = ()


def fitted(answers: Answers, shipped: float, names: Sequence[str] = ()) -> Thresholds:
    """Fit the thresholds with the most right decisions and the largest mean overlap.

    `answers` are to pairs set aside, in sets of these names.
    """
    pairs, sounding = _pairs(answers), answers.where(answers.kinds == SOUNDING)
    overlaps = [localisation.overlaps(sounding.heatmaps, list(sounding.boxes), cut).mean() for cut in _CUTS]
    return Thresholds(shipped, round(correspondence.best_threshold(pairs.found, pairs.true), 4),
                      round(float(_CUTS[np.argmax(overlaps)]), 4), tuple(names))


def measure(answers: Answers, thresholds: Thresholds) -> Report:
    """Return every figure of one set."""
    sounding = answers.where(answers.kinds == SOUNDING)
    report = {
        'pairs': len(answers),
        'localisation': {str(number): place(sounding.where(sounding.objects == number), thresholds)
                         for number in np.unique(sounding.objects)},
        'swap': swap(answers),
        'kept': _over(sounding, thresholds),
        'avc': _avc(answers, thresholds),
        'curve': correspondence.curve(answers.found, answers.true,
                                      localisation.peak_on(answers.heatmaps, answers.targets)),
        'calibration': _calibration(answers),
        'by_category': {str(name): _category(answers.where(answers.names == name), thresholds)
                        for name in np.unique(answers.names) if name},
    }
    return report | _negatives(answers, thresholds) | {'at_80': _at_80(answers)}


def place(answers: Answers, thresholds: Thresholds) -> Report:
    """Return how well the maps lie on what sounds, beside what knows less."""
    boxes, groups = list(answers.boxes), _groups(answers)
    overlaps = localisation.overlaps(answers.heatmaps, boxes, thresholds.area)
    return share(localisation.peak_on(answers.heatmaps, answers.targets), groups) | {
        'centre': share(localisation.centre_on(boxes), groups),
        'blind': share(localisation.peak_on(answers.blind, answers.targets), groups),
        'random': mean(localisation.chance(answers.targets), groups),
        'overlap': mean(overlaps, groups),
        'ciou': share(overlaps >= 0.5, groups),
        'auc': mean(localisation.areas_under(overlaps), groups),
    }


def swap(answers: Answers) -> dict[str, Figure]:
    """Return how often the peak follows the sound from one of two objects to the other.

    ``both``: it lies on what sounds with either sound; ``moved``: it lies in another cell with the other.
    """
    first, other = (answers.where(answers.kinds == kind) for kind in (SOUNDING, SWAPPED))
    first = first.where(np.isin(first.views, other.views))
    right = [localisation.peak_on(one.heatmaps, one.targets) for one in (first, other)]
    cells = [peaks(one.heatmaps) for one in (first, other)]
    return {'both': share(right[0] & right[1], _groups(first)),
            'moved': share(cells[0] != cells[1], _groups(first))}


def _groups(answers: Answers) -> Groups | None:
    """Return the recordings that pairs are from, where they are from recordings."""
    return answers.groups if answers.groups.any() else None


def _drawn_together(answers: Answers) -> Groups:
    """Return the recordings that pairs are from, or else their views: true and untrue pairs share them."""
    return answers.groups if answers.groups.any() else answers.views


def _over(answers: Answers, thresholds: Thresholds) -> Figure:
    return share(answers.found >= thresholds.shipped, _groups(answers))


def _pairs(answers: Answers) -> Answers:
    """Return each view twice: with a sound that something in it makes, and with one from elsewhere."""
    elsewhere, sounding = (answers.kinds == kind for kind in ('elsewhere', SOUNDING))
    views = np.intersect1d(answers.views[elsewhere], answers.views[sounding])
    return answers.where((elsewhere | sounding) & np.isin(answers.views, views))


def _avc(answers: Answers, thresholds: Thresholds) -> Report:
    pairs = _pairs(answers)
    right, shipped = (share(correspondence.right(pairs.found, pairs.true, threshold), _groups(pairs))
                      for threshold in (thresholds.avc, thresholds.shipped))
    return right | {'at_shipped_threshold': shipped}


def _calibration(answers: Answers) -> Report:
    chosen = answers.where(answers.kinds != SWAPPED)
    sample = chosen.found, chosen.true, reliability.balanced(chosen.true)
    return {'expected_error': reliability.expected_error(*sample, _drawn_together(chosen)),
            'bins': reliability.reliability(*sample)}


def _negatives(answers: Answers, thresholds: Thresholds) -> Report:
    kinds = {kind: answers.where(answers.kinds == kind) for kind in NEGATIVES}
    kinds = {kind: some for kind, some in kinds.items() if len(some)}
    areas = {kind: negatives.areas(some.heatmaps, thresholds.area) for kind, some in kinds.items()}
    false = {kind: _over(some, thresholds) for kind, some in kinds.items()}
    pia = {kind: mean(values, _groups(kinds[kind])) for kind, values in areas.items()}
    auc_n = {kind: mean(negatives.auc_n(values), _groups(kinds[kind])) for kind, values in areas.items()}
    return {'false_positives': false, 'pia': pia, 'auc_n': auc_n} | _f_scores(answers, areas, thresholds)


def _at_80(answers: Answers) -> Report:
    """Return the highest threshold that keeps `FOUND` of what sounds in view, and what passes it wrongly."""
    sounding = answers.where(answers.kinds == SOUNDING)
    if not len(sounding):
        return {'threshold': None, 'false_positives': {}}
    threshold = float(np.quantile(sounding.found, 1 - FOUND, method='lower'))
    kinds = {kind: answers.where(answers.kinds == kind) for kind in NEGATIVES}
    return {'threshold': round(threshold, 4),
            'false_positives': {kind: share(some.found >= threshold, _groups(some))
                                for kind, some in kinds.items() if len(some)}}


def _f_scores(answers: Answers, areas: dict[str, NDArray[np.float64]], thresholds: Thresholds) -> Report:
    kinds = [kind for kind in negatives.KINDS if kind in areas]
    groups = [_drawn_together(answers)[answers.kinds == kind] for kind in (SOUNDING, *kinds)]
    sounding = answers.where(answers.kinds == SOUNDING)
    overlaps = localisation.overlaps(sounding.heatmaps, list(sounding.boxes), thresholds.area)
    return {'f_loc': negatives.f_score(overlaps, [1 - areas[kind] for kind in kinds], groups),
            'f_auc': negatives.f_score(localisation.areas_under(overlaps),
                                       [negatives.auc_n(areas[kind]) for kind in kinds], groups)}


def _category(answers: Answers, thresholds: Thresholds) -> Report:
    """Return the figures of the pairs in which one category is heard."""
    sounding, elsewhere = (answers.where(answers.kinds == kind) for kind in (SOUNDING, 'elsewhere'))
    both = answers.where(np.isin(answers.kinds, (SOUNDING, 'elsewhere')))
    overlaps = localisation.overlaps(sounding.heatmaps, list(sounding.boxes), thresholds.area)
    return {
        'localisation': share(localisation.peak_on(sounding.heatmaps, sounding.targets), _groups(sounding)),
        'ciou': share(overlaps >= 0.5, _groups(sounding)),
        'auc': mean(localisation.areas_under(overlaps), _groups(sounding)),
        'kept': _over(sounding, thresholds),
        'avc': share(correspondence.right(both.found, both.true, thresholds.avc), _groups(both)),
        'false_positives': _over(elsewhere, thresholds),
        'pia': mean(negatives.areas(elsewhere.heatmaps, thresholds.area), _groups(elsewhere)),
    }
