"""Oscillators whose pitch moves: sirens, beeps, birds, flutes and robots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.sounds.modal import ringing
from ros2_avloc.simulation.sounds.shaping import (
    Indices,
    Samples,
    band,
    held,
    hump,
    log_uniform,
    mixed,
    onsets,
    phase,
    resonate,
    samples_in,
    scale,
    sine,
    smoothed,
    walk,
    wander,
)


def seconds_since(starts: Indices, n: int) -> Samples:
    """Return for each sample the time since the latest start; ``starts[0]`` is 0."""
    return (np.arange(n) - held(n, starts, starts)) / SAMPLE_RATE


def gate(rng: np.random.Generator, n: int, on: float, off: float) -> Samples:
    """Return a gate that is 1 for ``on`` and 0 for ``off`` seconds in turn, with 3 ms edges."""
    turn = (np.arange(n) / SAMPLE_RATE + rng.uniform(0, on + off)) % (on + off)
    return smoothed((turn < on).astype(np.float64), 0.003)


def buzz(cycles: Samples, drive: float, bias: float) -> Samples:
    """Return a sine pressed through tanh: odd harmonics by ``drive``, even ones by ``bias``."""
    shaped: Samples = np.tanh(drive * sine(cycles) + bias) - np.tanh(bias)
    return shaped


def swept(rng: np.random.Generator, n: int) -> Samples:
    """Return a siren's pitch: wail (slow), yelp (fast) or hi-lo (two tones)."""
    low = log_uniform(rng, 380, 650)
    high = low * rng.uniform(1.8, 2.8)
    style = rng.choice(['wail', 'yelp', 'hi-lo'])
    period = {'wail': rng.uniform(2.0, 4.0), 'yelp': rng.uniform(0.25, 0.45), 'hi-lo': rng.uniform(0.8, 1.4)}[
        style
    ]
    turn = (np.arange(n) / SAMPLE_RATE / period + rng.random()) % 1.0
    if style == 'hi-lo':
        return smoothed(np.where(turn < 0.5, low, low * rng.uniform(1.25, 1.4)), 0.004)
    rise = rng.uniform(0.3, 0.6)
    shape = np.where(turn < rise, turn / rise, (1 - turn) / (1 - rise))
    curve: Samples = low * (high / low) ** shape
    return curve


def siren(rng: np.random.Generator, n: int) -> Samples:
    """Return a siren of a police car or ambulance, through its horn."""
    tone = buzz(phase(swept(rng, n)), rng.uniform(1.5, 4.0), rng.uniform(0.1, 0.6))
    return tone + 2 * resonate(tone, rng.uniform(900, 1600), 500)


def beeping(rng: np.random.Generator, n: int) -> Samples:
    """Return the electronic alarm: bursts of short high beeps."""
    cycles = phase(np.full(n, log_uniform(rng, 1900, 3200)))
    on = rng.uniform(0.04, 0.08)
    beeps = gate(rng, n, on, on * rng.uniform(0.6, 1.0))
    bursts = gate(rng, n, rng.uniform(0.4, 0.6), rng.uniform(0.1, 0.25))
    return buzz(cycles, rng.uniform(1, 4), 0.2) * beeps * bursts


def alarm_clock(rng: np.random.Generator, n: int) -> Samples:
    """Return an alarm clock: a hammer on two bells, or beeps."""
    return ringing(rng, n) if rng.random() < 0.5 else beeping(rng, n)


def telephone(rng: np.random.Generator, n: int) -> Samples:
    """Return a telephone that warbles between two tones, in the cadence of a ring."""
    low = log_uniform(rng, 620, 950)
    high = low * rng.uniform(1.18, 1.35)
    warble = gate(rng, n, *(2 * [rng.uniform(0.02, 0.04)]))
    drive = rng.uniform(0.8, 2.0)
    tones = [buzz(phase(np.full(n, pitch)), drive, 0.3) for pitch in (low, high)]
    ring = gate(rng, n, rng.uniform(0.5, 1.0), rng.uniform(0.15, 0.28))
    return (warble * tones[0] + (1 - warble) * tones[1]) * ring


def syllable(rng: np.random.Generator, centre: float) -> tuple[Samples, Samples]:
    """Return pitch and loudness of one syllable of a bird: sweep, arch or trill."""
    n = samples_in(rng.uniform(0.04, 0.16))
    turn = np.linspace(0, 1, n)
    sweep = rng.uniform(-0.5, 0.5) * (turn - 0.5) + rng.uniform(-0.35, 0.35) * np.sin(np.pi * turn)
    trill = rng.uniform(0, 0.12) * np.sin(2 * np.pi * rng.uniform(20, 45) * turn * n / SAMPLE_RATE)
    pitch = centre * rng.uniform(0.8, 1.25) * 2 ** (sweep + trill)
    return pitch, hump(n, rng.uniform(0.5, 1.2)) * rng.uniform(0.5, 1.0)


def bird(rng: np.random.Generator, n: int) -> Samples:
    """Return a song bird: a few syllables, each repeated, then the next."""
    centre = log_uniform(rng, 2600, 5200)
    repertoire = [syllable(rng, centre) for _ in range(rng.integers(2, 5))]
    pitch, loud = np.full(n, centre), np.zeros(n)
    start = 0
    while start < n:
        song = repertoire[rng.integers(len(repertoire))]
        pause = samples_in(rng.uniform(0.02, 0.12))
        for _ in range(rng.integers(2, 6)):
            part = song[0][: max(0, n - start)]
            pitch[start : start + part.size] = part
            loud[start : start + part.size] = song[1][: part.size]
            start += song[0].size + pause
    cycles = phase(pitch)
    return loud * (sine(cycles) + rng.uniform(0.02, 0.15) * sine(2 * cycles))


def flute(rng: np.random.Generator, n: int) -> Samples:
    """Return a flute that plays a tune: few harmonics, vibrato, and breath around the tone."""
    notes = scale(rng, 67, 86)
    beats = onsets(rng, n, rng.uniform(0.22, 0.6), jitter=0.1)
    since = seconds_since(beats, n)
    tune = held(n, beats, notes[walk(rng, beats.size, notes.size, leap=3)])
    vibrato = np.sin(2 * np.pi * rng.uniform(4.5, 6.0) * np.arange(n) / SAMPLE_RATE) * np.minimum(
        1, since / 0.2
    )
    cycles = phase(smoothed(tune, 0.012) * (1 + rng.uniform(0.003, 0.012) * vibrato))
    loud = (1 - 0.8 * np.exp(-since / 0.03)) * (1 + rng.uniform(0.05, 0.25) * vibrato)
    harmonics = rng.uniform(0.5, 1.0, 5) * np.array([1.0, 0.45, 0.2, 0.08, 0.04])
    tone = mixed(a * sine(k * cycles) for k, a in enumerate(harmonics, 1))
    breath = band(rng.standard_normal(n), 400, 6000) * (1 + 2 * np.exp(-since / 0.04))
    out: Samples = loud * (tone + rng.uniform(0.04, 0.1) * breath)
    return out


def servo(rng: np.random.Generator, n: int) -> Samples:
    """Return the whir of motors that turn by fits and starts: a buzz whose pitch follows the speed."""
    moves = onsets(rng, n, rng.uniform(0.25, 0.5), jitter=0.4)
    speed = smoothed(held(n, moves, rng.uniform(0.3, 1.0, moves.size)), 0.05)
    cycles = phase(log_uniform(rng, 220, 420) * speed)
    whine = buzz(cycles, 5.0, 0.7) + 0.4 * buzz(rng.choice([6, 8, 11]) * cycles, 1.0, 0.0)
    return band(whine, 180, 7000) * (0.4 + 0.6 * speed)


def bleeps(rng: np.random.Generator, n: int) -> Samples:
    """Return the talk of a robot: short steps and slides between random tones."""
    beats = onsets(rng, n, rng.uniform(0.07, 0.12), jitter=0.2)
    tones: NDArray[np.float64] = np.exp(rng.uniform(np.log(500), np.log(2800), beats.size))
    slide = held(n, beats, rng.uniform(-6, 6, beats.size) * (rng.random(beats.size) < 0.4))
    pitch = held(n, beats, tones) * 2 ** (slide * seconds_since(beats, n))
    speaks = held(n, beats, np.repeat(rng.random(beats.size // 5 + 1) < 0.65, 5)[: beats.size])
    return buzz(phase(pitch), rng.uniform(1, 3), 0.2) * smoothed(speaks, 0.004)


def robot(rng: np.random.Generator, n: int) -> Samples:
    """Return a robot: servos that whir and a voice of bleeps over them."""
    return rng.uniform(0.35, 0.6) * servo(rng, n) + rng.uniform(0.5, 0.8) * bleeps(rng, n) * wander(
        rng, n, 0.5, 0.6, 1
    )
