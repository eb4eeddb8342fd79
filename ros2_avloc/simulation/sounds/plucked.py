"""Strings: Karplus-Strong for plucked ones, inharmonic partials for struck ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.sounds.modal import added, click, damped_sines
from ros2_avloc.simulation.sounds.shaping import (
    Samples,
    level,
    onsets,
    place,
    resonate,
    samples_in,
    scale,
    smoothed,
    walk,
)

Score = list[tuple[int, float, float]]
"""Start in samples, frequency in Hz and loudness of each note."""


def pluck(rng: np.random.Generator, frequency: float, n: int, t60: float, softness: float) -> Samples:
    """Return one plucked string by Karplus and Strong (Computer Music Journal 7(2), 1983).

    The loop is a delay and the mean of two samples; one period is computed at a time.

    Parameters
    ----------
    t60
        Decay of the fundamental in seconds; high partials fade sooner.
    softness
        Time constant in seconds of the low-pass on the pluck: a thumb is softer than a plectrum.
    """
    period = max(2, round(SAMPLE_RATE / frequency - 0.5))
    burst = smoothed(rng.uniform(-1, 1, period + 1), softness)
    burst -= 0.9 * np.roll(burst, round(period * rng.uniform(0.1, 0.3)))
    string = np.zeros(n + period + 1)
    string[: period + 1] = burst - burst.mean()
    gain = 0.5 * 10 ** (-3 / (t60 * frequency))
    for start in range(period + 1, string.size, period):
        stop = min(start + period, string.size)
        before = string[start - period - 1 : stop - period]
        string[start:stop] = gain * (before[1:] + before[:-1])
    return level(string[:n])


def damped(note: Samples, seconds: float = 0.03) -> Samples:
    """Return the note with its end faded out, as a finger or felt stops it."""
    tail = min(note.size, samples_in(seconds))
    note[note.size - tail :] *= np.linspace(1, 0, tail)
    return note


def perform(n: int, score: Score, string: Callable[[float], Samples]) -> Samples:
    """Return the score as ``string`` sounds it; each pitch is made once."""
    out = np.zeros(n)
    for pitch in sorted({frequency for _, frequency, _ in score}):
        notes = [(start, loud) for start, frequency, loud in score if frequency == pitch and start < n]
        out += place(n, [start for start, _ in notes], string(pitch), [loud for _, loud in notes])
    return out


def strum(rng: np.random.Generator, n: int, notes: Samples) -> Score:
    """Return chords: four to six strings a few milliseconds apart."""
    score: Score = []
    spread = samples_in(rng.uniform(0.008, 0.03))
    for beat in onsets(rng, n, rng.uniform(0.3, 0.6)):
        root = int(rng.integers(0, max(1, notes.size // 3)))
        strings = notes[root : root + 11 : 2][: rng.integers(4, 7)]
        score += [(int(beat) + k * spread, float(f), rng.uniform(0.5, 1.0)) for k, f in enumerate(strings)]
    return score


def arpeggio(rng: np.random.Generator, n: int, notes: Samples) -> Score:
    """Return single notes, one after another."""
    beats = onsets(rng, n, rng.uniform(0.12, 0.28))
    tune = walk(rng, beats.size, notes.size, leap=4)
    return [(int(b), float(notes[k]), rng.uniform(0.6, 1.0)) for b, k in zip(beats, tune, strict=True)]


def guitar(rng: np.random.Generator, n: int) -> Samples:
    """Return a guitar that strums chords or picks arpeggios, through the resonances of its body."""
    notes = scale(rng, 40, 67)
    score = strum(rng, n, notes) if rng.random() < 0.4 else arpeggio(rng, n, notes)
    softness = rng.uniform(0.00003, 0.00015)
    t60 = rng.uniform(2, 5)
    length = samples_in(1.2)
    out = perform(n, score, lambda frequency: damped(pluck(rng, frequency, length, t60, softness)))
    body = resonate(out, rng.uniform(95, 120), 30) + resonate(out, rng.uniform(190, 240), 50)
    return out + 0.8 * body


def piano_string(rng: np.random.Generator, frequency: float, n: int, inharmonicity: float) -> Samples:
    """Return one piano note: stretched partials ``k f sqrt(1 + B k²)`` of two strings that beat."""
    k = np.arange(1, min(24, int(9000 / frequency)) + 1)
    partials = frequency * k * np.sqrt(1 + inharmonicity * k**2)
    loud = k ** -rng.uniform(1.1, 1.5) * np.abs(np.sin(np.pi * k / 8.0)).clip(0.15)
    t60 = 5.0 * (440 / frequency) ** 0.5 / (1 + 0.25 * k)
    both = np.concatenate((partials, partials * 1.0007))
    note = damped_sines(both, np.tile(t60, 2), np.concatenate((loud, 0.7 * loud)), n)
    return damped(added(level(note), click(rng, 0.01, 100, 1200), 0.12), 0.08)


def two_hands(rng: np.random.Generator, n: int, notes: Samples) -> Score:
    """Return a tune in the right hand, and with each fourth note a third in the left."""
    beats = onsets(rng, n, rng.uniform(0.16, 0.34))
    middle = notes.size // 2
    tune = middle + walk(rng, beats.size, notes.size - middle, leap=2)
    score = [(int(b), float(notes[k]), rng.uniform(0.5, 1.0)) for b, k in zip(beats, tune, strict=True)]
    for beat in beats[::4]:
        low = int(rng.integers(0, middle - 2))
        score += [(int(beat), float(notes[k]), rng.uniform(0.5, 1.0)) for k in (low, low + 2)]
    return score


def piano(rng: np.random.Generator, n: int) -> Samples:
    """Return a piano that plays a tune with both hands."""
    score = two_hands(rng, n, scale(rng, 48, 88))
    stiffness = rng.uniform(0.0002, 0.0006)
    length = samples_in(1.0)
    return perform(n, score, lambda frequency: piano_string(rng, frequency, length, stiffness))
