"""An array of microphones that turns with the camera, in a room with reflections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.microphone import GAIN, Audio, Microphone, Source, soft_clip
from ros2_avloc.simulation.shoebox import Images, Shoebox

STEP = SAMPLE_RATE // 10
"""Samples between two looks at where the microphones are; what they hear goes over from one to the next."""

KEPT = 8
"""Impulse responses that are kept."""

Vectors = NDArray[np.float64]


class Ears:
    """What several microphones hear of sources in a room, as one steady stream.

    What they hear at a sample depends on the sample's number alone, not on the blocks asked for.

    Parameters
    ----------
    rng
        Decides what the microphones add themselves.
    room
        Where they are.
    images
        Where a source's sound comes from, by its name.
    microphones
        Where the microphones are in the world, m, ``(c, 3)``, at a time in seconds.
    sources
        What sounds between two samples of the stream; only what is direct or diffuse without reverberation.
    """

    def __init__(self, rng: np.random.Generator, room: Shoebox, images: Callable[[str], Images],
                 microphones: Callable[[float], Vectors],
                 sources: Callable[[int, int], Iterable[Source]]) -> None:
        self._room = room
        self._images = lru_cache(maxsize=KEPT)(images)
        self._microphones = microphones
        self._sources = sources
        self._own = [Microphone(rng) for _ in microphones(0.0)]
        self._spectra = lru_cache(maxsize=KEPT)(self._make_spectra)
        self._step = lru_cache(maxsize=4)(self._hear_step)

    def hear(self, start: int, count: int) -> Audio:
        """Return the samples ``start`` to ``start + count`` of the stream, float32 ``(count, c)``."""
        numbers = range(start // STEP, (start + count - 1) // STEP + 1)
        heard = np.concatenate([self._step(number) for number in numbers])
        offset = start - start // STEP * STEP
        return heard[offset : offset + count]

    def _hear_step(self, number: int) -> Audio:
        start = number * STEP
        total = np.stack([own.hear((), start, STEP) for own in self._own])
        rise = np.arange(STEP, dtype=np.float32) / STEP
        for source in self._sources(start - self._room.length, start + STEP):
            sound = self._dry(source, start - self._room.length, STEP + self._room.length)
            spectrum = np.asarray(fft.rfft(sound, self._size), np.complex64)
            before, after = (self._heard(spectrum, source.name, number + later) for later in (0, 1))
            total += before + rise * (after - before)
        return soft_clip(total).T

    def _heard(self, spectrum: NDArray[np.complex64], name: str, number: int) -> Audio:
        heard = fft.irfft(spectrum * self._spectra(name, number), self._size)
        return np.asarray(GAIN * heard[:, self._room.length : self._room.length + STEP], np.float32)

    @property
    def _size(self) -> int:
        return int(fft.next_fast_len(STEP + self._room.length, real=True))

    def _make_spectra(self, name: str, number: int) -> NDArray[np.complex64]:
        microphones = self._microphones(number * STEP / SAMPLE_RATE)
        response = self._images(name).response(microphones, self._room.length)
        return np.asarray(fft.rfft(response, self._size), np.complex64)

    @staticmethod
    def _dry(source: Source, start: int, count: int) -> Audio:
        """Return what a source gives out from ``start`` on."""
        sound = source.direct if source.direct.size else source.diffuse
        first, last = max(start, source.start), min(start + count, source.start + sound.size)
        dry = np.zeros(count, np.float32)
        if first < last:
            dry[first - start : last - start] = sound[first - source.start : last - source.start]
        return dry
