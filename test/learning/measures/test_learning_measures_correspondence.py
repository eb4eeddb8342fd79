"""Decisions, precision, recall, and whether a probability is one."""

import numpy as np
import pytest

from ros2_avloc.learning.measures.correspondence import THRESHOLDS, best_threshold, curve, right
from ros2_avloc.learning.measures.reliability import BINS, balanced, expected_error, reliability


def test_a_decision_is_right_in_both_cases():
    found, truth = np.array([0.9, 0.5, 0.4, 0.6]), np.array([True, True, False, False])
    assert right(found, truth, 0.5).tolist() == [True, True, True, False]


@pytest.mark.parametrize('copies', [1, 7])
def test_the_best_threshold_parts_what_can_be_parted(copies):
    truth = np.array([True, True] + [False] * copies)
    found = np.concatenate([[0.7, 0.9], np.linspace(0.1, 0.3, copies)])
    assert right(found, truth, best_threshold(found, truth)).all()


def test_a_network_that_cannot_tell_has_half_of_them_right():
    rng = np.random.default_rng(4)
    truth, found = np.arange(4_000) % 2 == 0, rng.random(4_000)
    assert right(found, truth, 0.5).mean() == pytest.approx(0.5, abs=0.03)


def test_precision_and_recall_by_hand():
    found = np.array([0.9, 0.7, 0.3, 0.8])
    truth = np.array([True, True, True, False])
    placed = np.array([True, False, True, False])
    drawn = curve(found, truth, placed)
    at = {threshold: number for number, threshold in enumerate(drawn['threshold'])}
    # At 0.6 two of three true pairs are over the threshold, one of them in place; so is the only untrue one.
    assert drawn['recall'][at[0.6]] == pytest.approx(1 / 3, abs=1e-4)
    assert drawn['precision'][at[0.6]] == pytest.approx((1 / 3) / (2 / 3 + 1), abs=1e-4)
    assert drawn['false_positives'][at[0.6]] == 1
    assert drawn['precision'][at[0.96]] is None
    assert len(drawn['precision']) == len(THRESHOLDS)


def test_a_probability_that_is_one_has_no_error():
    rng = np.random.default_rng(5)
    probability = rng.random(4_000)
    truth = rng.random(4_000) < probability
    error = expected_error(probability, truth, np.full(4_000, 1 / 4_000))
    assert error['value'] < 0.025
    assert error['interval'][0] < 0.01


def test_overconfidence_is_measured():
    probability, truth = np.full(100, 0.95), np.arange(100) < 70
    error = expected_error(probability, truth, np.full(100, 0.01))
    assert error['value'] == pytest.approx(0.25)
    assert error['interval'][0] < 0.25 < error['interval'][1]


def test_pairs_weigh_alike_however_many_there_are():
    truth = np.array([True, False, False, False])
    assert balanced(truth).tolist() == pytest.approx([0.5, 1 / 6, 1 / 6, 1 / 6])
    rows = reliability(np.array([1.0, 0.0, 0.05, 1.0]), truth, balanced(truth))
    assert len(rows) == BINS
    assert rows[0] == {'from': 0, 'to': 0.1, 'weight': pytest.approx(0.3333, abs=1e-4),
                       'probability': 0.025, 'true': 0}
    assert rows[-1]['true'] == pytest.approx(0.75, abs=1e-4)
    assert rows[4]['probability'] is None
