"""Modal synthesis: struck bodies are sums of damped sines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.sounds.shaping import (
    Samples,
    band,
    decay,
    level,
    log_uniform,
    mixed,
    onsets,
    place,
    samples_in,
)

BELL_RATIOS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33, 6.67])
"""Partials of a church bell over its prime: hum, prime, tierce, quint, nominal and above
(Fletcher and Rossing, The Physics of Musical Instruments, chapter 21)."""

MEMBRANE_RATIOS = np.array([1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06])
"""Modes of an ideal round membrane over its lowest: ratios of zeros of Bessel functions
(Fletcher and Rossing, section 3.6)."""

BLOCK = 512


def damped_sines(frequencies: ArrayLike, t60: ArrayLike, amplitudes: ArrayLike, n: int) -> Samples:
    """Return a sum of sines that start at zero and decay exponentially.

    A damped sine at block a, sample b is ``exp(s a BLOCK) exp(s b)``, so the sum over all modes is
    one product of two small matrices.

    Parameters
    ----------
    frequencies, t60, amplitudes
        One value per mode: Hz, seconds for 60 dB, linear. Modes above 20 kHz are left out.
    """
    frequencies, t60, amplitudes = np.broadcast_arrays(frequencies, t60, amplitudes)
    audible = frequencies < 20_000
    rate = -np.log(1000) / t60[audible] + 2j * np.pi * frequencies[audible]
    rate = rate / SAMPLE_RATE
    fine = np.exp(np.outer(rate, np.arange(BLOCK)))
    coarse = amplitudes[audible] * np.exp(np.outer(np.arange(0, n, BLOCK), rate))
    imaginary = np.hstack((coarse.real, coarse.imag)) @ np.vstack((fine.imag, fine.real))
    return np.asarray(imaginary, dtype=np.float64).ravel()[:n]


def click(rng: np.random.Generator, seconds: float, low: float, high: float) -> Samples:
    """Return a short burst of band-passed noise, peak 1: what a hammer or stick adds."""
    n = samples_in(4 * seconds)
    return level(band(rng.standard_normal(n), low, high) * decay(n, 3 * seconds, attack=0.0002))


def added(grain: Samples, extra: Samples, gain: float) -> Samples:
    """Return ``grain`` with ``gain * extra`` added at its beginning."""
    out = grain.copy()
    out[: extra.size] += gain * extra[: out.size]
    return out


def struck_bell(rng: np.random.Generator, prime: float, t60: float, seconds: float) -> Samples:
    """Return one stroke of a bell: inharmonic doublets that beat, the high ones shorter."""
    ratios = BELL_RATIOS * (1 + 0.006 * rng.standard_normal(BELL_RATIOS.size))
    loud = rng.uniform(0.3, 1.0, ratios.size) * ratios ** -rng.uniform(0.2, 0.7)
    times = t60 * ratios**-0.7
    doublet = ratios * (1 + rng.uniform(0.0005, 0.003, ratios.size))
    frequencies = prime * np.concatenate((ratios, doublet))
    n = samples_in(seconds)
    grain = damped_sines(frequencies, np.tile(times, 2), np.concatenate((loud, 0.6 * loud)), n)
    return added(level(grain), click(rng, 0.004, 1500, 9000), 0.3)


def bell(rng: np.random.Generator, n: int) -> Samples:
    """Return a bell struck again and again, from hand bell to church bell."""
    grain = struck_bell(rng, log_uniform(rng, 280, 900), rng.uniform(1.5, 4.0), 2.5)
    strikes = onsets(rng, n, rng.uniform(0.35, 0.9), jitter=0.06)
    return place(n, strikes, grain, rng.uniform(0.6, 1.0, strikes.size))


def ringing(rng: np.random.Generator, n: int) -> Samples:
    """Return the mechanical alarm: a hammer between two small bells."""
    high = log_uniform(rng, 1500, 2600)
    gap = 1 / rng.uniform(18, 32)
    bells = [
        struck_bell(rng, high * detune, rng.uniform(0.5, 1.0), 0.6)
        for detune in (1.0, rng.uniform(1.02, 1.1))
    ]
    strikes = onsets(rng, n, gap, jitter=0.08)
    gains = rng.uniform(0.7, 1.0, strikes.size)
    return place(n, strikes[::2], bells[0], gains[::2]) + place(n, strikes[1::2], bells[1], gains[1::2])


def membrane(rng: np.random.Generator, lowest: float, t60: float, snare: float) -> Samples:
    """Return one stroke of a drum: modes of the skin, the stick, and the rattle of a snare."""
    ratios = MEMBRANE_RATIOS * (1 + 0.01 * rng.standard_normal(MEMBRANE_RATIOS.size))
    loud = rng.uniform(0.4, 1.0, ratios.size) / ratios
    n = samples_in(1.2 * t60)
    skin = level(damped_sines(lowest * ratios, t60 / ratios**0.8, loud, n))
    rattle = level(band(rng.standard_normal(n), 1200, 9000) * decay(n, 0.6 * t60))
    return added(skin + snare * rattle, click(rng, 0.006, 300, 5000), 0.35)


def drum(rng: np.random.Generator, n: int) -> Samples:
    """Return a rhythm on two or three drums of one set."""
    lowest = log_uniform(rng, 60, 130)
    count = int(rng.integers(2, 4))
    drums = [
        membrane(rng, lowest * 1.5**k, rng.uniform(0.3, 0.6), rng.uniform(0, 0.5) * k) for k in range(count)
    ]
    beats = onsets(rng, n, rng.uniform(0.12, 0.26), jitter=0.03)
    pattern = rng.integers(0, count, 8)
    accents = rng.uniform(0.35, 1.0, 8)
    accents[0], pattern[0] = 1.0, 0
    turn = np.arange(beats.size) % 8
    strokes = [
        place(n, beats[pattern[turn] == k], drums[k], accents[turn[pattern[turn] == k]]) for k in range(count)
    ]
    return mixed(strokes)
