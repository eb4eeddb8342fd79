"""What a run keeps: averaged weights, checkpoints, and a promise to stop when it is asked to."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.streams import PROMISED
from ros2_avloc.learning.training.pace import Share

SAVE_EVERY = 180.0
"""Seconds between two checkpoints."""

LOOK_EVERY = 10
"""Steps between two looks at whether the loss is a number."""


class RunningAverage(WeightAveraging):
    """Averages weights over the last steps: at first over a tenth of all, later as `limit` says."""

    def __init__(self, limit: float) -> None:
        super().__init__(avg_fn=self._averaged)
        self._limit = limit

    def _averaged(self, average: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        keep = min(self._limit, (1 + int(count)) / (10 + int(count)))
        return average + (1 - keep) * (current - average)


class StopRequest:
    """Turns the first Ctrl-C (or SIGTERM) into a request; the second does what it always did."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self.listen()
        PROMISED.value = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        PROMISED.value = False
        self._restore()

    def listen(self) -> None:
        """Take the signals, and take them back: Lightning, which took SIGTERM, would end without saving."""
        if not self.asked:
            for number in self._before:
                signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        """Also after a request: Lightning, when it ends, sets the handlers that it found when it began."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Keeper(lightning.Callback):
    """Saves a checkpoint now and then, when asked to stop, and when the budget is spent."""

    def __init__(self, path: Path, share: Share, request: StopRequest) -> None:
        self.stopped = False
        self._path, self._share, self._request = path, share, request
        self._saved = time.monotonic()

    def on_train_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Be asked to stop from here on by no other way."""
        self._request.listen()

    @property
    def state_key(self) -> str:
        """Name of its state in a checkpoint."""
        return 'Keeper'

    def state_dict(self) -> dict[str, Any]:
        """Return the seconds that the run has taken."""
        return {'seconds': self._share.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self._share.before = state_dict['seconds']

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any,
                           batch_idx: int) -> None:
        """Save and stop where it is time."""
        asked, due = (trainer.strategy.reduce_boolean_decision(flag, all=False) for flag in (
            self._request.asked, time.monotonic() - self._saved > SAVE_EVERY))
        spent = self._share.look(trainer) >= 1
        save = asked or due or spent
        if save or trainer.global_step % LOOK_EVERY == 1:
            self._look_at(outputs, trainer.global_step)
        if save:
            self._save(trainer)
        if asked or spent:
            self.stopped = not spent
            trainer.should_stop = True

    def _save(self, trainer: lightning.Trainer) -> None:
        """Save beside the last checkpoint, then take its place: a run that dies meanwhile loses nothing."""
        self._saved = time.monotonic()
        new = self._path.with_suffix('.new')
        trainer.save_checkpoint(new)
        if trainer.is_global_zero:
            os.replace(new, self._path)

    def _look_at(self, outputs: Any, step: int) -> None:
        loss = outputs['loss'] if isinstance(outputs, dict) else outputs
        if not bool(torch.isfinite(loss)):
            saved = f'the last checkpoint is {self._path}' if self._path.exists() else 'nothing was saved'
            raise InputError(f'The loss is no longer a number at step {step} ({saved}); '
                             'learn with a lower --rate.')
