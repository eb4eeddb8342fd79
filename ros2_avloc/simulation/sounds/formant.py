"""Voices: a source of pulses through the formants of a throat."""

from __future__ import annotations

import numpy as np

from ros2_avloc.simulation.sounds.shaping import (
    Samples,
    band,
    held,
    hump,
    level,
    log_uniform,
    mixed,
    onsets,
    phase,
    place,
    resonate,
    samples_in,
    smoothed,
)

VOWELS = np.array(
    [
        [730.0, 1090.0, 2440.0],
        [530.0, 1840.0, 2480.0],
        [270.0, 2290.0, 3010.0],
        [570.0, 840.0, 2410.0],
        [300.0, 870.0, 2240.0],
    ]
)
"""Formants in Hz of a, e, i, o, u of men (Peterson and Barney, J. Acoust. Soc. Am. 24(2), 1952)."""


def glottis(rng: np.random.Generator, pitch: Samples, breath: float) -> Samples:
    """Return the source of a voice: a falling saw per cycle, softened, with breath."""
    saw = 1 - 2 * (phase(pitch) % 1.0)
    return smoothed(saw, 0.00015) + breath * rng.standard_normal(pitch.size)


def throat(source: Samples, formants: Samples) -> Samples:
    """Return the source through one vowel: formants in parallel, the higher the softer."""
    gains = (1.0, 0.5, 0.3)
    parts = [g * resonate(source, f, 50 + 0.05 * f) for g, f in zip(gains, formants, strict=True)]
    return mixed(parts)


def speech(rng: np.random.Generator, n: int) -> Samples:
    """Return talk that means nothing: vowels in the rhythm of syllables, consonants between."""
    beats = onsets(rng, n, rng.uniform(0.15, 0.24), jitter=0.35)
    centre = log_uniform(rng, 95, 240)
    stress = rng.uniform(0.85, 1.25, beats.size)
    pitch = centre * smoothed(held(n, beats, stress), 0.06)
    since = np.arange(n) - held(n, beats, beats)
    consonant = np.exp(-since / samples_in(0.03))
    source = glottis(rng, pitch, breath=0.05)
    vowel = rng.integers(0, len(VOWELS), beats.size)
    length = rng.uniform(0.9, 1.2)
    voiced = np.zeros(n)
    for k, formants in enumerate(VOWELS):
        voiced += smoothed(held(n, beats, vowel == k), 0.02) * throat(source, length * formants)
    fricative = band(rng.standard_normal(n), 2500, 9000) * held(n, beats, rng.uniform(0, 1, beats.size) ** 2)
    loud = held(n, beats, np.where(rng.random(beats.size) < 0.12, 0.1, stress))
    return smoothed(loud, 0.01) * ((1 - 0.9 * consonant) * level(voiced) + 0.15 * consonant * fricative)


def loudspeaker(rng: np.random.Generator, n: int) -> Samples:
    """Return an announcement through a loudspeaker: speech in a narrow band, slightly overdriven."""
    narrow = level(band(speech(rng, n), rng.uniform(250, 450), rng.uniform(3200, 5000)))
    driven: Samples = np.tanh(rng.uniform(1.5, 4.0) * narrow)
    return driven


def bark(rng: np.random.Generator, low: float) -> Samples:
    """Return one bark: a pitch that jumps up and falls, rough, through a short snout."""
    n = samples_in(rng.uniform(0.12, 0.22))
    arch = np.sin(np.pi * np.linspace(0, 1, n) ** 0.6)
    pitch = (
        low * (1 + rng.uniform(0.7, 1.3) * arch) * (1 + 0.08 * smoothed(rng.standard_normal(n), 0.002) * 10)
    )
    source = glottis(rng, np.abs(pitch), breath=rng.uniform(0.2, 0.5))
    size = (low / 250) ** 0.5
    snout = np.array([rng.uniform(550, 750), rng.uniform(1100, 1500), rng.uniform(2300, 2900)]) * size
    rough: Samples = np.tanh(3 * level(throat(source, snout)))
    return rough * hump(n, 0.7)


def dog(rng: np.random.Generator, n: int) -> Samples:
    """Return a dog that barks, again and again, from large to small."""
    low = log_uniform(rng, 150, 420)
    voices = [bark(rng, low) for _ in range(4)]
    barks = onsets(rng, n, rng.uniform(0.24, 0.4), jitter=0.15)
    which = rng.integers(0, len(voices), barks.size)
    loud = rng.uniform(0.6, 1.0, barks.size)
    parts = [place(n, barks[which == k], voice, loud[which == k]) for k, voice in enumerate(voices)]
    return mixed(parts)


def crowd(rng: np.random.Generator, n: int) -> Samples:
    """Return the babble of many: two voices, each over itself at other times and pitches."""
    out = np.zeros(n)
    for _ in range(2):
        voice = speech(rng, n + n // 4)
        for _ in range(4):
            speed = rng.uniform(0.85, 1.2)
            start = rng.integers(0, n)
            at = (start + speed * np.arange(n)) % (voice.size - 1)
            out += rng.uniform(0.4, 1.0) * np.interp(at, np.arange(voice.size), voice)
    return band(out, 150, 5000)
