"""AVC training: which pictures and sounds belong together, and so where sounds come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import (
    Network,
    describe_maps,
    describe_sounds,
    gathered,
    logits_of_pairs,
)
from ros2_avloc.learning.training.checks import Check
from ros2_avloc.learning.training.loop import Budget, Learner, scaled
from ros2_avloc.learning.training.losses import Relations, contrastive, decided, logistic

TAG_BELOW = 2.0
"""How much lower the logits of tags begin than those of names: names exclude one another, tags are few."""

TAG_THERE = 4.0
"""Weight of a tag that is there beside one that is not: few are."""

Batch = dict[str, Tensor]


class Correspondence(Learner):
    """The paper's logistic loss, and a contrastive one beside it, over all pairs of a batch.

    Parameters
    ----------
    told
        Whether items tell categories: then these say which pairs correspond, and what is hardest to refuse
        counts most (`losses.decided`). Else recordings alone say so, and a second dog is another thing.
    """

    def __init__(self, network: Network, budget: Budget, *, told: bool = False) -> None:
        super().__init__(budget)
        self.network, self.told = network, told
        network.requires_grad_(True)
        if told:
            self.losses = (*self.losses, decided)

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        maps = self.network.vision(scaled(batch['image']))
        return self.loss_of(maps, describe_sounds(self.network, batch['spectrogram']), batch)

    def loss_of(self, maps: Tensor, sounds: Tensor, batch: Batch) -> Tensor:
        """Return the loss of what the towers made of a batch, and log its parts."""
        pictures = gathered(describe_maps(self.network, maps))
        best = logits_of_pairs(self.network, pictures, gathered(sounds), all_cells=self.all_cells)
        relations = self.relations({key: gathered(batch[key]) for key in RELATED if key in batch})
        losses = {loss.__name__: loss(best, relations) for loss in self.losses}
        self.log_dict(losses)
        return torch.stack(list(losses.values())).sum()

    losses: tuple[Callable[[Tensor, Relations], Tensor], ...] = (contrastive, logistic)
    all_cells = False

    def relations(self, batch: Batch) -> Relations:
        """Return which pairs correspond: by category where it is told, else by recording."""
        by_recording = Relations.apart(batch['identity'], batch['sound_identity'], batch['group'])
        if not self.told:
            return by_recording
        return Relations.told(batch['seen'], batch['heard'], batch['known'], by_recording)

    def validation_step(self, check: Check) -> None:
        """Log how well logits tell pairs from others, and how often the peak lies on what sounds."""
        network, logits = self.network, []
        right: list[Tensor] = []
        parts = (torch.split(one, 32) for one in (check.images, check.spectrograms, check.targets))
        for images, sounds, targets in zip(*parts, strict=True):
            some = network(scaled(images.to(self.device)), sounds.to(self.device)).float().cpu()
            some = some.reshape(len(some), -1)
            logits.append(some.amax(dim=1))
            if isinstance(network, AVOLNet) and check.targets.any():
                right.append(targets.cpu().flatten(1)[torch.arange(len(some)), some.argmax(dim=1)])
        best, corresponds = torch.cat(logits), check.corresponds.cpu()
        told = (best[corresponds][:, None] > best[~corresponds]).float().mean()
        self.log(f'auc_{check.name}', told, batch_size=1)
        if right:
            self.log(f'localised_{check.name}', torch.cat(right)[corresponds].float().mean(), batch_size=1)


class CloseUpCorrespondence(Correspondence):
    """Pairs of close-ups, where every cell may see the object: the mean of all cells is to tell them.

    Of a network that knows nothing the best cell is one at the border, where padding makes it stand out. It
    alone would learn, and would stay the best.
    """

    losses = (contrastive,)
    all_cells = True


RELATED = ('identity', 'sound_identity', 'group', 'seen', 'heard', 'known')
"""What items tell of which pairs correspond, those of streams with categories all of it."""


class PaperCorrespondence(Correspondence):
    """The paper's recipe: half of the pairs match, half do not; logistic loss; Adam.

    The learning rate is multiplied by 0.94 every 16 epochs; nothing is averaged.

    Parameters
    ----------
    epoch
        Pairs that count as one epoch: streams have no end.
    """

    average_limit = 0.0
    losses = (logistic,)

    def __init__(self, network: Network, budget: Budget, epoch: int) -> None:
        super().__init__(network, budget)
        self.epoch = epoch

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with weight decay 1e-5."""
        return torch.optim.Adam(self.parameters(), lr=self.budget.learning_rate, weight_decay=1e-5)

    def rate(self, step: int, share: float) -> float:
        """Return the learning rate of a step."""
        world = self.trainer.world_size if self._trainer else 1
        epochs = step * world * self.budget.batch // self.epoch
        return float(self.budget.learning_rate * 0.94 ** (epochs // 16))

    def relations(self, batch: Batch) -> Relations:
        """Return the paper's pairs."""
        return Relations.halves(batch['identity'])


class TaggedCorrespondence(Correspondence):
    """Pairs, and besides them the categories in view as tags of whole pictures.

    One layer on the vision tower tells which categories are seen; it is thrown away later. Its loss weighs as
    much as that of pairs.

    Parameters
    ----------
    categories
        How many there are.
    """

    def __init__(self, network: Network, budget: Budget, categories: int) -> None:
        super().__init__(network, budget, told=True)
        channels = 8 * network.width
        self.see = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, categories, 1))

    def begin_with(self, to_names: Mapping[str, Tensor]) -> None:
        """Take over the layer of `Lessons` that names pictures, without its first name: nothing."""
        own = {name: weight[1:] if name.startswith('1.') else weight for name, weight in to_names.items()}
        self.see.load_state_dict(own | {'1.bias': own['1.bias'] - TAG_BELOW})

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of one batch of scenes."""
        maps = self.network.vision(scaled(batch['image']))
        pairs = self.loss_of(maps, describe_sounds(self.network, batch['spectrogram']), batch)
        return pairs + self.tags(maps, batch)

    def tags(self, maps: Tensor, batch: Batch) -> Tensor:
        """Return, and log, the loss of the tags of pictures whose categories are known."""
        there = torch.full((batch['seen'].shape[1],), TAG_THERE, device=maps.device)
        tags = self.see(maps).amax(dim=(2, 3)).float()
        losses = nnf.binary_cross_entropy_with_logits(tags, batch['seen'].float(), pos_weight=there,
                                                      reduction='none')
        known = batch['known'].float()
        seen = (losses.mean(dim=1) * known).sum() / known.sum().clamp(min=1)
        self.log('seen', seen)
        return seen
