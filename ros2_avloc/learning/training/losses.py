"""What training minimises: no box, no label, only which pictures and sounds belong together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ros2_avloc.learning.material.streams import ANY_GROUP, APART, NOBODY


@dataclass(frozen=True)
class Relations:
    """What is known of every picture with every sound of a batch, bool ``(n, n)``.

    Attributes
    ----------
    corresponds
        The pairs that were made: a picture with its own sound, where something in view makes it.
    differs
        The pairs that do not correspond. The rest is unknown, or left out, and enters no loss.
    """

    corresponds: Tensor
    differs: Tensor

    @classmethod
    def of(cls, seen: Tensor, heard: Tensor) -> Relations:
        """Compare categories: what is seen with what is heard, each bool ``(n, categories)``.

        Unknown are pictures that happen to show the category of another picture's sound.
        """
        shared = (seen.float() @ heard.float().T) > 0
        own = torch.eye(len(seen), dtype=torch.bool, device=seen.device)
        return cls(shared & own, ~shared)

    @classmethod
    def apart(cls, pictures: Tensor, sounds: Tensor | None = None, groups: Tensor | None = None) -> Relations:
        """Compare recordings alone, without labels: pictures and sounds of two of one source differ.

        Parameters
        ----------
        pictures, sounds
            Identity of the recording that each is of, int64 ``(n,)``; that of a sound is `NOBODY` where it
            belongs to no picture. Without `sounds` each is of its picture's recording.
        groups
            That pictures and their sounds were drawn with, int64 ``(n,)``, or `ANY_GROUP`. Without `groups`
            all are of one.

        Unknown are pairs of one recording that were not made: another moment of it. Left out are pairs of two
        sources, or the source alone would tell pairs apart, and of two groups, or the place would at which
        recordings are entered; sounds of nobody differ from all pictures.
        """
        sounds = pictures if sounds is None else sounds
        same = pictures[:, None] == sounds
        own = torch.eye(len(pictures), dtype=torch.bool, device=pictures.device)
        one_source = (pictures[:, None] // APART == sounds // APART) | (sounds == NOBODY)
        groups = torch.full_like(pictures, ANY_GROUP) if groups is None else groups
        one_group = (groups[:, None] == groups) | (groups == ANY_GROUP)
        return cls(same & own, ~same & one_source & one_group)

    @classmethod
    def told(cls, seen: Tensor, heard: Tensor, known: Tensor, by_recording: Relations) -> Relations:
        """Compare categories where those of picture and sound are `known`, bool ``(n,)``, else recordings."""
        by_category = cls.of(seen, heard)
        both = known[:, None] & known
        return cls(torch.where(both, by_category.corresponds, by_recording.corresponds),
                   torch.where(both, by_category.differs, by_recording.differs))

    @classmethod
    def halves(cls, pictures: Tensor) -> Relations:
        """Make the paper's pairs: half of the batch as recorded, half with the sound of another recording.

        Each picture and each sound is in one pair at most. Sounds are exchanged within a source, or the
        source alone would tell the pairs apart; a pair that crosses sources, or that two moments of one
        recording would make, is left out.

        Parameters
        ----------
        pictures
            Identity of the recording of each picture and of its sound, int64 ``(n,)``.
        """
        count = len(pictures)
        numbers = torch.arange(count, device=pictures.device)
        source = pictures // APART
        second = numbers[count // 2:]
        second = second[source[second].argsort(stable=True)]
        made = torch.zeros(count, count, dtype=torch.bool, device=pictures.device)
        made[second, second.roll(-1)] = True
        apart = (pictures[:, None] != pictures) & (source[:, None] == source)
        return cls(torch.diag(numbers < count // 2), made & apart)


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


def decided(best: Tensor, relations: Relations) -> Tensor:
    """Return the loss of deciding: no to all that differs taken together, and yes to what corresponds.

    Most of what differs is easy; here the hardest weighs most. Without it, sounds from out of view pass more
    often.
    """
    wrong = best.masked_fill(~relations.differs, _NEVER)
    refused = nnf.softplus(wrong.logsumexp(dim=1)).mean() + nnf.softplus(wrong.logsumexp(dim=0)).mean()
    return refused / 4 + _mean(nnf.softplus(-best), relations.corresponds)


_NEVER = -1e4
"""Logit of what is not to be found."""


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
