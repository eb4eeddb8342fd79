"""Retrieval against what can be worked out by hand."""

import numpy as np
import pytest

from ros2_avloc.learning.measures.canonical import canonical, chosen
from ros2_avloc.learning.measures.retrieval import (
    DIRECTIONS,
    chance,
    ndcg,
    relevance_of,
    retrieval,
)


def test_a_ranking_that_is_in_every_textbook():
    # Relevances 3, 2, 3, 0, 1, 2 in the order found: DCG 6.861, best 7.141 of these six, nDCG .961.
    relevance = np.array([[3, 2, 3, 0, 1, 2]])
    assert ndcg([[6, 5, 4, 3, 2, 1]], relevance)[0] == pytest.approx(0.961, abs=5e-4)


def test_only_the_first_answers_count():
    assert ndcg([[3, 2, 1]], [[0, 1, 1]], depth=1)[0] == 0
    # Gain 1/log2(3) at rank 2; the best order has 1 + 1/log2(3).
    assert ndcg([[3, 2, 1]], [[0, 1, 1]], depth=2)[0] == pytest.approx(0.6309 / 1.6309, abs=1e-4)


def test_what_is_left_out_is_neither_found_nor_missed():
    assert ndcg([[-np.inf, 2, 1]], [[9, 1, 0]])[0] == 1
    assert np.isnan(ndcg([[-np.inf, 2, 1]], [[9, 0, 0]])[0])


def test_chance_is_what_random_orders_come_to():
    rng = np.random.default_rng(6)
    relevance = np.tile(rng.integers(0, 3, 40), (3_000, 1)).astype(float)
    similarity = rng.random(relevance.shape)
    similarity[:, 3] = -np.inf
    expected = chance(similarity, relevance, depth=30)
    assert ndcg(similarity, relevance, depth=30).mean() == pytest.approx(expected[0], abs=0.005)
    assert np.ptp(expected) == 0


def clusters(rng, categories, spread=0.05, size=12):
    centres = rng.standard_normal((categories.max() + 1, size))
    return centres[categories] + spread * rng.standard_normal((len(categories), size))


def test_embeddings_that_know_and_embeddings_that_do_not():
    rng = np.random.default_rng(7)
    categories = np.arange(240) % 6
    images = clusters(rng, categories)
    known = retrieval(images, images + 0.01, categories)
    assert set(known) == set(DIRECTIONS)
    for direction in known.values():
        assert direction['ndcg']['value'] == 1
        assert direction['chance']['value'] == pytest.approx(1 / 6, abs=0.01)
        assert set(direction['by_category']) == set('012345')
    blind = retrieval(rng.standard_normal((240, 12)), rng.standard_normal((240, 12)), categories)
    for direction in blind.values():
        low, high = direction['ndcg']['interval']
        assert low - 0.02 < direction['chance']['value'] < high + 0.02


@pytest.fixture
def apart():
    """Images and sounds that hold the same categories, each in a space of its own."""
    rng = np.random.default_rng(8)
    categories = np.arange(240) % 6
    return clusters(rng, categories), clusters(rng, categories), categories


def test_two_modalities_that_do_not_share_a_space_are_at_chance_across_them(apart):
    report = retrieval(*apart)
    assert report['image_image']['ndcg']['value'] == report['audio_audio']['ndcg']['value'] == 1
    assert report['image_audio']['ndcg']['value'] < 0.6


def test_canonical_correlation_brings_them_together(apart):
    images, sounds, categories = apart
    fitted, held = np.arange(240) < 120, np.arange(240) >= 120
    space = canonical(images[fitted], sounds[fitted], components=5)
    seen, heard = space.images(images[held]), space.sounds(sounds[held])
    assert seen.shape == heard.shape == (120, 5)
    assert np.linalg.norm(seen, axis=1) == pytest.approx(np.ones(120))
    together = retrieval(seen, heard, categories[held])
    assert min(together[name]['ndcg']['value'] for name in ('image_audio', 'audio_image')) > 0.95


def test_components_that_carry_nothing_are_not_chosen():
    """Five directions tell six categories; of 128 components the rest drowns them in noise."""
    rng = np.random.default_rng(11)
    categories = rng.integers(0, 6, 2_100)
    images, sounds = (clusters(rng, categories, spread=2.0, size=128) for _ in range(2))
    fitted, aside, held = np.arange(1_500), np.arange(1_500, 1_800), np.arange(1_800, 2_100)
    pairs = images[fitted], sounds[fitted]

    def across(space):
        report = retrieval(space.images(images[held]), space.sounds(sounds[held]), categories[held])
        return min(report[name]['ndcg']['value'] for name in ('image_audio', 'audio_image'))

    best = chosen(pairs, images[aside], sounds[aside], categories[aside])
    assert best.components < 20
    assert across(best) > 0.95
    assert across(canonical(*pairs)) < across(best) - 0.2


def test_canonical_directions_survive_vectors_without_variance():
    vectors = np.random.default_rng(9).standard_normal((20, 8))
    vectors[:, 3:] = 0
    assert np.isfinite(canonical(vectors, vectors).images(vectors)).all()


def test_a_relevance_of_ones_own():
    relevance = relevance_of(['a', 'b', 'a'])
    assert relevance.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    graded = retrieval(np.eye(3), np.eye(3), ['a', 'b', 'c'], relevance=np.ones((3, 3)))
    assert graded['image_audio']['ndcg']['value'] == 1
