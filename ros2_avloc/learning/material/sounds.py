"""What scenes sound like: a second of a recording, through another room, microphone and level."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE, SOUND_SAMPLES
from ros2_avloc.learning.material.banks import Recording

RESAMPLED, RATES, PASSED = 0.4, (6_000, 36_000), 0.46
"""Share of sounds that are resampled; between which rates in Hz, and what of a rate resamplers let pass."""

Samples = NDArray[np.float32]
Rng = np.random.Generator

_FREQUENCIES = scipy.fft.rfftfreq(SOUND_SAMPLES, 1 / SAMPLE_RATE)
_SLOPES = {'white': 0.0, 'pink': -0.5, 'brown': -1.0}


def second_of(recording: Recording, rng: Rng) -> Samples:
    """Return one of the seconds that hold sound, float32 ``(48240,)``, shifted by up to 0.1 s."""
    start = int(rng.choice(recording.starts)) + int(rng.integers(-4_800, 4_801))
    start = int(np.clip(start, 0, max(0, len(recording.samples) - SOUND_SAMPLES)))
    cut = recording.samples[start:start + SOUND_SAMPLES].astype(np.float32) / 32_768
    return np.pad(cut, (0, SOUND_SAMPLES - len(cut)))


def vary(samples: Samples, rng: Rng) -> Samples:
    """Return `samples` band-limited, reverberated, louder or softer, with noise behind them.

    Source rate and bandwidth differ by category in most collections, so both are drawn at random.
    """
    spectrum = scipy.fft.rfft(samples)
    if rng.random() < 0.5:
        spectrum *= _low_pass(np.exp(rng.uniform(np.log(2_500), np.log(20_000))))
    if rng.random() < 0.5:
        spectrum *= _room(rng)
    wet: Samples = scipy.fft.irfft(spectrum, SOUND_SAMPLES).astype(np.float32)
    level = 10 ** (rng.uniform(-38, -8) / 20)
    wet *= level / max(rms(wet), 1e-5)
    if rng.random() < 0.15:
        wet *= _partly(rng)
    if rng.random() < 0.6:
        wet += noise(rng, level * 10 ** (-rng.uniform(5, 45) / 20))
    return np.clip(wet, -1, 1)


def resampled(samples: Samples, rng: Rng) -> Samples:
    """Return `samples`, a share of them without all that a lower sample rate does not hold.

    Many microphones of robots give 16 kHz, and what was resampled ends abruptly, as no other filter does.
    What is measured is not resampled: figures of the same scenes stay comparable.
    """
    if rng.random() >= RESAMPLED:
        return samples
    rate = np.exp(rng.uniform(*np.log(RATES)))
    spectrum = scipy.fft.rfft(samples)
    spectrum[PASSED * rate < _FREQUENCIES] = 0
    return np.asarray(scipy.fft.irfft(spectrum, SOUND_SAMPLES), np.float32)


def levelled(samples: Samples, rng: Rng) -> Samples:
    """Return `samples` louder or softer, and else as they are."""
    level = 10 ** (rng.uniform(-38, -8) / 20)
    return np.clip(samples * np.float32(level / max(rms(samples), 1e-5)), -1, 1)


def mix(samples: list[Samples], rng: Rng) -> Samples:
    """Return the sum of sounds at levels that differ by up to 6 dB."""
    levels = [10 ** (rng.uniform(-3, 3) / 20) / max(rms(one), 1e-5) for one in samples]
    total = np.sum([one * level for one, level in zip(samples, levels, strict=True)], axis=0)
    return np.asarray(0.1 * total, np.float32)


def rms(samples: Samples) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(samples))))


def noise(rng: Rng, level: float) -> Samples:
    """White, pink or brown noise of the given RMS, float32 ``(48240,)``."""
    slope = _SLOPES[str(rng.choice(list(_SLOPES)))]
    white = rng.standard_normal(SOUND_SAMPLES, dtype=np.float32)
    if slope:
        spectrum = scipy.fft.rfft(white) * np.maximum(_FREQUENCIES, 20.0) ** slope
        white = scipy.fft.irfft(spectrum, SOUND_SAMPLES).astype(np.float32)
    return white * np.float32(level / rms(white))


def hum(rng: Rng, level: float) -> Samples:
    """Mains hum with its harmonics, float32 ``(48240,)``."""
    base = rng.choice([50.0, 60.0]) * rng.uniform(0.995, 1.005)
    time = np.arange(SOUND_SAMPLES) / SAMPLE_RATE
    partials = [np.sin(2 * np.pi * (base * order * time + rng.random())) * rng.random() / order
                for order in range(1, int(rng.integers(3, 9)))]
    total = np.sum(partials, axis=0).astype(np.float32)
    return np.asarray(total * (level / rms(total)), np.float32)


def silence(rng: Rng) -> Samples:
    """Nothing at all, or the faint noise of a microphone, float32 ``(48240,)``."""
    return noise(rng, 10 ** (rng.uniform(-100, -65) / 20)) * np.float32(rng.random() < 0.7)


def _partly(rng: Rng) -> Samples:
    """Factor that lets a sound begin, or end, within the second; at least 0.3 s of it remain."""
    time = np.linspace(0, 1, SOUND_SAMPLES, dtype=np.float32)
    begins = np.clip((time - rng.uniform(0.05, 0.7)) / 0.01, 0, 1)
    return begins if rng.random() < 0.5 else begins[::-1]


def _low_pass(cutoff: float) -> Samples:
    """Response of a fourth-order slope above `cutoff` Hz."""
    return (1 / (1 + (_FREQUENCIES / cutoff) ** 8)).astype(np.float32)


def _room(rng: Rng) -> NDArray[np.complexfloating]:
    """Response of a room: the direct sound, and noise that decays by 60 dB in 0.15 to 0.8 s."""
    time = np.arange(SOUND_SAMPLES, dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(SOUND_SAMPLES, dtype=np.float32) * np.exp(-6.9 * time / rng.uniform(0.15, 0.8))
    tail *= np.exp(rng.uniform(np.log(0.1), np.log(4.0))) / np.sqrt(np.square(tail).sum())
    tail[0] = 1
    return np.asarray(scipy.fft.rfft(tail))
