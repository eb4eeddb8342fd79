from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.sounds import NEGATIVES, negative, synthesise
from ros2_avloc.simulation.sounds.modal import damped_sines
from ros2_avloc.simulation.sounds.plucked import pluck
from ros2_avloc.simulation.sounds.shaping import hertz, onsets, resonate, samples_in, walk

EDGES = np.geomspace(60, 16000, 29)


def longest_gap(samples: NDArray[np.float32]) -> float:
    """Seconds of the longest stretch that stays 40 dB below the loudest 10 ms."""
    blocks = samples[: samples.size // 480 * 480].reshape(-1, 480).astype(np.float64)
    energy = np.sum(blocks**2, axis=1)
    heard = np.flatnonzero(energy > 1e-4 * energy.max())
    edges = np.concatenate(([-1], heard, [energy.size]))
    return float(np.diff(edges).max() - 1) * 0.01


def statistics(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean, spread and movement of the level in 28 bands."""
    frequencies, _, power = signal.spectrogram(samples, SAMPLE_RATE, nperseg=1024, noverlap=512)
    numbers = np.digitize(frequencies, EDGES)
    bands = np.stack([power[numbers == k].sum(axis=0) for k in range(1, EDGES.size)])
    levels = 10 * np.log10(bands / power.sum(axis=0).mean() + 1e-5)
    return np.concatenate((levels.mean(1), levels.std(1), np.abs(np.diff(levels, axis=1)).mean(1)))


@pytest.mark.parametrize('kind', KINDS)
def test_kind_is_deterministic_varied_and_in_range(kind: str) -> None:
    sounds = [synthesise(kind, np.random.default_rng(seed), 1.5) for seed in (1, 1, 2)]
    assert sounds[0].dtype == np.float32
    assert sounds[0].shape == (72_000,)
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])
    for sound in sounds:
        assert np.isfinite(sound).all()
        assert 0.5 <= np.abs(sound).max() < 1.0


@pytest.mark.parametrize('kind', KINDS)
def test_kind_sounds_without_long_gaps(kind: str) -> None:
    for seed in range(3):
        sound = synthesise(kind, np.random.default_rng(seed), 4.0)
        assert longest_gap(sound) <= 0.36
        seconds = sound.reshape(4, -1)
        loudness = 10 * np.log10(np.mean(seconds.astype(np.float64) ** 2, axis=1))
        assert loudness.min() > -40
        assert np.ptp(loudness) < 12


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('seconds', [0.00003, 0.01, 0.21])
def test_kind_can_be_short(kind: str, seconds: float) -> None:
    sound = synthesise(kind, np.random.default_rng(3), seconds)
    assert sound.shape == (round(seconds * SAMPLE_RATE),)
    assert np.isfinite(sound).all()


def test_kinds_can_be_told_apart_by_their_spectra() -> None:
    def examples(seeds: range) -> NDArray[np.float64]:
        return np.array(
            [[statistics(synthesise(kind, np.random.default_rng(s), 1.5)) for s in seeds] for kind in KINDS]
        )

    known, held_out = examples(range(12)), examples(range(100, 106))
    centroids = known.mean(axis=1)
    spread = (known - centroids[:, None]).std(axis=(0, 1)) + 0.3
    distances = np.sum(((held_out[:, :, None] - centroids) / spread) ** 2, axis=-1)
    right = distances.argmin(axis=-1) == np.arange(len(KINDS))[:, None]
    assert right.mean() > 0.9
    assert right.mean(axis=1).min() >= 0.5


@pytest.mark.parametrize('name', NEGATIVES)
def test_negative_is_deterministic_and_in_range(name: str) -> None:
    sounds = [negative(name, np.random.default_rng(seed), 2.0) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])
    for sound in sounds:
        assert sound.shape == (96_000,)
        assert np.isfinite(sound).all()
        low, high = (1e-4, 2e-3) if name == 'silence' else (0.5, 1.0)
        assert low <= np.abs(sound).max() < high


@pytest.mark.parametrize(('name', 'slope'), [('white_noise', 0), ('pink_noise', -10), ('brown_noise', -20)])
def test_noise_has_its_colour(name: str, slope: float) -> None:
    sound = negative(name, np.random.default_rng(0), 8.0)
    frequencies, power = signal.welch(sound, SAMPLE_RATE, nperseg=4096)
    inside = (frequencies > 100) & (frequencies < 10_000)
    fitted = np.polyfit(np.log10(frequencies[inside]), 10 * np.log10(power[inside]), 1)[0]
    assert fitted == pytest.approx(slope, abs=1.5)


def test_unknown_name_is_named() -> None:
    with pytest.raises(InputError, match="no kind of object named 'zither'; choose one of bell"):
        synthesise('zither', np.random.default_rng(0), 1.0)
    with pytest.raises(InputError, match="no negative sound named 'bell'"):
        negative('bell', np.random.default_rng(0), 1.0)


@pytest.mark.parametrize('seconds', [0.0, -1.0, float('nan'), 1e-6])
def test_length_must_be_positive(seconds: float) -> None:
    with pytest.raises(InputError, match='positive length'):
        synthesise('bell', np.random.default_rng(0), seconds)


def test_damped_sines_are_damped_sines() -> None:
    time = np.arange(3000) / SAMPLE_RATE
    expected = np.zeros(3000)
    modes = [(440.0, 0.5, 1.0), (1234.5, 0.1, 0.3)]
    for frequency, t60, amplitude in modes:
        expected += amplitude * 1000 ** (-time / t60) * np.sin(2 * np.pi * frequency * time)
    np.testing.assert_allclose(damped_sines(*zip(*modes, strict=True), n=3000), expected, atol=1e-9)


@pytest.mark.parametrize('frequency', [82.4, 196.0, 440.0])
def test_plucked_string_has_its_pitch_and_decay(frequency: float) -> None:
    sound = pluck(np.random.default_rng(0), frequency, 2 * SAMPLE_RATE, t60=1.0, softness=0.0001)
    spectrum = np.abs(np.fft.rfft(sound[:SAMPLE_RATE] * np.hanning(SAMPLE_RATE)))
    near = np.arange(int(frequency * 0.8), int(frequency * 1.2))
    assert near[spectrum[near].argmax()] == pytest.approx(frequency, rel=0.012)
    first, later = np.sum(sound[:4800] ** 2), np.sum(sound[SAMPLE_RATE : SAMPLE_RATE + 4800] ** 2)
    assert 10 * np.log10(later / first) < -55


def test_resonance_has_gain_one_at_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 700 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert np.abs(resonate(tone, 700, 80)[-4800:]).max() == pytest.approx(1.0, abs=0.02)
    assert np.abs(resonate(tone, 2800, 80)[-4800:]).max() < 0.1


def test_rhythm_keeps_its_gap() -> None:
    strikes = onsets(np.random.default_rng(0), samples_in(60.0), 0.25, jitter=0.1)
    assert strikes[0] == 0
    assert strikes[-1] < samples_in(60.0)
    gaps = np.diff(strikes) / SAMPLE_RATE
    assert gaps.min() >= 0.2249
    assert gaps.max() <= 0.2751
    assert strikes.size == pytest.approx(240, abs=5)


def test_walk_stays_inside_and_moves_by_small_steps() -> None:
    path = walk(np.random.default_rng(0), 1000, 5, leap=2)
    assert path.min() == 0
    assert path.max() == 4
    assert np.abs(np.diff(path)).max() <= 2


def test_hertz_follows_the_midi_scale() -> None:
    np.testing.assert_allclose(hertz([57, 69, 81]), [220, 440, 880])
