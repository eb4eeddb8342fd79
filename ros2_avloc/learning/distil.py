"""Warm start: the towers learn to answer to composed scenes as two teachers do, before they learn AVC."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.loop import Budget, Learner, fit, scaled
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.scenes import Mixture, Scene, SceneStream
from ros2_avloc.learning.teachers import CELL_CHANNELS, SOUND_CHANNELS, Teachers, heard_by_teacher

REPLAYS = 3
"""Scenes seen again for each new one: the teacher costs more than the pupil."""

MEMORY = 6_000
"""Scenes kept for replay; 0.4 MB each."""


class TaughtStream(SceneStream):
    """Scenes that also hold ``heard_by_teacher``, the sound at 16 kHz."""

    def item(self, scene: Scene) -> dict[str, Tensor]:
        """Return a scene as tensors."""
        return {**super().item(scene), 'heard_by_teacher': heard_by_teacher(scene.samples)}


class Replay:
    """The last images, with the teacher's answers to them."""

    def __init__(self) -> None:
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._count = 0

    def extend(self, images: Tensor, answers: Tensor) -> None:
        """Remember images and answers; the oldest are forgotten."""
        for pair in zip(images, answers, strict=True):
            if len(self._kept) < MEMORY:
                self._kept.append(pair)
            else:
                self._kept[self._count % MEMORY] = pair
            self._count += 1

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Return `count` remembered images and answers."""
        chosen = [self._kept[number] for number in torch.randint(len(self._kept), (count,)).tolist()]
        return torch.stack([pair[0] for pair in chosen]), torch.stack([pair[1] for pair in chosen])


class Distillation(Learner):
    """Cell by cell and second by second, each through one linear layer that is thrown away later."""

    def __init__(self, network: AVOLNet, teachers: Teachers, budget: Budget) -> None:
        super().__init__(budget)
        self.network = network
        self.to_cells = nn.Conv2d(8 * network.width, CELL_CHANNELS, 1)
        self.to_sound = nn.Linear(8 * network.width, SOUND_CHANNELS)
        self._teachers, self._replay = teachers, Replay()

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss over new scenes and replayed ones."""
        self._replay.extend(batch['image'], self._teachers.cells(batch['image']))
        images, answers = self._replay.draw((1 + REPLAYS) * len(batch['image']))
        maps, rows = self.network.vision(scaled(images)), slice(int(torch.randint(2, ())), None, 2)
        vision = imitation(self.to_cells(maps[:, :, rows]), answers[:, :, rows].float())
        pooled = self.network.sound(batch['spectrogram']).amax(dim=(2, 3))
        sound = imitation(self.to_sound(pooled), self._teachers.sounds(batch['heard_by_teacher']))
        self.log_dict({'vision': vision, 'sound': sound}, prog_bar=True)
        return vision + sound


def imitation(answers: Tensor, wanted: Tensor) -> Tensor:
    """Smooth L1 between normalised vectors (along dimension 1), and one minus their cosine."""
    wanted = nnf.normalize(wanted, dim=1)
    size = wanted.shape[1] ** 0.5
    near = nnf.smooth_l1_loss(answers.float(), size * wanted)
    return near + 1 - nnf.cosine_similarity(answers.float(), wanted, dim=1).mean()


def distil(network: AVOLNet, banks: Sequence[Bank], teachers: Path, budget: Budget, directory: Path,
           seed: int, resume: Path | None = None) -> None:
    """Warm-start both towers of `network` in place from the teachers in the directory `teachers`."""
    stream = TaughtStream(banks, Mixture(), seed)
    fit(Distillation(network, Teachers(teachers, budget.batch), budget), stream, directory, resume=resume)
