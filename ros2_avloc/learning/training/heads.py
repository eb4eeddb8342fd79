"""Heads alone learn, from what towers that stay as they are made of scenes, and from much of it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from ros2_avloc.learning.material.streams import Item, Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import Network, describe_pooled
from ros2_avloc.learning.training.correspondence import RELATED, Batch, Correspondence
from ros2_avloc.learning.training.loop import Budget, scaled
from ros2_avloc.learning.training.replay import Lesson, Pool, Replays

WITH_CELLS, POOLED = Replays(kept=8_000, drawn=96), Replays(kept=32_000, drawn=480)
"""Scenes for a network that compares cells, whose maps take 100 kB at width 32, and for those that pool."""


class HeadsAlone(Correspondence):
    """`Correspondence` of the heads, while the towers stay as they are.

    Heads that know nothing yet would spoil what the towers have learned (Kumar et al., "Fine-Tuning can
    Distort Pretrained Features", ICLR 2022). What the towers make of a scene does not change, so it is kept:
    batches are large for a fraction of what the towers cost.

    Parameters
    ----------
    stream
        Of scenes.
    directory
        For what is kept.
    seed
        Of which scenes are learned from again.
    told
        Whether scenes tell categories. Close-ups, which tell none, are compared by the mean of all cells.
    """

    def __init__(self, network: Network, budget: Budget, stream: Stream, directory: Path, seed: int, *,
                 told: bool) -> None:
        super().__init__(network, budget, told=told)
        network.vision.requires_grad_(False)
        network.sound.requires_grad_(False)
        self.all_cells = not told
        self.seed = seed

        def make(numbers: Sequence[int]) -> Lesson:
            return self._made([stream[number] for number in numbers])

        self._replays = WITH_CELLS if isinstance(network, AVOLNet) else POOLED
        self._pool = Pool(directory, self._replays.kept, make)

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of new scenes with scenes from before."""
        self.network.vision.eval()
        self.network.sound.eval()
        with torch.no_grad():
            maps = self.network.vision(scaled(batch['image']))
            new = self._described(maps, batch)
        rng = np.random.default_rng([self.seed, self.global_step, self.global_rank])
        world = self.trainer.world_size if self._trainer else 1
        with self.taught:
            kept = self._pool.with_earlier(batch['number'].tolist(), new, self._replays.drawn,
                                           step=self.global_step, rank=self.global_rank, world=world, rng=rng)
        scenes = {key: values.to(self.device) for key, values in kept.items()}
        sounds = describe_pooled(self.network, scenes['heard_as'].float())
        return self.loss_of(scenes['seen_as'].float(), sounds, scenes)

    def _described(self, maps: Tensor, batch: Batch) -> Lesson:
        """Return what the heads compare of scenes, and what is known of them, in memory of the processor."""
        seen = maps if isinstance(self.network, AVOLNet) else maps.amax(dim=(2, 3), keepdim=True)
        heard = self.network.sound(batch['spectrogram']).amax(dim=(2, 3))
        known = {key: batch[key].cpu() for key in RELATED if key in batch}
        return {'seen_as': seen.half().cpu(), 'heard_as': heard.half().cpu(), **known}

    @torch.no_grad()
    def _made(self, items: Sequence[Item]) -> Lesson:
        made = []
        for place in range(0, len(items), self.budget.batch):
            batch = default_collate(list(items[place:place + self.budget.batch]))
            batch = {key: values.to(self.device) for key, values in batch.items()}
            made.append(self._described(self.network.vision(scaled(batch['image'])), batch))
        return {key: torch.cat([one[key] for one in made]) for key in made[0]}
