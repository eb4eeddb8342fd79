"""Canonical correlation analysis: two spaces of vectors brought together, as a baseline for retrieval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.learning.measures.retrieval import Vectors, ndcg, relevance_of, similarities

COMPONENTS = 128
"""As "Objects that Sound" (table 1) takes them."""

RIDGE = 1e-2
"""Of `canonical` where nobody says, relative to the mean variance."""

RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
"""Of those that `chosen` chooses from."""


@dataclass(frozen=True)
class Projection:
    """Two linear maps onto a space where two modalities correlate, best first; `ridge` as it was fitted."""

    means: tuple[Vectors, Vectors]
    weights: tuple[Vectors, Vectors]
    ridge: float

    @property
    def components(self) -> int:
        """Dimensions of the space."""
        return self.weights[0].shape[1]

    def first(self, components: int) -> Projection:
        """Keep the directions that correlate best."""
        one, other = self.weights
        return Projection(self.means, (one[:, :components], other[:, :components]), self.ridge)

    def images(self, vectors: ArrayLike) -> Vectors:
        """Project ``(n, d)``, each to length 1."""
        return self._projected(vectors, 0)

    def sounds(self, vectors: ArrayLike) -> Vectors:
        """Project ``(n, d)``, each to length 1."""
        return self._projected(vectors, 1)

    def _projected(self, vectors: ArrayLike, which: int) -> Vectors:
        return unit((np.asarray(vectors, np.float64) - self.means[which]) @ self.weights[which])


def unit(vectors: Vectors) -> Vectors:
    """Bring each row of ``(n, d)`` to length 1; zeros stay zeros."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def canonical(images: ArrayLike, sounds: ArrayLike, components: int = COMPONENTS,
              ridge: float = RIDGE) -> Projection:
    """Fit regularised canonical correlation analysis (Hotelling 1936; ridge as Vinod 1976).

    Each modality is whitened with a ridge; the singular vectors of the whitened cross-covariance are the
    directions. "Objects that Sound" (table 1) aligns L3-Net's embeddings so, and normalises the projections
    to length 1.

    Parameters
    ----------
    images, sounds
        Embeddings ``(n, d)`` of pairs to fit on, row by row; never those that are measured.
    components
        At most as many as the smaller d are kept.
    ridge
        Relative to the mean variance.
    """
    parts = [np.asarray(part, np.float64) for part in (images, sounds)]
    means = [part.mean(axis=0) for part in parts]
    centred = [part - middle for part, middle in zip(parts, means, strict=True)]
    whitening = [_whitening(part, ridge) for part in centred]
    cross = whitening[0].T @ (centred[0].T @ centred[1] / len(parts[0])) @ whitening[1]
    left, _, right = scipy.linalg.svd(cross, full_matrices=False)
    return Projection((means[0], means[1]), (whitening[0] @ left, whitening[1] @ right.T),
                      ridge).first(components)


def chosen(pairs: tuple[Vectors, Vectors], images: Vectors, sounds: Vectors,
           categories: ArrayLike) -> Projection:
    """Fit canonical correlation with the ridge and the number of components that retrieve best across.

    As many directions as there are kinds to tell apart carry what two modalities share; all others are
    noise, which projections of length 1 weigh as much. A baseline with a fixed number can be far too low.

    Parameters
    ----------
    pairs
        Embeddings of images and sounds ``(n, d)`` to fit on.
    images, sounds, categories
        Embeddings ``(m, d)`` and categories to choose on: scenes set aside, never those that are measured.
    """
    relevance = relevance_of(categories)

    def across(space: Projection) -> float:
        seen, heard = space.images(images), space.sounds(sounds)
        return float(np.mean([np.nanmean(ndcg(similarities(seen, heard, direction), relevance))
                              for direction in ('image_audio', 'audio_image')]))

    whole = [canonical(*pairs, ridge=ridge) for ridge in RIDGES]
    return max((space.first(count) for space in whole for count in range(1, space.components + 1)),
               key=across)


def _whitening(centred: Vectors, ridge: float) -> NDArray[np.float64]:
    covariance = centred.T @ centred / len(centred)
    values, vectors = scipy.linalg.eigh(covariance)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0) + ridge * max(values.mean(), 1e-12)))
