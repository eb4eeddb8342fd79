"""Imitation: a tower learns to answer as a teacher does, through a layer that is thrown away later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from ros2_avloc.errors import InputError


@dataclass(frozen=True)
class Projection:
    """What of a teacher's answers is imitated: their principal components, half whitened.

    Half whitening lies between plain components, of which the first few are all that counts, and whitened
    ones, of which most are noise. The components have variance 1 on average.

    Attributes
    ----------
    mean, matrix
        Float32 ``(channels,)`` and ``(channels, kept)``.
    """

    mean: Tensor
    matrix: Tensor

    @classmethod
    def of(cls, answers: Tensor, kept: int) -> Projection:
        """Fit to ``(n, channels, rows, columns)``; `kept` components, or all where there are fewer."""
        vectors = answers.movedim(1, -1).reshape(-1, answers.shape[1]).double()
        mean = vectors.mean(dim=0)
        covariance = (vectors - mean).T @ (vectors - mean) / len(vectors)
        variances, axes = torch.linalg.eigh(covariance)
        variances, axes = variances.flip(0)[:kept].clamp(min=0), axes.flip(1)[:, :kept]
        deviations = variances.sqrt()
        divisors = deviations.clamp(min=0.02 * float(deviations[0])).sqrt()
        scale = (variances / divisors ** 2).mean().sqrt().clamp(min=1e-12)
        return cls(mean.float(), (axes / divisors / scale).float())

    def __call__(self, answers: Tensor) -> Tensor:
        """Project ``(n, channels, rows, columns)``."""
        projected: Tensor = torch.einsum('ncij,cd->ndij', answers - self.mean[:, None, None], self.matrix)
        return projected

    def save(self, path: Path) -> None:
        """Write to a file."""
        np.savez(path, mean=self.mean.numpy(), matrix=self.matrix.numpy())

    @classmethod
    def load(cls, path: Path) -> Projection:
        """Read from a file.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        try:
            with np.load(path) as stored:
                return cls(torch.from_numpy(stored['mean']), torch.from_numpy(stored['matrix']))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f'{path} cannot be read; remove it, and --resume makes it anew.') from error


def imitation(answers: Tensor, wanted: Tensor) -> Tensor:
    """Smooth L1 between vectors (along dimension 1), and one minus their cosine."""
    answers = answers.float()
    near = nnf.smooth_l1_loss(answers, wanted)
    return near + 1 - nnf.cosine_similarity(answers, wanted, dim=1).mean()


def following(names: Tensor, guide: Tensor) -> Tensor:
    """Return how far the names that a tower gives to cells are from a guide's.

    The mean over cells of the Kullback-Leibler divergence between logits ``(n, names, rows, columns)``. No
    gradient goes to the guide.
    """
    apart = nnf.kl_div(names.float().log_softmax(dim=1), guide.detach().float().log_softmax(dim=1),
                       reduction='none', log_target=True)
    return apart.sum(dim=1).mean()
