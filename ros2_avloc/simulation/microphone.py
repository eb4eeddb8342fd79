"""The microphone: what reaches it from sources at a distance, in a room, and what it adds itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from ros2_avloc.audio.sound import SAMPLE_RATE

Audio = NDArray[np.float32]
"""Mono signal ``(n,)`` at 48 kHz, in [-1, 1] where it leaves the microphone."""

GAIN = 0.25
"""What the direct sound of a source at 1 m is multiplied with."""

NEAREST = 0.3
"""Distance in metres below which a source gets no louder."""

STEP = 480
"""Samples between two looks at a source's distance; the loudness goes along a line between them."""

NOISE_BLOCK = 48_000

KNEE = 0.8
"""Magnitude above which the microphone begins to clip."""


@dataclass(frozen=True)
class Room:
    """A room's reverberation, the same wherever source and microphone are.

    Attributes
    ----------
    rt60
        Time in seconds in which a sound decays by 60 dB.
    critical_distance
        Distance in metres at which direct and reverberant sound are equally strong.
    response
        Impulse response without the direct sound, float32 ``(m,)``. Its energy is that of the
        direct sound at the critical distance.
    """

    rt60: float
    critical_distance: float
    response: Audio

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Room:
        """Return a room of 40 to 300 m³ with an RT60 from 0.1 to 0.5 s.

        The critical distance is ``0.057 sqrt(V / RT60)`` (Kuttruff, Room Acoustics, section 5.1). The
        response is noise that decays exponentially, after a pause for the way to the nearest wall;
        air and furniture take the high frequencies.
        """
        rt60 = rng.uniform(0.1, 0.5)
        critical_distance = 0.057 * np.sqrt(rng.uniform(40, 300) / rt60)
        n = round(rt60 * SAMPLE_RATE)
        decay = np.exp(-np.log(1000) * np.arange(n) / n)
        dull = signal.butter(1, rng.uniform(2500, 7000), fs=SAMPLE_RATE, output='sos')
        tail = signal.sosfilt(dull, rng.standard_normal(n)) * decay
        tail /= np.sqrt(np.sum(tail**2)) * critical_distance
        pause = np.zeros(round(rng.uniform(0.002, 0.01) * SAMPLE_RATE))
        return cls(rt60, float(critical_distance), np.concatenate((pause, tail)).astype(np.float32))

    @classmethod
    def none(cls) -> Room:
        """Return what reverberates not at all."""
        return cls(0.0, np.inf, np.zeros(1, np.float32))

    def reverberate(self, dry: Audio) -> Audio:
        """Return the reverberation of a sound, longer than it by the room's decay."""
        return np.asarray(signal.oaconvolve(dry, self.response), dtype=np.float32)


@dataclass(frozen=True)
class Source:
    """A sound in the room, from its first sample to the end of its reverberation.

    Attributes
    ----------
    start
        Sample of the stream at which it begins.
    direct
        What comes straight from the source, as at 1 m; empty for a sound that comes from all around.
    diffuse
        What comes from all around: reverberation, or a sound without a place.
    distance
        Metres from the microphone at a time in seconds; asked each 10 ms, for direct sound alone.
    name
        Of what sounds.
    """

    start: int
    direct: Audio
    diffuse: Audio
    distance: Callable[[float], float]
    name: str = ''

    @property
    def stop(self) -> int:
        """Sample of the stream after its last one."""
        return self.start + max(self.direct.size, self.diffuse.size)


class Microphone:
    """One ear without a direction, that hears sources and its own noise as one steady stream.

    What it hears at a sample depends on the sample's number alone, not on the blocks asked for.

    Parameters
    ----------
    rng
        Decides the level of its noise (-85 to -65 dB, root mean square) and the noise itself.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._noise_level = 10 ** (rng.uniform(-85, -65) / 20)
        self._noise_seed = int(rng.integers(2**31))
        self._noise_block = lru_cache(maxsize=4)(self._make_noise)

    def hear(self, sources: Iterable[Source], start: int, count: int) -> Audio:
        """Return the samples ``start`` to ``start + count`` of the stream, float32 ``(count,)``."""
        total = self._noise(start, count)
        for source in sources:
            _add(total, start, source.diffuse, source.start, GAIN)
            first, last = _overlap(start, count, source.start, source.direct.size)
            if first < last:
                gain = GAIN * _loudness(source.distance, first, last)
                _add(total, start, source.direct[first - source.start : last - source.start], first, gain)
        return soft_clip(total)

    def _noise(self, start: int, count: int) -> Audio:
        numbers = range(start // NOISE_BLOCK, (start + count) // NOISE_BLOCK + 1)
        joined = np.concatenate([self._noise_block(number) for number in numbers])
        offset = start % NOISE_BLOCK
        return joined[offset : offset + count].copy()

    def _make_noise(self, number: int) -> Audio:
        # A stream may begin before 0; a seed may not be negative.
        rng = np.random.default_rng([self._noise_seed, abs(number), int(number < 0)])
        return rng.standard_normal(NOISE_BLOCK, dtype=np.float32) * np.float32(self._noise_level)


def soft_clip(samples: Audio) -> Audio:
    """Return the signal, unchanged up to the knee and pressed into [-1, 1] above it."""
    over = np.maximum(np.abs(samples) - KNEE, 0)
    pressed = KNEE + (1 - KNEE) * np.tanh(over / (1 - KNEE))
    return np.where(over > 0, np.copysign(pressed, samples), samples).astype(np.float32)


def _overlap(start: int, count: int, other: int, size: int) -> tuple[int, int]:
    return max(start, other), min(start + count, other + size)


def _add(total: Audio, start: int, part: Audio, at: int, gain: float | Audio) -> None:
    """Add ``gain * part``, which begins at sample ``at``, to ``total``, which begins at ``start``."""
    first, last = _overlap(start, total.size, at, part.size)
    if first < last:
        total[first - start : last - start] += (gain * part[first - at : last - at]).astype(np.float32)


def _loudness(distance: Callable[[float], float], first: int, last: int) -> Audio:
    """Return 1/r for the samples from ``first`` to ``last``, lines between looks at whole steps."""
    steps = np.arange(first // STEP, last // STEP + 2)
    looks = np.array([1 / max(distance(step * STEP / SAMPLE_RATE), NEAREST) for step in steps.tolist()])
    between = np.arange(STEP) / STEP
    lines = looks[:-1, None] + np.diff(looks)[:, None] * between
    offset = first - int(steps[0]) * STEP
    return lines.ravel()[offset : offset + last - first].astype(np.float32)
