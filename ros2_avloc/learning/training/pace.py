"""How fast a run learns, how much of its budget is spent, and what it waited for."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
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


class Stopwatch:
    """Adds up the seconds that are spent within it."""

    def __init__(self) -> None:
        self.seconds = self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.monotonic() - self._began


class Waiting:
    """Batches, and the time that was spent on waiting for them."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches, self.watch = batches, Stopwatch()
        self._running: Generator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        self._running = self._waited_for()
        return self._running

    def _waited_for(self) -> Generator[Any]:
        batches = iter(self._batches)
        while True:
            with self.watch:
                batch = next(batches)
            yield batch

    def close(self) -> None:
        """Let go of what makes the batches, so that its processes end here, and not with this one."""
        if self._running is not None:
            self._running.close()
        self._batches = ()


_BOUNDS = {'in the network': 'the network', 'waiting for data': 'the data; more --workers may help',
           'in teachers and replays': 'the teachers and replays'}


class Pace(lightning.Callback):
    """Sets the learning rate of each step, and measures what the run waits for.

    Parameters
    ----------
    share, waiting
        Of the run.
    taught
        Runs while a step has its things from teachers, or from before.
    """

    def __init__(self, share: Share, waiting: Waiting, taught: Stopwatch) -> None:
        self._share, self._waiting, self._taught = share, waiting.watch, taught
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
        """Count the time of the step."""
        if torch.cuda.is_available() and trainer.global_step % 10 == 0:
            torch.cuda.synchronize()
        self._computing += time.monotonic() - self._began

    def bounded_by(self, stage: str, step: int) -> str:
        """Return a sentence on what the run spent its time with."""
        taught, waiting = self._taught.seconds, self._waiting.seconds
        spent = {'in the network': self._computing - taught, 'waiting for data': waiting}
        if taught:
            spent['in teachers and replays'] = taught
        total = max(sum(spent.values()), 1e-9)
        shares = ', '.join(f'{100 * seconds / total:.0f} % {where}' for where, seconds in spent.items())
        bound = _BOUNDS[max(spent, key=lambda where: spent[where])]
        return f'{stage}: {step - self._first} steps; of the time {shares}: bounded by {bound}.'
