"""What goes wrong on the way from a sensor to its messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError


@dataclass(frozen=True)
class Faults:
    """Faults of camera and sound card.

    Attributes
    ----------
    jitter
        Audio stamps are off by up to so many seconds, at random.
    loss
        Share of the messages, 0 to 1, that are lost.
    drift
        The sound card runs fast by so many parts in a million.
    skew
        Audio stamps are late by so many seconds.

    Raises
    ------
    InputError
        When one of them is no such number.
    """

    jitter: float = 0.0
    loss: float = 0.0
    drift: float = 0.0
    skew: float = 0.0

    def __post_init__(self) -> None:
        if self.jitter < 0 or not 0 <= self.loss <= 1 or abs(self.drift) > 1e5:
            raise InputError(
                f'The faults (jitter {self.jitter} s, loss {self.loss}, drift {self.drift} ppm) cannot be: '
                'give a jitter of at least 0, a loss from 0 to 1, a drift within 100000.'
            )

    @property
    def card_rate(self) -> float:
        """Samples that the sound card takes in a true second."""
        return SAMPLE_RATE * (1.0 + self.drift * 1e-6)

    def lose(self, rng: np.random.Generator) -> bool:
        """Decide whether the next message is lost."""
        return bool(rng.random() < self.loss)

    def stamp_error(self, rng: np.random.Generator) -> int:
        """Draw how late the next audio stamp is, ns."""
        return round((self.skew + rng.uniform(-self.jitter, self.jitter)) * 1e9)
