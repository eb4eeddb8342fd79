"""What a person sees while a network learns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import lightning
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from torch import Tensor

from ros2_avloc.learning.training.pace import Share

LINE_EVERY = 60.0
"""Seconds between two lines where the output is no terminal."""

DRAWN_EVERY = 5
"""Steps between two looks at the loss: on a GPU each look waits for it."""


class Progress(lightning.Callback):
    """A bar with rate and time left; a line a minute where the output is no terminal."""

    def __init__(self, stage: str, share: Share, say: Callable[[str], None]) -> None:
        self._stage, self._share, self._say = stage, share, say
        console = Console()
        self._terminal = console.is_terminal
        self._bar = Bar(TextColumn('{task.description}'), BarColumn(), TextColumn('{task.fields[state]}'),
                        console=console)
        self._task = self._bar.add_task(stage, total=1.0, state='')
        self._began, self._line, self._first, self._begun_share = 0.0, 0.0, 0, 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Show the bar."""
        self._began = self._line = time.monotonic()
        self._first, self._begun_share = trainer.global_step, self._share.look(trainer)
        if self._terminal and trainer.is_global_zero:
            self._bar.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any,
                           batch_idx: int) -> None:
        """Draw the bar anew, or write a line."""
        share = self._share.spent
        if not trainer.is_global_zero or trainer.global_step % DRAWN_EVERY and share < 1:
            return
        line_due = time.monotonic() - self._line > LINE_EVERY
        if self._terminal or line_due:
            state = self._state(trainer.global_step, share, outputs)
            if self._terminal:
                self._bar.update(self._task, completed=share, state=state)
            else:
                self._line = time.monotonic()
                self._say(f'{self._stage}: {100 * share:.0f} %, {state}')

    def teardown(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def _state(self, step: int, share: float, outputs: Any) -> str:
        took = time.monotonic() - self._began
        rate = (step - self._first) / max(took, 1e-9)
        left = (1 - share) * took / max(share - self._begun_share, 1e-9)
        loss = outputs['loss'] if isinstance(outputs, dict) else outputs
        shown = f', loss {float(loss):.3f}' if isinstance(loss, Tensor) else ''
        return f'step {step}, {rate:.2f} a second, {_clock(left)} left{shown}'


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{rest:02}' if hours else f'{minutes}:{rest:02}'
