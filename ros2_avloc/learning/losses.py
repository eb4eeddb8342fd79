"""What training minimises: no box, no label, only which pictures and sounds belong together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor


@dataclass(frozen=True)
class Relations:
    """What is known of every picture with every sound of a batch, bool ``(n, n)``.

    Attributes
    ----------
    corresponds
        The pairs that were made: a scene's own sound, where something in view makes it.
    differs
        The pairs that do not correspond. The rest is unknown and enters no loss: pictures that happen to
        show the category of another scene's sound.
    """

    corresponds: Tensor
    differs: Tensor

    @classmethod
    def of(cls, seen: Tensor, heard: Tensor) -> Relations:
        """Compare what is seen with what is heard, each bool ``(n, categories)``."""
        shared = (seen.float() @ heard.float().T) > 0
        own = torch.eye(len(seen), dtype=torch.bool, device=seen.device)
        return cls(shared & own, ~shared)


def logistic(best: Tensor, relations: Relations) -> Tensor:
    """Return the paper's loss: the best cell's logit, against whether the pair corresponds.

    Parameters
    ----------
    best
        Logits ``(n, n)`` of every picture (row) with every sound (column), maximum over cells.
    """
    right = _mean(nnf.softplus(-best), relations.corresponds)
    wrong = _mean(nnf.softplus(best), relations.differs)
    return (right + wrong) / 2


def contrastive(best: Tensor, relations: Relations) -> Tensor:
    """Return InfoNCE both ways: each pair that corresponds, against all that differ in its row or column."""
    wrong = best.masked_fill(~relations.differs, _NEVER)
    in_row, in_column = wrong.logsumexp(dim=1, keepdim=True), wrong.logsumexp(dim=0, keepdim=True)
    finds_sound = _mean(nnf.softplus(in_row - best), relations.corresponds)
    finds_picture = _mean(nnf.softplus(in_column - best), relations.corresponds)
    return (finds_sound + finds_picture) / 2


_NEVER = -1e4
"""Logit of what is not to be found."""


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
