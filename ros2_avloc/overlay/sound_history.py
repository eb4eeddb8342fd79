"""The sound of the last seconds, as the overlay shows it: spectrogram and level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, Sound
from ros2_avloc.audio.spectrogram import SpectrogramStream

SECONDS = 5.0
"""How far back it reaches."""

QUIETEST_DB, LOUDEST_DB = -60.0, 0.0
"""Ends of the scale of levels, dB of full scale."""

_FAINTEST, _STRONGEST = -1.75, 1.0
"""Values of the spectrogram that are drawn black and white: -75 dB and -20 dB."""

_COLUMNS = round(SECONDS * SAMPLE_RATE / HOP)
_EDGES = np.unique(np.geomspace(1, 256, 40).astype(int))
"""First bins of the bands: a tone's height is heard by ratios, and so it is drawn."""


@dataclass(frozen=True)
class SoundStrip:
    """The last seconds of sound, the newest last.

    Attributes
    ----------
    bands
        Strength by band of frequency, the highest first, and time: float32 ``(bands, columns)`` in [0, 1].
    levels
        Level by time: float32 ``(columns,)`` in [0, 1] from `QUIETEST_DB` to `LOUDEST_DB`.
    level
        Of the last second, dB of full scale.
    """

    bands: NDArray[np.float32]
    levels: NDArray[np.float32]
    level: float


class SoundHistory:
    """Collects the sound of successive windows. What lies between two windows that do not touch is dark."""

    def __init__(self) -> None:
        self._spectrograms = SpectrogramStream()
        self._bands = np.zeros((len(_EDGES), _COLUMNS), np.float32)
        self._levels = np.zeros(_COLUMNS, np.float32)
        self._heard: tuple[int, int] | None = None

    def hear(self, sound: Sound) -> SoundStrip:
        """Take in the second of a window and return the last `SECONDS`."""
        shown = self._spectrograms.spectrogram(sound)
        self._make_room(sound)
        new = shown.shape[1]
        strengths = np.maximum.reduceat(shown, _EDGES, axis=0)[::-1]
        self._bands[:, -new:] = np.clip((strengths - _FAINTEST) / (_STRONGEST - _FAINTEST), 0, 1)
        self._levels[-new:] = _levels(sound)
        return SoundStrip(self._bands.copy(), self._levels.copy(), sound.level)

    def _make_room(self, sound: Sound) -> None:
        """Move what was heard to the past, or forget it where it is of another timeline or of the future."""
        epoch, end = self._heard or (sound.epoch, sound.end)
        self._heard = (sound.epoch, sound.end)
        ahead = (sound.end - end) // HOP
        if epoch != sound.epoch or not 0 <= ahead < _COLUMNS:
            self._bands[:], self._levels[:] = 0, 0
        elif ahead:
            for kept in (self._bands, self._levels):
                kept[..., :-ahead] = kept[..., ahead:].copy()
                kept[..., -ahead:] = 0


def _levels(sound: Sound) -> NDArray[np.float32]:
    """Level of each column of a second, as in `SoundStrip`."""
    power = np.square(sound.samples[HOP:]).reshape(-1, HOP).mean(axis=1)
    decibels = 10 * np.log10(power + 1e-12)
    levels: NDArray[np.float32] = np.clip((decibels - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0, 1)
    return levels.astype(np.float32)
