"""The loop that distillation and training share: schedule, checkpoints, log, progress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar, WeightAveraging
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset


@dataclass(frozen=True)
class Budget:
    """How long, and how fast, to learn.

    Attributes
    ----------
    steps
        Optimiser steps.
    batch
        Scenes per step.
    learning_rate
        After a warm-up over the first 50 steps; falls to zero over the last third.
    workers
        Processes that compose scenes.
    """

    steps: int
    batch: int
    learning_rate: float
    workers: int = 1


class Learner(lightning.LightningModule):
    """A module with AdamW and the schedule of its budget."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget

    def configure_optimizers(self) -> Any:
        """AdamW; weights that multiply decay, norms and biases do not."""
        matrices = [weight for weight in self.parameters() if weight.ndim > 1]
        others = [weight for weight in self.parameters() if weight.ndim <= 1]
        groups = [{'params': matrices, 'weight_decay': 0.02}, {'params': others, 'weight_decay': 0.0}]
        optimiser = torch.optim.AdamW(groups, lr=self.budget.learning_rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate)
        return {'optimizer': optimiser, 'lr_scheduler': {'scheduler': schedule, 'interval': 'step'}}

    def _rate(self, step: int) -> float:
        left = (self.budget.steps - step) / (self.budget.steps / 3)
        return max(0.0, min(1.0, (step + 1) / 50, left))


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as the vision tower takes them, in [-1, 1]."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


class RunningAverage(WeightAveraging):
    """Averages weights over the last steps: at first over a tenth of all, at most over some 300."""

    def __init__(self) -> None:
        super().__init__(avg_fn=self._averaged)

    @staticmethod
    def _averaged(average: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        keep = min(0.997, (1 + int(count)) / (10 + int(count)))
        return average + (1 - keep) * (current - average)


CHECK_EVERY = 250
"""Steps between two checkpoints, each with a look at the checks."""


def fit(learner: Learner, scenes: Dataset[Any], directory: Path, *, resume: Path | None = None,
        checks: Any = ()) -> None:
    """Learn from `scenes`, a stream or a set, until the budget is spent.

    Checkpoints (with weights averaged over the last steps) lie in `directory`, and for each time that the
    loop was begun a ``log/version_N/metrics.csv``.
    `checks` are batches for the learner's ``validation_step``.
    """
    budget = learner.budget
    stream = isinstance(scenes, IterableDataset)
    workers = budget.workers if stream else 0
    loader = DataLoader(scenes, batch_size=budget.batch, num_workers=workers, shuffle=not stream,
                        drop_last=not stream, persistent_workers=workers > 0,
                        prefetch_factor=4 if workers else None)
    keep = ModelCheckpoint(directory, filename='{step}', every_n_train_steps=CHECK_EVERY, save_last=True)
    trainer = lightning.Trainer(
        max_steps=budget.steps, precision=_precision(), log_every_n_steps=25, enable_model_summary=False,
        callbacks=[keep, RunningAverage(), TQDMProgressBar(refresh_rate=25)],
        logger=CSVLogger(directory, name='log', flush_logs_every_n_steps=25),
        val_check_interval=CHECK_EVERY if checks else None, check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
    )
    checked = DataLoader(checks, batch_size=None) if checks else None
    trainer.fit(learner.to(memory_format=torch.channels_last), loader, checked,
                ckpt_path=resume, weights_only=False)
    trainer.save_checkpoint(directory / 'last.ckpt')


def _precision() -> Any:
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported()
    else:
        fast = torch.cpu._is_avx512_bf16_supported()
    return 'bf16-mixed' if fast else '32-true'


def load_part(module: nn.Module, checkpoint: Path, prefix: str) -> None:
    """Load the averaged weights whose names begin with `prefix` from a checkpoint of `fit` into `module`."""
    state = torch.load(checkpoint, map_location='cpu', weights_only=True)['state_dict']
    module.load_state_dict({name.removeprefix(prefix): weight for name, weight in state.items()
                            if name.startswith(prefix)})
