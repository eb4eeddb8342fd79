"""The loop that all stages of training share: budget, schedule, precision, processes, checkpoints, logs."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from ros2_avloc.errors import AvlocError
from ros2_avloc.learning.material.streams import Batches, Stream, loader_of
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.networks.matching import Network
from ros2_avloc.learning.training.checkpoints import (
    FRONT_ENDS,
    FRONT_ENDS_KEY,
    LAST,
    STRIDE_KEY,
    begun_at,
    load_all,
)
from ros2_avloc.learning.training.keeping import Keeper, RunningAverage, StopRequest
from ros2_avloc.learning.training.pace import Pace, Share, Stopwatch, Waiting
from ros2_avloc.learning.training.progress import Progress
from ros2_avloc.vision.preprocess import DIVISOR

WARM_UP = 50
"""Steps in which the learning rate of our schedule rises."""


class StoppedError(AvlocError):
    """A run that was told to stop, and has saved what it knows."""


@dataclass(frozen=True)
class Budget:
    """How long, and how fast, to learn.

    Attributes
    ----------
    length
        Optimiser steps, or minutes.
    batch
        Items per step and process.
    learning_rate
        Its highest value.
    workers
        Processes that compose items; 0: the one that learns.
    in_minutes
        What `length` counts.
    """

    length: float
    batch: int
    learning_rate: float
    workers: int = 1
    in_minutes: bool = False

    def share(self, step: int, seconds: float) -> float:
        """Return how much of the budget is spent, 0 to 1."""
        return min(1.0, (seconds / 60 if self.in_minutes else step) / max(self.length, 1e-9))


class Learner(lightning.LightningModule):
    """A module with AdamW; its learning rate rises over 50 steps, and falls to zero in the end."""

    average_limit = 0.997
    """How much of the averaged weights a step keeps at most."""

    decay = 0.02
    """Weight decay."""

    falling = 1 / 3
    """Share of the budget over which the learning rate falls."""

    network: Network
    """What learns, or has parts that do."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget, self.taught = budget, Stopwatch()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; weights that multiply decay, norms and biases do not."""
        learned = [weight for weight in self.parameters() if weight.requires_grad]
        matrices = [weight for weight in learned if weight.ndim > 1]
        others = [weight for weight in learned if weight.ndim <= 1]
        groups = [{'params': matrices, 'weight_decay': self.decay}, {'params': others, 'weight_decay': 0.0}]
        return torch.optim.AdamW(groups, lr=self.budget.learning_rate)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what weights do not tell of a network."""
        checkpoint[FRONT_ENDS_KEY] = FRONT_ENDS
        if isinstance(self.network, AVOLNet):
            checkpoint[STRIDE_KEY] = self.network.stride

    def rate(self, step: int, share: float) -> float:
        """Return the learning rate of a step, when `share` of the budget is spent."""
        rising, falling = (step + 1) / WARM_UP, (1 - share) / self.falling
        return self.budget.learning_rate * max(0.0, min(1.0, rising, falling))


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as the vision tower takes them, in [-1, 1)."""
    return (images.float() / DIVISOR - 1).contiguous(memory_format=torch.channels_last)


def fit(learner: Learner, stream: Stream, directory: Path, *, resume: bool = False,
        checks: Sequence[Any] = (), say: Callable[[str], None] = print) -> None:
    """Learn from `stream` until the budget is spent.

    `directory` gets a checkpoint, with weights averaged over the last steps, every few minutes, and for each
    time that the loop was begun a ``log/version_N`` with CSV and TensorBoard logs.

    Parameters
    ----------
    resume
        Go on from the checkpoint in `directory`. Where the budget counts steps, all numbers become what they
        would have been without the interruption, on the same machine with the same processes.
    checks
        Batches for the learner's ``validation_step``.
    say
        Takes lines for a person.

    Raises
    ------
    StoppedError
        On Ctrl-C, after a checkpoint was saved.
    InputError
        If the loss is no longer a number, or the checkpoint to go on from is damaged.
    """
    last = directory / LAST
    step, seconds = begun_at(last) if resume else (0, 0.0)
    if resume and learner.budget.share(step, seconds) >= 1:
        load_all(learner, last)
        return
    rank, world = int(os.environ.get('RANK', '0')), int(os.environ.get('WORLD_SIZE', '1'))
    batches = Batches(learner.budget.batch, step, rank, world)
    data = Waiting(loader_of(stream, batches, learner.budget.workers))
    with closing(data), StopRequest() as request:
        share = Share(learner.budget)
        pace = Pace(share, data, learner.taught)
        keeper = Keeper(last, share, request)
        trainer = _trainer(directory, learner, [pace, RunningAverage(learner.average_limit), keeper,
                                                Progress(directory.name, share, say)])
        looked_at: Any = DataLoader(cast(Any, checks), batch_size=None) if checks else None
        trainer.fit(learner.to(memory_format=torch.channels_last), data, looked_at,
                    ckpt_path=last if resume else None, weights_only=True)
    if keeper.stopped:
        raise StoppedError(f'Stopped at step {trainer.global_step} of the stage {directory.name!r} and '
                           f'saved {last}; the same command with --resume goes on from there.')
    if trainer.is_global_zero:
        say(pace.bounded_by(directory.name, trainer.global_step))


CHECK_EVERY = 250
"""Steps between two looks at the checks."""


def _hush_lightning() -> None:
    """Leave out what Lightning says to everybody; what matters is said by this package."""
    logging.getLogger('lightning.pytorch').setLevel(logging.ERROR)
    warnings.filterwarnings('ignore', module='lightning')


def _trainer(directory: Path, learner: Learner, callbacks: list[Any]) -> lightning.Trainer:
    _hush_lightning()
    world, local = int(os.environ.get('WORLD_SIZE', '1')), int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    table = CSVLogger(directory, name='log', flush_logs_every_n_steps=25)
    curves = TensorBoardLogger(directory, name='log', version=table.version)
    return lightning.Trainer(
        max_steps=-1 if learner.budget.in_minutes else int(learner.budget.length), max_epochs=-1,
        devices=local, num_nodes=world // local, strategy='ddp' if world > 1 else 'auto',
        sync_batchnorm=world > 1 and torch.cuda.is_available(), use_distributed_sampler=False,
        precision=precision(), log_every_n_steps=25, callbacks=callbacks, logger=[table, curves],
        val_check_interval=CHECK_EVERY, check_val_every_n_epoch=None, num_sanity_val_steps=0,
        enable_model_summary=False, enable_progress_bar=False, enable_checkpointing=False,
    )


def precision() -> Any:
    """Return bf16 where the machine computes in it, else float32."""
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported()
    else:
        fast = torch.cpu._is_avx512_bf16_supported()
    return 'bf16-mixed' if fast else '32-true'
