"""The sound of the last seconds: what is heard once stands in it once, and moves to the past."""

from __future__ import annotations

import numpy as np
import pytest

from ros2_avloc.audio.sound import HOP, SOUND_SAMPLES, Sound
from ros2_avloc.overlay.sound_history import SECONDS, SoundHistory

RATE = 48_000
COLUMNS = round(SECONDS * RATE / HOP)


def stream(seconds: float) -> np.ndarray:
    """Noise in bursts of a fifth of a second, so that no two tenths are alike."""
    noise = np.random.default_rng(8).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    loudness = np.random.default_rng(9).uniform(0, 1, len(noise) // 9600 + 1)
    return noise * np.repeat(loudness, 9600)[:len(noise)]


def second(samples: np.ndarray, end: int, epoch: int = 0) -> Sound:
    return Sound(np.ascontiguousarray(samples[end - SOUND_SAMPLES:end], np.float32), end, epoch)


def test_overlapping_windows_leave_the_same_as_the_last_seconds_at_once() -> None:
    samples, history = stream(8), SoundHistory()
    strip = None
    for end in range(SOUND_SAMPLES, 8 * RATE, 7 * HOP):
        strip = history.hear(second(samples, end))
    assert strip is not None
    last = samples[end - COLUMNS * HOP:end]
    power = np.square(last).reshape(COLUMNS, HOP).mean(axis=1)
    np.testing.assert_allclose(strip.levels, np.clip(10 * np.log10(power + 1e-12) / 60 + 1, 0, 1), atol=1e-5)
    assert strip.bands.shape[1] == COLUMNS and np.ptp(strip.bands) > 0.1


def test_what_was_not_heard_is_dark_and_another_timeline_begins_anew() -> None:
    samples, history = stream(8), SoundHistory()
    history.hear(second(samples, 2 * RATE))
    strip = history.hear(second(samples, 5 * RATE))
    heard = strip.levels > 0
    assert heard[-200:].mean() > 0.9 and not heard[-600:-200].any() and heard[-800:-600].mean() > 0.9
    for later in (second(samples, 6 * RATE, epoch=1), second(samples, 3 * RATE, epoch=1)):
        assert not history.hear(later).levels[:-200].any()


def test_levels_are_decibels_of_full_scale() -> None:
    loud = Sound(np.full(SOUND_SAMPLES, 0.1, np.float32), RATE * 2, 0)
    strip = SoundHistory().hear(loud)
    assert strip.level == pytest.approx(-20, abs=0.01)
    assert strip.levels[-1] == pytest.approx(40 / 60, abs=1e-3)
