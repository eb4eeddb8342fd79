"""What every way of synthesis needs: rhythm, slow curves, envelopes, filters, levels.

Signals inside this room are mono ``float64 (n,)`` at 48 kHz. Frequencies are in Hz, times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from ros2_avloc.audio.sound import SAMPLE_RATE

Samples = NDArray[np.float64]
"""Mono signal ``(n,)`` at 48 kHz."""

Indices = NDArray[np.int64]
"""Positions in a signal, in samples."""


def samples_in(seconds: float) -> int:
    """Return the number of samples in a time, rounded."""
    return round(seconds * SAMPLE_RATE)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a value whose logarithm is uniform, as suits frequencies and times."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def wander(rng: np.random.Generator, n: int, every: float, low: float, high: float) -> Samples:
    """Return a curve through uniform random points, one each ``every`` seconds, joined by lines."""
    step = max(1, samples_in(every))
    points = rng.uniform(low, high, n // step + 2)
    return np.interp(np.arange(n) / step, np.arange(points.size), points)


def phase(frequency: Samples) -> Samples:
    """Return the phase in cycles of an oscillator whose frequency varies."""
    return np.cumsum(frequency) / SAMPLE_RATE


def sine(cycles: Samples) -> Samples:
    """Return the sine of a phase in cycles."""
    return np.sin(2 * np.pi * cycles)


def onsets(rng: np.random.Generator, n: int, gap: float, jitter: float = 0.03) -> Indices:
    """Return where a steady rhythm strikes within ``n`` samples, the first strike at 0.

    Parameters
    ----------
    gap
        Mean time between two strikes in seconds.
    jitter
        Largest deviation of a gap, as a fraction of it.
    """
    gaps = gap * (1 + rng.uniform(-jitter, jitter, int(n / SAMPLE_RATE / (gap * (1 - jitter))) + 2))
    strikes = np.concatenate(([0.0], np.cumsum(gaps)))
    positions: Indices = np.round(strikes * SAMPLE_RATE).astype(np.int64)
    return positions[positions < n]


def place(n: int, starts: ArrayLike, grain: Samples, gains: ArrayLike) -> Samples:
    """Add a copy of ``grain`` at each start, with its gain; what passes the end is cut."""
    out = np.zeros(n)
    for start, gain in zip(np.atleast_1d(starts), np.atleast_1d(gains), strict=True):
        part = grain[: n - start]
        out[start : start + part.size] += gain * part
    return out


def held(n: int, starts: Indices, values: ArrayLike) -> Samples:
    """Return a staircase: each value from its start up to the next; ``starts[0]`` is 0."""
    lengths = np.diff(np.append(starts, n))
    return np.repeat(np.asarray(values, dtype=np.float64), lengths)


def smoothed(curve: Samples, seconds: float) -> Samples:
    """Return the curve after a one-pole low-pass with this time constant, started at rest."""
    pole = float(np.exp(-1 / (seconds * SAMPLE_RATE)))
    state = np.array([pole * curve[0]])
    out: Samples = signal.lfilter([1 - pole], [1, -pole], curve, zi=state)[0]
    return out


def decay(n: int, t60: float, attack: float = 0.0005) -> Samples:
    """Return an envelope that rises in ``attack`` seconds and falls by 60 dB in ``t60`` seconds."""
    time = np.arange(n) / SAMPLE_RATE
    fall: Samples = np.exp(-np.log(1000) * time / t60) * np.minimum(1.0, time / attack)
    return fall


def hump(n: int, sharpness: float = 1.0) -> Samples:
    """Return an envelope from 0 to 1 and back, half a sine to the power of ``sharpness``."""
    arch: Samples = np.sin(np.pi * (np.arange(n) + 0.5) / max(n, 1))
    return arch**sharpness


def filtered(zeros: Sequence[float], poles: Sequence[float], source: Samples) -> Samples:
    """Return the signal after a recursive filter, given by its polynomials."""
    return np.asarray(signal.lfilter(zeros, poles, source), dtype=np.float64)


def resonate(source: Samples, frequency: float, bandwidth: float) -> Samples:
    """Filter by one resonance (two poles) with gain 1 at its frequency."""
    radius = float(np.exp(-np.pi * bandwidth / SAMPLE_RATE))
    angle = 2 * np.pi * frequency / SAMPLE_RATE
    poles = [1.0, -2 * radius * np.cos(angle), radius**2]
    at_peak = np.polyval(poles[::-1], np.exp(-1j * angle))
    return filtered([float(abs(at_peak))], poles, source)


def band(source: Samples, low: float, high: float) -> Samples:
    """Band-pass (second-order Butterworth); ``low`` 0 makes it a low-pass, ``high`` 24000 a high-pass."""
    if low <= 0:
        sections = signal.butter(2, high, 'low', fs=SAMPLE_RATE, output='sos')
    elif high >= SAMPLE_RATE / 2:
        sections = signal.butter(2, low, 'high', fs=SAMPLE_RATE, output='sos')
    else:
        sections = signal.butter(2, [low, high], 'band', fs=SAMPLE_RATE, output='sos')
    return np.asarray(signal.sosfilt(sections, source), dtype=np.float64)


def hertz(note: ArrayLike) -> Samples:
    """Return the frequency of a MIDI note number (69 is 440 Hz)."""
    return 440.0 * 2 ** ((np.asarray(note, dtype=np.float64) - 69) / 12)


def scale(rng: np.random.Generator, low: int, high: int) -> Samples:
    """Return the frequencies between two MIDI notes of a random major, minor or pentatonic key."""
    steps = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))[rng.integers(3)]
    tonic = rng.integers(12)
    return hertz([note for note in range(low, high + 1) if (note - tonic) % 12 in steps])


def walk(rng: np.random.Generator, count: int, size: int, leap: int = 2) -> Indices:
    """Return ``count`` indices below ``size`` that move by at most ``leap``: a melody."""
    steps = rng.integers(-leap, leap + 1, count)
    raw = rng.integers(size) + np.cumsum(steps)
    period = max(1, 2 * (size - 1))
    folded: Indices = np.abs((raw + size - 1) % period - (size - 1)).astype(np.int64)
    return folded


def mixed(parts: Iterable[Samples]) -> Samples:
    """Return the sum of signals of one length."""
    return np.asarray(np.sum(list(parts), axis=0), dtype=np.float64)


def level(source: Samples) -> Samples:
    """Return the signal with its largest magnitude at 1 (silence stays silence)."""
    peak = float(np.max(np.abs(source), initial=0.0))
    return source / peak if peak > 0 else source
