"""Noise through filters: kettle and engine, and the sounds that no object of a scene makes."""

from __future__ import annotations

import numpy as np

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.sounds.modal import click
from ros2_avloc.simulation.sounds.shaping import (
    Samples,
    band,
    decay,
    filtered,
    hump,
    level,
    log_uniform,
    mixed,
    onsets,
    phase,
    place,
    resonate,
    samples_in,
    sine,
    wander,
)


def white(rng: np.random.Generator, n: int) -> Samples:
    """Return white noise."""
    return rng.standard_normal(n)


def pink(rng: np.random.Generator, n: int) -> Samples:
    """Return pink noise, by the filter of J. O. Smith (Spectral Audio Signal Processing, appendix)."""
    zeros = [0.049922035, -0.095993537, 0.050612699, -0.004408786]
    poles = [1.0, -2.494956002, 2.017265875, -0.522189400]
    settle = 2048
    return filtered(zeros, poles, rng.standard_normal(n + settle))[settle:]


def brown(rng: np.random.Generator, n: int) -> Samples:
    """Return brown noise: white noise summed by a leaky integrator, corner at 20 Hz."""
    settle = 4096
    return filtered([1.0], [1.0, -0.9974], rng.standard_normal(n + settle))[settle:]


def kettle(rng: np.random.Generator, n: int) -> Samples:
    """Return a kettle on the boil: bubbling water, and a whistle that rises as the steam does."""
    steam = np.clip(np.linspace(rng.uniform(0.3, 0.9), rng.uniform(1.0, 1.5), n), 0, 1)
    pitch = log_uniform(rng, 1700, 2900) * (0.85 + 0.15 * steam) * wander(rng, n, 0.08, 0.99, 1.01)
    cycles = phase(pitch)
    whistle = (sine(cycles) + rng.uniform(0.1, 0.4) * sine(rng.choice([1.5, 2.0, 1.26]) * cycles)) * steam**2
    bubbles = band(white(rng, n), 150, 900) * wander(rng, n, 0.03, 0.1, 1.0) ** 2
    hiss = band(white(rng, n), 2500, 12000) * steam
    out: Samples = (
        whistle * wander(rng, n, 0.04, 0.8, 1)
        + rng.uniform(0.4, 0.9) * bubbles
        + rng.uniform(0.1, 0.25) * hiss
    )
    return out


def engine(rng: np.random.Generator, n: int) -> Samples:
    """Return a combustion engine whose speed varies: a pulse per firing through the exhaust's resonances."""
    idle = log_uniform(rng, 22, 50)
    firing = phase(wander(rng, n, rng.uniform(0.3, 0.8), idle, idle * rng.uniform(1.4, 2.4)))
    fired = np.flatnonzero(np.diff(np.floor(firing), prepend=0) > 0)
    uneven = rng.uniform(0.6, 1.0, 4)
    pulses = np.zeros(n)
    pulses[fired] = uneven[np.arange(fired.size) % 4] * rng.uniform(0.85, 1.0, fired.size)
    puffs: Samples = np.exp(-6 * (firing % 1.0))
    out = rng.uniform(0.1, 0.3) * band(white(rng, n), 200, 3500) * puffs
    for low, high, width in ((70, 130, 40), (180, 300, 80), (400, 700, 160), (900, 1600, 400)):
        out += rng.uniform(0.5, 1) * level(resonate(pulses, rng.uniform(low, high), width))
    return out


def hum(rng: np.random.Generator, n: int) -> Samples:
    """Return the hum of mains at 50 or 60 Hz with its harmonics."""
    cycles = phase(np.full(n, rng.choice([50.0, 60.0]))) + rng.random()
    loud = rng.uniform(0.1, 1.0, 8) / np.arange(1, 9)
    return mixed(a * sine(k * cycles + 0.3 * k) for k, a in enumerate(loud, 1))


def wind(rng: np.random.Generator, n: int) -> Samples:
    """Return wind: gusts of low noise, and a howl that comes and goes."""
    gusts = wander(rng, n, 0.7, 0.3, 1.0)
    low = band(brown(rng, n), 40, rng.uniform(300, 700))
    howl = resonate(white(rng, n), log_uniform(rng, 350, 800), 60)
    return gusts * level(low) + rng.uniform(0.1, 0.5) * gusts**3 * level(howl)


def rain(rng: np.random.Generator, n: int) -> Samples:
    """Return rain: a wash of high noise with single drops before it."""
    drops = rng.integers(0, n, max(1, round(n / rng.uniform(600, 2400))))
    near = place(n, drops, click(rng, 0.002, 1500, 7000), rng.uniform(0.05, 1.0, drops.size) ** 2)
    return level(near) + rng.uniform(0.2, 0.5) * level(band(white(rng, n), 1500, 14000))


def footsteps(rng: np.random.Generator, n: int) -> Samples:
    """Return steps: a dull heel, then a scuffing sole."""
    steps = onsets(rng, n, rng.uniform(0.38, 0.6), jitter=0.08)
    size = samples_in(0.25)
    heel = level(resonate(white(rng, size) * decay(size, 0.06), rng.uniform(70, 160), 60))
    sole = level(band(white(rng, size), 600, 5000) * np.roll(decay(size, 0.1, 0.02), samples_in(0.06)))
    loud = rng.uniform(0.6, 1.0, steps.size)
    return place(n, steps, heel + rng.uniform(0.1, 0.4) * sole, loud)


def traffic(rng: np.random.Generator, n: int) -> Samples:
    """Return a busy road: a low rumble, and tyres that pass."""
    out = level(band(pink(rng, n), 40, 900))
    for _ in range(max(1, round(n / SAMPLE_RATE))):
        size = samples_in(rng.uniform(1.5, 3.5))
        passing = band(white(rng, size), 300, rng.uniform(1200, 3000)) * hump(size, 3.0)
        start = int(rng.integers(-size, n))
        part = passing[max(0, -start) : n - start]
        out[max(0, start) : max(0, start) + part.size] += rng.uniform(0.2, 0.6) * part
    return out
