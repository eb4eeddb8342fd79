"""Retrieval within and across modalities: nDCG, and chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.learning.measures.figures import Figure, mean

Vectors = NDArray[np.float64]

DEPTH = 30
"""Best answers that are looked at (Objects that Sound, section 3.2)."""

DIRECTIONS = {'image_image': (0, 0), 'image_audio': (0, 1), 'audio_image': (1, 0), 'audio_audio': (1, 1)}
"""Query and database: 0 images, 1 sounds."""


def ndcg(similarity: ArrayLike, relevance: ArrayLike, depth: int = DEPTH) -> Vectors:
    """Return the normalised discounted cumulative gain of each query.

    DCG = sum over the first `depth` ranks i of relevance_i / log2(i + 1), divided by that of the best order
    (Järvelin & Kekäläinen, ACM TOIS 20, 2002; the gain is linear, as scikit-learn's `ndcg_score` takes it).

    Parameters
    ----------
    similarity
        ``(queries, items)``; an item with similarity -inf is left out for that query.
    relevance
        ``(queries, items)``, not negative.

    Returns
    -------
    float64 ``(queries,)``; not a number where nothing is relevant.
    """
    similarity, relevance = np.asarray(similarity, np.float64), _left_out(similarity, relevance)
    found = np.argsort(-similarity, axis=1, kind='stable')[:, :depth]
    gains = _discounted(np.take_along_axis(relevance, found, axis=1))
    return _over(gains, _discounted(-np.sort(-relevance, axis=1)[:, :depth]))


def chance(similarity: ArrayLike, relevance: ArrayLike, depth: int = DEPTH) -> Vectors:
    """Return the expectation of `ndcg` over random orders; `similarity` only says what is left out."""
    relevance = _left_out(similarity, relevance)
    kept = np.isfinite(np.asarray(similarity, np.float64)).sum(axis=1)
    average = relevance.sum(axis=1) / np.maximum(kept, 1)
    ranks = np.arange(min(depth, relevance.shape[1]))
    gains = average * ((ranks < kept[:, None]) / np.log2(ranks + 2)).sum(axis=1)
    return _over(gains, _discounted(-np.sort(-relevance, axis=1)[:, :depth]))


def _left_out(similarity: ArrayLike, relevance: ArrayLike) -> Vectors:
    return np.where(np.isneginf(np.asarray(similarity, np.float64)), 0.0, np.asarray(relevance, np.float64))


def _discounted(gains: Vectors) -> Vectors:
    return np.asarray((gains / np.log2(np.arange(gains.shape[1]) + 2)).sum(axis=1))


def _over(gains: Vectors, best: Vectors) -> Vectors:
    return np.asarray(np.divide(gains, best, out=np.full_like(gains, np.nan), where=best > 0))


def relevance_of(categories: ArrayLike) -> Vectors:
    """Return 1 for items of one category, else 0, ``(n, n)``: a pack has no ontology to measure along."""
    names = np.asarray(categories)
    return np.asarray(names[:, None] == names, np.float64)


def retrieval(images: ArrayLike, sounds: ArrayLike, categories: ArrayLike,
              relevance: ArrayLike | None = None) -> dict[str, dict[str, Figure | dict[str, Figure]]]:
    """Measure retrieval in all four directions, by Euclidean distance.

    Item i is an image and a sound that belong together. Every item is a query; in no direction is it looked
    for among its own image and sound.

    Parameters
    ----------
    images, sounds
        Embeddings ``(n, d)``.
    categories
        Of the items, ``(n,)``.
    relevance
        ``(n, n)``; without it `relevance_of` the categories.

    Returns
    -------
    dict
        By direction (`DIRECTIONS`): ``ndcg`` and ``chance``, and ``by_category`` of the query.
    """
    names = np.asarray(categories)
    relevance = relevance_of(names) if relevance is None else np.asarray(relevance, np.float64)
    report = {}
    for direction in DIRECTIONS:
        similarity = similarities(images, sounds, direction)
        values, by_chance = ndcg(similarity, relevance), chance(similarity, relevance)
        asked = ~np.isnan(values)
        report[direction] = {
            'ndcg': mean(values[asked]), 'chance': mean(by_chance[asked]),
            'by_category': {str(name): mean(values[asked & (names == name)]) for name in np.unique(names)}}
    return report


def similarities(images: ArrayLike, sounds: ArrayLike, direction: str) -> Vectors:
    """Return less the squared distance of each query to each item that is looked among, ``(n, n)``.

    An item's own image and sound are left out: -inf.
    """
    parts = np.asarray(images, np.float64), np.asarray(sounds, np.float64)
    query, base = DIRECTIONS[direction]
    similarity = -_squared_distances(parts[query], parts[base])
    np.fill_diagonal(similarity, -np.inf)
    return similarity


def _squared_distances(one: Vectors, other: Vectors) -> Vectors:
    squares = (one ** 2).sum(axis=1)[:, None] + (other ** 2).sum(axis=1)
    return np.asarray(squares - 2 * one @ other.T)
