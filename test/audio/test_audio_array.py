"""Directions from delays, with plane waves whose direction is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.array import SPEED_OF_SOUND, Array
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError

TETRAHEDRON = 0.04 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, -1, 1], [-1, 1, -1]])
SQUARE = 0.05 * np.array([[1.0, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0]])
PAIR = np.array([[0, 0.08, 0], [0, -0.08, 0]])
COUNT = 12_288
SPHERE = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda xyz: np.linalg.norm(xyz) > 0.1)


def unit(*xyz: float) -> NDArray[np.float64]:
    return np.array(xyz, np.float64) / np.linalg.norm(xyz)


def wave(microphones: NDArray[np.float64], direction: NDArray[np.float64], *, highest: float = 20_000.0,
         noise: float = 1e-4, seed: int = 0) -> NDArray[np.float32]:
    """White noise from far away, exactly delayed; and noise that each microphone has of its own."""
    rng = np.random.default_rng(seed)
    frequencies = np.fft.rfftfreq(COUNT, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(0.1 * rng.standard_normal(COUNT)) * (frequencies < highest)
    early = microphones @ direction / SPEED_OF_SOUND
    channels = np.fft.irfft(spectrum * np.exp(2j * np.pi * np.outer(early, frequencies)), COUNT).T
    return (channels + noise * rng.standard_normal(channels.shape)).astype(np.float32)


def degrees_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


@settings(max_examples=25, deadline=None)
@given(SPHERE)
def test_the_best_direction_is_the_true_one(xyz: tuple[float, float, float]) -> None:
    array, truth = Array(TETRAHEDRON), unit(*xyz)
    power = array.listen(wave(TETRAHEDRON, truth))
    assert power is not None
    assert degrees_between(array.grid[power.on_grid.argmax()], truth) < 3.0
    assert power.towards(truth[None])[0] > 0.97
    assert power.towards(-truth[None])[0] < 0.6  # along a height of the tetrahedron, three of six pairs fit
    assert power.contrast > 0.9


@settings(max_examples=10, deadline=None)
@given(SPHERE, st.tuples(*[st.floats(-1, 1)] * 3))
def test_where_the_array_is_does_not_matter(xyz: tuple[float, float, float],
                                            place: tuple[float, ...]) -> None:
    truth = unit(*xyz)
    heard = wave(TETRAHEDRON, truth)
    power = Array(TETRAHEDRON + place).listen(heard)
    assert power is not None
    np.testing.assert_allclose(power.on_grid, Array(TETRAHEDRON).listen(heard).on_grid, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(SPHERE)
def test_a_flat_array_hears_mirror_images_alike(xyz: tuple[float, float, float]) -> None:
    array, truth = Array(SQUARE), unit(*xyz)
    own, image = array.alike(truth[None])[:, 0]
    np.testing.assert_allclose(own, truth)
    np.testing.assert_allclose(image, truth * (1, 1, -1), atol=1e-12)
    power = array.listen(wave(SQUARE, truth))
    assert power is not None
    assert power.towards(own[None])[0] == pytest.approx(power.towards(image[None])[0], abs=1e-9)
    assert 'mirror image' in array.kind


@settings(max_examples=15, deadline=None)
@given(SPHERE)
def test_two_microphones_hear_a_cone(xyz: tuple[float, float, float]) -> None:
    array, truth = Array(PAIR), unit(*xyz)
    cone = array.alike(truth[None])[:, 0]
    np.testing.assert_allclose(cone @ (0, 1, 0), truth[1], atol=1e-9)
    power = array.listen(wave(PAIR, truth))
    assert power is not None
    np.testing.assert_allclose(power.towards(cone), power.towards(truth[None])[0], atol=1e-9)
    assert power.towards(truth[None])[0] > 0.9


def test_left_is_left() -> None:
    """The microphone on the left hears first what comes from the left."""
    heard = np.zeros((COUNT, 2), np.float32)
    noise = np.random.default_rng(1).standard_normal(COUNT).astype(np.float32)
    late = round(0.1 / SPEED_OF_SOUND * SAMPLE_RATE)
    heard[:, 0], heard[late:, 1] = noise, noise[:-late]
    array = Array([[0, 0.05, 0], [0, -0.05, 0]])
    power = array.listen(heard)
    assert power is not None
    assert degrees_between(array.grid[power.on_grid.argmax()], unit(0, 1, 0)) < 10


@pytest.mark.parametrize('highest', [3_500.0, 7_200.0])
def test_microphones_of_less_bandwidth_hear_the_same(highest: float) -> None:
    array, truth = Array(TETRAHEDRON), unit(-1, 0.4, 0.2)
    power = array.listen(wave(TETRAHEDRON, truth, highest=highest, noise=1e-5))
    assert power is not None
    assert degrees_between(array.grid[power.on_grid.argmax()], truth) < 4


def test_a_wide_array_is_not_ambiguous() -> None:
    """A third of a metre is 8 wavelengths at 8 kHz: each frequency fits many directions, all together one."""
    wide, truth = 3 * TETRAHEDRON, unit(0.3, -1, 0.1)
    array = Array(wide)
    power = array.listen(wave(wide, truth))
    assert power is not None
    assert degrees_between(array.grid[power.on_grid.argmax()], truth) < 3
    far = array.grid @ truth < np.cos(np.radians(10))
    assert power.on_grid[far].max() < 0.6


def test_two_sources_are_two_peaks() -> None:
    one, other = unit(1, 0.2, 0), unit(-0.3, -1, 0.2)
    power = Array(TETRAHEDRON).listen(wave(TETRAHEDRON, one) + wave(TETRAHEDRON, other, seed=1))
    assert power is not None
    assert power.towards(np.stack([one, other])).min() > 0.7


def test_silence_says_nothing_and_noise_has_no_direction() -> None:
    array = Array(TETRAHEDRON)
    assert array.listen(np.zeros((COUNT, 4), np.float32)) is None
    own_noise = np.random.default_rng(0).normal(0, 0.01, (COUNT, 4)).astype(np.float32)
    power = array.listen(own_noise)
    assert power is not None and power.contrast < 0.05


@pytest.mark.parametrize(('numbers', 'sentence'), [
    ([0.0, 0.0], 'holds 2 numbers; give x, y and z of each microphone'),
    ([0.0, 0.0, 0.0], 'must place two or more microphones'),
    ([0.0, 0.0, 0.0, 0.1, float('nan'), 0.0], 'three finite numbers'),
    ([0.0, 0.0, 0.0, 0.0, 0.001, 0.0], 'the microphones 0 and 1 0.001 m apart'),
    ([0.0, 0.0, 0.0, 50.0, 0.0, 0.0], r'50 m apart, which must be 0.005 to 5 m'),
])
def test_what_is_no_array_is_refused_in_a_sentence(numbers: list[float], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Array.from_flat(numbers)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-0.2, 0.2)] * 3), min_size=2, max_size=6), SPHERE)
def test_any_array_hears_what_is_alike_alike(places: list[tuple[float, ...]],
                                             xyz: tuple[float, float, float]) -> None:
    try:
        array = Array(places)
    except InputError:
        assume(False)
    alike = array.alike(unit(*xyz)[None])[:, 0]
    np.testing.assert_allclose(np.linalg.norm(alike, axis=1), 1)
    delays = (array.positions - array.centre) @ (alike - alike[0]).T / SPEED_OF_SOUND
    extent = np.linalg.norm(array.positions - array.centre, axis=1).max()
    assert np.abs(delays).max() <= 2 * 0.06 * 2 * extent / SPEED_OF_SOUND


def test_a_room_of_pyroomacoustics_and_its_own_estimate() -> None:
    """In 0.3 s of reverberation, rendered by a library that others keep; its SRP-PHAT hears the same."""
    pra = pytest.importorskip('pyroomacoustics')
    rng, size, middle = np.random.default_rng(4), (6.0, 5.0, 2.8), np.array([2.6, 2.3, 1.2])
    absorption, order = pra.inverse_sabine(0.3, size)
    room = pra.ShoeBox(size, fs=SAMPLE_RATE, materials=pra.Material(absorption), max_order=order)
    truth = unit(1, 0.9, 0.15)
    room.add_source(middle + 1.8 * truth, signal=rng.standard_normal(24_000))
    room.add_microphone_array((middle + TETRAHEDRON).T)
    room.simulate()
    heard = room.mic_array.signals[:, 4_000:24_000]
    array = Array(TETRAHEDRON)
    power = array.listen((0.1 * heard / heard.std()).T.astype(np.float32))
    assert power is not None
    ours = array.grid[power.on_grid.argmax()]
    doa = pra.doa.SRP((middle + TETRAHEDRON).T, SAMPLE_RATE, 1024, c=SPEED_OF_SOUND, dim=3, n_grid=3000)
    frames = pra.transform.stft.analysis(heard.T, 1024, 512).transpose(2, 1, 0)
    doa.locate_sources(frames, freq_range=[300.0, 8000.0])
    azimuth, colatitude = float(doa.azimuth_recon[0]), float(doa.colatitude_recon[0])
    theirs = np.array([np.sin(colatitude) * np.cos(azimuth), np.sin(colatitude) * np.sin(azimuth),
                       np.cos(colatitude)])
    assert degrees_between(ours, truth) < 4
    assert degrees_between(ours, theirs) < 6
