"""The moments of a recording: which they are, and their embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, Missing, Sound
from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import InputError
from ros2_avloc.model.embedder import Embedder
from ros2_avloc.recordings.recording import HALF, SECOND, Recording, Stamps
from ros2_avloc.vision.frame import Frame

QUIET = -60.0
"""Level, in dB of full scale, below which a second is silent: what is left is a preamplifier's noise."""

_LEAD = HALF + SECOND * HOP // SAMPLE_RATE
"""From the beginning of a sound to the middle of the first second that a spectrogram can be made of, ns."""

Vectors = NDArray[np.float32]

Tick = Callable[[float], None]
"""Told after each moment which share of the recording is done."""


@dataclass(frozen=True)
class Moments:
    """What is kept of a recording.

    Attributes
    ----------
    times
        Stamps, ns, int64 ``(n,)``, rising.
    seen, heard
        Embeddings of the frames and of the seconds around them, float32 ``(n, d)``; not a number where there
        is no frame, or no second, or a silent one.
    levels
        Of the seconds, dB of full scale, float32 ``(n,)``; not a number where there is none.
    """

    times: Stamps
    seen: Vectors
    heard: Vectors
    levels: Vectors

    def __len__(self) -> int:
        """Return the number of moments."""
        return len(self.times)


def choose_moments(recording: Recording, every: float) -> Stamps:
    """Return stamps of moments, `every` seconds apart, in the middle of the recording.

    They are those of the frames nearest to these times, none twice; of a recording without frames, the
    middles of seconds of its sound.
    """
    step, stamps = round(every * SECOND), recording.stamps
    if not len(stamps):
        return _audible_times(recording, step)
    length = int(stamps[-1] - stamps[0])
    steps = max(1, length // step)
    first = int(stamps[0]) + (length - (steps - 1) * step) // 2
    return np.unique(stamps[nearest(stamps, first + step * np.arange(steps))])


def nearest(stamps: Stamps, times: Stamps) -> NDArray[np.int64]:
    """Return the place of the stamp nearest to each time; of two as near, the earlier one."""
    after = np.clip(np.searchsorted(stamps, times), 0, len(stamps) - 1)
    before = np.maximum(after - 1, 0)
    return np.asarray(np.where(times - stamps[before] <= stamps[after] - times, before, after), np.int64)


def second_around(recording: Recording, times: Stamps) -> Iterator[Sound | Missing]:
    """Give the second of sound centred on each time (ns, rising)."""
    return recording.sounds((times + HALF).tolist())


def frames_at(recording: Recording, times: Stamps) -> Iterator[Frame | None]:
    """Give the frame of each stamp, nothing where the recording has no frames."""
    if not len(recording.stamps):
        return iter([None] * len(times))
    return recording.frames(np.searchsorted(recording.stamps, times).tolist())


def embed_moments(recording: Recording, embedder: Embedder, every: float, tick: Tick) -> Moments:
    """Decode and embed the moments of a recording, one by one.

    Raises
    ------
    InputError
        If a part cannot be read, or there is no moment.
    EngineError
        If the model fails.
    """
    times = choose_moments(recording, every)
    if not len(times):
        raise InputError(f'{recording.path} has neither a frame nor a whole second of sound; leave it out.')
    seen, heard, levels = [], [], []
    nothing = np.full((1, embedder.embed_images([]).shape[1]), np.nan, np.float32)
    for frame, sound in zip(frames_at(recording, times), second_around(recording, times), strict=True):
        seen.append(nothing if frame is None else embedder.embed_images([frame.rgb]))
        levels.append(sound.level if isinstance(sound, Sound) else np.nan)
        if isinstance(sound, Sound) and sound.level >= QUIET:
            heard.append(embedder.embed_sounds([spectrogram(sound.samples)]))
        else:
            heard.append(nothing)
        tick(len(seen) / len(times))
    return Moments(times, np.concatenate(seen), np.concatenate(heard), np.array(levels, np.float32))


def _audible_times(recording: Recording, step: int) -> Stamps:
    """Return the middles of seconds of sound, asking further and further until there is no more."""
    count = 64
    while True:
        times = recording.begin + _LEAD + step * np.arange(count, dtype=np.int64)
        audible = recording.audible(times + HALF)
        if not audible[count // 2:].any():
            return np.asarray(times[audible])
        count *= 2
