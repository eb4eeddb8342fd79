"""AVC training: which pictures and sounds belong together, and so where sounds come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.checks import Check, check_of, logits_of
from ros2_avloc.learning.loop import Budget, Learner, fit, scaled
from ros2_avloc.learning.losses import Relations, contrastive, logistic
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.scenes import Mixture, SceneStream

CHECKED_SCENES = 192
"""Scenes per bank that are looked at between epochs."""


class Correspondence(Learner):
    """The paper's logistic loss, and a contrastive one beside it, over all pairs of a batch."""

    def __init__(self, network: AVOLNet, budget: Budget) -> None:
        super().__init__(budget)
        self.network = network

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of scenes."""
        best = self._compare(batch)
        relations = Relations.of(batch['seen'], batch['heard'])
        losses = {'contrastive': contrastive(best, relations), 'logistic': logistic(best, relations)}
        self.log_dict({**losses, 'scale': self.network.scale, 'bias': self.network.bias}, prog_bar=True)
        return losses['contrastive'] + losses['logistic']

    def _compare(self, batch: dict[str, Tensor]) -> Tensor:
        cells = self.network.embed_cells(scaled(batch['image']))
        sounds = self.network.embed_sound(batch['spectrogram'])
        return self.network.compare(cells, sounds).amax(dim=(2, 3))

    def validation_step(self, check: Check) -> None:
        """Log how often the peak lies on what sounds, and how well best logits tell pairs from others."""
        logits = logits_of(self.network, check.images, check.spectrograms)
        peaks = logits.flatten(1).argmax(dim=1)
        right = check.targets.flatten(1)[torch.arange(len(peaks)), peaks][check.corresponds]
        best = logits.amax(dim=(1, 2))
        told = (best[check.corresponds][:, None] > best[~check.corresponds]).float().mean()
        self.log_dict({f'localised_{check.name}': right.float().mean(), f'auc_{check.name}': told},
                      batch_size=1, prog_bar=True)


def train(network: AVOLNet, banks: dict[str, Bank], checked: dict[str, Bank], budget: Budget, directory: Path,
          *, seed: int, curriculum: int = 0, resume: Path | None = None) -> None:
    """Train `network` in place.

    Parameters
    ----------
    banks
        By name, drawn from equally often.
    checked
        Banks of other items, looked at now and then; nothing is learned from them.
    seed
        Of all scenes.
    curriculum
        Scenes after which one more object may be in view; 0: as many as ever from the start.
    resume
        Checkpoint to go on from.
    """
    stream = SceneStream(list(banks.values()), Mixture(), seed, curriculum)
    checks: Sequence[Check] = [check_of(name, bank, CHECKED_SCENES) for name, bank in checked.items()]
    fit(Correspondence(network, budget), stream, directory, resume=resume, checks=checks)
