"""Peaks, overlaps and what chance has."""

import numpy as np
import pytest

from ros2_avloc.learning.measures import localisation, negatives
from ros2_avloc.learning.measures.maps import SIDE, enlarged, inside, target_cells

LEFT_HALF, QUARTER = (0.0, 0.0, 0.5, 1.0), (0.5, 0.5, 0.5, 0.5)


def map_of(*boxes):
    return target_cells(boxes).astype(np.float32)


def test_cells_count_where_their_centre_lies_in_a_box():
    assert target_cells([LEFT_HALF]).sum() == 14 * 7
    assert target_cells([LEFT_HALF, QUARTER]).sum() == 14 * 7 + 49
    assert not target_cells([]).any()


def test_a_box_between_centres_counts_as_the_cell_of_its_middle():
    assert np.argwhere(target_cells([(0.01, 0.96, 0.01, 0.01)])).tolist() == [[13, 0]]


def test_peaks_are_scored_against_targets():
    heatmaps = np.stack([map_of(LEFT_HALF), map_of(QUARTER)])
    targets = np.stack([target_cells([LEFT_HALF]), target_cells([LEFT_HALF])])
    assert localisation.peak_on(heatmaps, targets).tolist() == [True, False]
    assert localisation.chance(targets).tolist() == [0.5, 0.5]
    assert localisation.centre_on([[LEFT_HALF], [QUARTER], [(0.6, 0.6, 0.1, 0.1)], []]).tolist() == [
        False, True, False, False]


def test_random_maps_hit_as_often_as_chance_says():
    rng = np.random.default_rng(2)
    targets = np.stack([target_cells([(0.2, 0.3, rng.uniform(0.1, 0.5), 0.4)]) for _ in range(4_000)])
    hits = localisation.peak_on(rng.random(targets.shape).astype(np.float32), targets)
    assert hits.mean() == pytest.approx(localisation.chance(targets).mean(), abs=0.015)


def test_overlap_of_maps_that_are_known():
    half = np.tile(np.repeat([1.0, 0.0], 7), (14, 1)).astype(np.float32)
    found = enlarged(half) >= 0.5
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    empty, full = np.zeros((14, 14), np.float32), np.ones((14, 14), np.float32)
    values = localisation.overlaps(np.stack([half, empty, full, half]),
                                   [[LEFT_HALF], [LEFT_HALF], [LEFT_HALF], [QUARTER]], 0.5)
    assert values == pytest.approx([1, 0, 0.5, 0], abs=0.01)


def test_a_fixed_threshold_is_not_fitted_to_the_map():
    faint = 0.4 * map_of(LEFT_HALF)
    assert localisation.overlaps(faint[None], [[LEFT_HALF]], 0.5) == 0


def test_boxes_are_drawn_as_wide_as_they_are():
    assert inside([QUARTER], SIDE).mean() == pytest.approx(0.25)


def test_area_under_the_curve_of_known_values():
    # All at 1: the curve is 1 throughout. All at 0: it falls from 1 to 0 over the first step of 0.05.
    assert localisation.areas_under(np.array([1.0, 0.0, 0.5])) == pytest.approx([1.0, 0.025, 0.525])


def test_area_of_what_is_found_and_its_curve():
    heatmaps = np.stack([np.zeros((14, 14)), np.ones((14, 14)), map_of(LEFT_HALF)]).astype(np.float32)
    areas = negatives.areas(heatmaps, 0.5)
    assert areas == pytest.approx([0, 1, 0.5], abs=0.01)
    # The share of images with pIA <= t: all of them from t = 0 where nothing is found.
    assert negatives.auc_n(np.array([0.0, 1.0])) == pytest.approx([1.0, 0.025])


def test_the_f_score_is_the_harmonic_mean_of_two_means():
    score = negatives.f_score(np.full(10, 0.4), [np.full(5, 1.0), np.full(6, 0.8), np.full(7, 0.6)])
    assert score['value'] == pytest.approx(2 * 0.4 * 0.8 / 1.2, abs=1e-4)
    assert score['interval'] == [score['value']] * 2
    assert negatives.f_score(np.zeros(3), [np.zeros(3)])['value'] == 0


def test_positives_and_negatives_of_a_group_are_drawn_together():
    """What is missed where nothing is found: both means move, their sum does not."""
    positives, groups = np.random.default_rng(4).random(200), np.arange(200)
    parts = positives, [1 - positives]
    together, apart = (np.ptp(negatives.f_score(*parts, some)['interval']) for some in ([groups] * 2, None))
    assert together < apart / 2


def test_groups_that_lack_a_kind_of_negatives_have_a_score():
    """Where one of two groups is drawn twice, there is no silence, or no noise."""
    groups = [np.array([0, 1]), np.array([0]), np.array([1])]
    score = negatives.f_score(np.full(2, 0.5), [np.ones(1), np.ones(1)], groups)
    assert score == {'value': 0.6667, 'interval': [0.6667, 0.6667], 'n': 4}


def test_the_f_scores_interval_is_that_of_its_parts():
    rng = np.random.default_rng(3)
    score = negatives.f_score(rng.random(200), [rng.random(200)] * 3)
    low, high = score['interval']
    assert low < score['value'] < high
    assert 0.02 < high - low < 0.12
