"""Intervals hold what they are for."""

import numpy as np
import pytest

from ros2_avloc.learning.measures.figures import figure, mean, resampled, share


def test_a_share_has_wilsons_interval():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263.
    found = share(np.arange(263) < 81)
    assert found == {'value': 0.308, 'interval': [pytest.approx(0.2553, abs=1e-4),
                                                  pytest.approx(0.3662, abs=1e-4)], 'n': 263}


def test_of_nothing_nothing_is_said():
    empty = {'value': None, 'interval': [None, None], 'n': 0}
    assert share([]) == mean([]) == empty
    assert mean([0.5]) == figure(0.5, None, 1)


def test_intervals_cover_the_truth_nearly_always():
    rng = np.random.default_rng(1)
    shares = [share(rng.random(60) < 0.7)['interval'] for _ in range(150)]
    assert np.mean([low <= 0.7 <= high for low, high in shares]) > 0.9
    means = [mean(rng.beta(2, 3, 60))['interval'] for _ in range(60)]
    assert np.mean([low <= 0.4 <= high for low, high in means]) > 0.85


def test_moments_of_one_video_count_as_one():
    hits = np.repeat(np.arange(10) < 5, 100)
    groups = np.repeat([f'video {number}' for number in range(10)], 100)
    alone, together = share(hits), share(hits, groups)
    assert together['value'] == alone['value'] == 0.5
    assert together['n'] == 1000
    assert np.ptp(together['interval']) > 5 * np.ptp(alone['interval'])


def test_groups_weigh_as_many_as_they_hold():
    assert mean([1, 1, 1, 0], np.array(['a', 'a', 'a', 'b']))['value'] == 0.75


def test_the_columns_of_a_sample_are_drawn_together():
    columns = np.stack([np.arange(20) / 20] * 2, axis=1)
    apart = resampled(lambda sums: sums[..., 0] - sums[..., 1], columns)
    assert apart == {'value': 0.0, 'interval': [0.0, 0.0], 'n': 20}


def test_a_group_counts_as_the_one_sample_that_it_adds_up_to():
    values, groups = np.repeat(np.arange(12) / 12, 5), np.repeat(np.arange(12), 5)
    assert mean(values, groups) == mean(np.arange(12) / 12) | {'n': 60}


def test_draws_that_say_nothing_are_left_out():
    """One of three samples alone counts: a third of the draws hold none of it."""
    columns = np.array([[0.5, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert resampled(lambda sums: sums[..., 0] / sums[..., 1], columns) == figure(0.5, (0.5, 0.5), 3)
    assert resampled(lambda sums: sums[..., 0] / sums[..., 1], columns[1:]) == figure(None, None, 0)
