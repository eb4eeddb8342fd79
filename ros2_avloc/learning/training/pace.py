"""How fast a run learns, how much of its budget is spent, and what it waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import lightning
import torch


class _Budget(Protocol):
    in_minutes: bool

    def share(self, step: int, seconds: float) -> float: ...


class Share:
    """How much of a budget is spent; time counts from the first step on, over all interruptions."""

    def __init__(self, budget: Any) -> None:
        self.budget: _Budget = budget
        self.before = self.spent = 0.0
        self._began: float | None = None

    def begin(self) -> None:
        """Let the clock run."""
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds spent."""
        return self.before + (time.monotonic() - self._began if self._began is not None else 0.0)

    def look(self, trainer: lightning.Trainer) -> float:
        """Return the share that is spent, the same in all processes, and keep it as `spent`."""
        share = self.budget.share(trainer.global_step, self.seconds)
        self.spent = float(trainer.strategy.broadcast(share)) if self.budget.in_minutes else share
        return self.spent


class Waiting:
    """Batches, and the seconds that were spent on waiting for them."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches, self.seconds = batches, 0.0

    def __iter__(self) -> Iterator[Any]:
        batches = iter(self._batches)
        while True:
            began = time.monotonic()
            batch = next(batches)
            self.seconds += time.monotonic() - began
            yield batch


class Pace(lightning.Callback):
    """Sets the learning rate of each step, and measures what the run waits for."""

    def __init__(self, share: Share, waiting: Waiting) -> None:
        self._share, self._waiting = share, waiting
        self._began, self._computing, self._first = 0.0, 0.0, 0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Let the clock run."""
        self._share.begin()
        self._first = trainer.global_step

    def on_train_batch_start(self, trainer: lightning.Trainer, pl_module: Any, batch: Any,
                             batch_idx: int) -> None:
        """Set the learning rate."""
        self._began = time.monotonic()
        rate = pl_module.rate(trainer.global_step, self._share.look(trainer))
        for group in trainer.optimizers[0].param_groups:
            group['lr'] = rate
        pl_module.log('rate', rate)

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any,
                           batch_idx: int) -> None:
        """Count the time in the network."""
        if torch.cuda.is_available() and trainer.global_step % 10 == 0:
            torch.cuda.synchronize()
        self._computing += time.monotonic() - self._began

    def bounded_by(self, stage: str, step: int) -> str:
        """Return a sentence on what the run spent its time with."""
        waiting, computing = self._waiting.seconds, self._computing
        total = max(waiting + computing, 1e-9)
        bound = 'the network' if computing > waiting else 'the data; more --workers may help'
        return (f'{stage}: {step - self._first} steps; {100 * computing / total:.0f} % of the time in the '
                f'network, {100 * waiting / total:.0f} % waiting for data: bounded by {bound}.')
