"""Agreement: a network learns what several ones say, of frames and of their mirror images, in the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training.augmentation import masked, varied_pictures
from ros2_avloc.learning.training.correspondence import Batch, Correspondence
from ros2_avloc.learning.training.loop import Budget, scaled

VARIED, MIRRORED = 0.7, 0.5
"""Shares of batches whose frames are toned, blurred or noisy, and whose frames are mirrored."""

LOWEST = -6.0
"""Best logits below count as this: surely nothing."""


class Agreement(Correspondence):
    """A network learns the mean of what elders say, so that one look is worth several.

    Elders look at a frame and at its mirror image, and hear the second as it was; the network that learns
    sees most frames in other light, blurred or noisy, and half of them mirrored, and hears some sounds
    resampled, and some with bands or stretches hidden.
    All frames of a batch are held against all of its sounds. Nothing is told but what elders say.

    BatchNorm keeps its statistics: the network begins with what it computes when it is used.

    Parameters
    ----------
    elders
        Networks with the same grid, of any width. Among them is what the network begins as.
    seed
        Of how frames and sounds are varied.
    """

    def __init__(self, network: AVOLNet, budget: Budget, elders: Sequence[AVOLNet], seed: int) -> None:
        super().__init__(network, budget)
        self.network: AVOLNet = network
        self.seed = seed
        # In a tuple they are no part of this module: neither learned nor kept in checkpoints.
        self._elders = tuple(elder.eval().requires_grad_(False) for elder in elders)

    def on_fit_start(self) -> None:
        """Take the elders to where the network is."""
        for elder in self._elders:
            elder.to(self.device)

    def on_fit_end(self) -> None:
        """Take them back to where they can be asked by others."""
        for elder in self._elders:
            elder.cpu()

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        rng = np.random.default_rng([self.seed, self.global_step, self.global_rank])
        images = scaled(batch['image'])
        wanted = self._wanted(images, batch['shown'])
        seen = varied_pictures(batch['image'], rng) if rng.random() < VARIED else images
        if rng.random() < MIRRORED:
            seen, wanted = seen.flip(-1), wanted.flip(-1)
        self.network.eval()
        sounds = self.network.embed_sound(masked(batch['spectrogram'], rng))
        losses = disagreement(self.network.heads.compare(self.network.embed_cells(seen), sounds), wanted)
        self.log_dict(losses)
        return torch.stack(list(losses.values())).sum()

    @torch.no_grad()
    def _wanted(self, images: Tensor, spectrograms: Tensor) -> Tensor:
        """Return the mean of the logits of all elders, ``(n, n, 14, 14)``."""
        looks = []
        for elder in self._elders:
            sounds = elder.embed_sound(spectrograms)
            looks.append(elder.heads.compare(elder.embed_cells(images), sounds))
            looks.append(elder.heads.compare(elder.embed_cells(images.flip(-1)), sounds).flip(-1))
        return torch.stack(looks).mean(dim=0)


def disagreement(logits: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """Return how far logits ``(n, m, rows, columns)`` are from those that are wanted.

    Returns
    -------
    dict
        ``best``: smooth L1 of the best cell's; ``where``: Kullback-Leibler divergence of where the peak is,
        for pairs as far as something is found; ``cells``: the same of each cell's yes or no, summed over
        cells.
    """
    logits, wanted = logits.flatten(2), wanted.flatten(2)
    best, best_wanted = logits.amax(dim=2), wanted.amax(dim=2)
    apart = nnf.kl_div(logits.log_softmax(dim=2), wanted.log_softmax(dim=2), reduction='none',
                       log_target=True)
    found, yes = best_wanted.sigmoid(), wanted.sigmoid()
    cells = (nnf.binary_cross_entropy_with_logits(logits, yes, reduction='none')
             - nnf.binary_cross_entropy_with_logits(wanted, yes, reduction='none'))
    return {'best': nnf.smooth_l1_loss(best.clamp(min=LOWEST), best_wanted.clamp(min=LOWEST)),
            'where': (found * apart.sum(dim=2)).sum() / found.sum().clamp(min=1),
            'cells': cells.sum(dim=2).mean()}
