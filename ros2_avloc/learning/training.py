"""AVC training: which pictures and sounds belong together, and so where sounds come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.checks import Check, check_of, logits_of
from ros2_avloc.learning.loop import Budget, Learner, fit, scaled
from ros2_avloc.learning.losses import Relations, contrastive, logistic
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.scenes import Mixture, SceneStream

CHECKED_SCENES = 192
"""Scenes per bank that are looked at between epochs."""


TAG_WEIGHT = 2.0
"""Weight of the loss of tags beside that of pairs."""

TAG_THERE = 4.0
"""Weight of a tag that is there beside one that is not: few are."""


class Correspondence(Learner):
    """The paper's logistic loss, and a contrastive one beside it, over all pairs of a batch."""

    def __init__(self, network: AVOLNet, budget: Budget) -> None:
        super().__init__(budget)
        self.network = network

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of scenes."""
        cells = self.network.embed_cells(scaled(batch['image']))
        return self.loss_of(cells, self.network.embed_sound(batch['spectrogram']), batch)

    def loss_of(self, cells: Tensor, sounds: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of what was made of a batch, and log its parts."""
        best = self.network.heads.compare(cells, sounds).amax(dim=(2, 3))
        relations = Relations.of(batch['seen'], batch['heard'])
        losses = {'contrastive': contrastive(best, relations), 'logistic': logistic(best, relations)}
        self.log_dict({**losses, 'scale': self.network.heads.scale, 'bias': self.network.heads.bias})
        return losses['contrastive'] + losses['logistic']

    def validation_step(self, check: Check) -> None:
        """Log how often the peak lies on what sounds, and how well best logits tell pairs from others."""
        logits = logits_of(self.network, check.images, check.spectrograms)
        peaks = logits.flatten(1).argmax(dim=1)
        right = check.targets.flatten(1)[torch.arange(len(peaks)), peaks][check.corresponds]
        best = logits.amax(dim=(1, 2))
        told = (best[check.corresponds][:, None] > best[~check.corresponds]).float().mean()
        self.log_dict({f'localised_{check.name}': right.float().mean(), f'auc_{check.name}': told},
                      batch_size=1, prog_bar=True)


class TaggedCorrespondence(Correspondence):
    """Pairs, and besides them the categories in view as tags of whole pictures.

    For networks whose towers have learned names: the sound tower stays as it is, which halves the cost. One
    layer on the vision tower tells which categories are seen; it is thrown away later.

    Parameters
    ----------
    categories
        How many there are.
    """

    def __init__(self, network: AVOLNet, budget: Budget, categories: int) -> None:
        super().__init__(network, budget)
        channels = 8 * network.width
        self.see = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, categories, 1))
        network.sound.requires_grad_(False)

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of scenes."""
        network = self.network
        network.sound.eval()
        maps = network.vision(scaled(batch['image']))
        sounds = network.embed_sound(batch['spectrogram'])
        pairs = self.loss_of(network.heads.embed_maps(maps), sounds, batch)
        there = torch.full((batch['seen'].shape[1],), TAG_THERE, device=maps.device)
        seen = nnf.binary_cross_entropy_with_logits(
            self.see(maps).amax(dim=(2, 3)).float(), batch['seen'].float(), pos_weight=there)
        self.log('seen', seen, prog_bar=True)
        return pairs + TAG_WEIGHT * seen


def train(network: AVOLNet, banks: dict[str, Bank], checked: dict[str, Bank], budget: Budget, directory: Path,
          *, seed: int, curriculum: int = 0, tags: bool = False, resume: Path | None = None) -> None:
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
    tags
        Learn from categories too, as tags of whole pictures, never of places; see `TaggedCorrespondence`.
    resume
        Checkpoint to go on from.
    """
    stream = SceneStream(list(banks.values()), Mixture(), seed, curriculum)
    checks: Sequence[Check] = [check_of(name, bank, CHECKED_SCENES) for name, bank in checked.items()]
    learner = Correspondence(network, budget)
    if tags:
        learner = TaggedCorrespondence(network, budget, len(stream.numbers))
    fit(learner, stream, directory, resume=resume, checks=checks)
