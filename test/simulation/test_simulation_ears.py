"""An array in a room: delays, reverberation, and a stream without seams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ros2_avloc.audio.array import SPEED_OF_SOUND, Array
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.ears import STEP, Ears
from ros2_avloc.simulation.microphone import Source
from ros2_avloc.simulation.scene import OPTICAL_TO_LINK, Scene, Setup
from ros2_avloc.simulation.shoebox import Shoebox, from_all_around

SIZE = np.array([6.0, 5.0, 2.8])
PLACE = np.array([4.0, 3.2, 1.3])
MICROPHONES = np.array([[2.0, 2.0, 1.2], [2.1, 2.0, 1.2]])
TETRAHEDRON = 0.04 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, -1, 1], [-1, 1, -1]])


def shoebox(rt60: float = 0.3) -> Shoebox:
    return Shoebox(np.zeros(3), SIZE, rt60)


def test_the_direct_sound_comes_first_when_and_as_loud_as_its_distance_says() -> None:
    room = shoebox()
    for response, microphone in zip(room.images(PLACE).response(MICROPHONES, room.length), MICROPHONES,
                                    strict=True):
        distance = float(np.linalg.norm(PLACE - microphone))
        late = distance / SPEED_OF_SOUND * SAMPLE_RATE
        first = int(np.flatnonzero(response)[0])
        assert first == int(late)
        assert response[first:first + 2].sum() == pytest.approx(1 / distance, rel=1e-4)
        assert response[first + 1] * distance == pytest.approx(late - first, abs=1e-3)


@pytest.mark.parametrize('rt60', [0.2, 0.3, 0.5])
def test_the_room_reverberates_at_least_as_long_as_it_says(rt60: float) -> None:
    room = shoebox(rt60)
    response = room.images(PLACE).response(MICROPHONES[:1], room.length)[0].astype(np.float64)
    backward = np.cumsum(response[::-1] ** 2)[::-1]
    decay = 10 * np.log10(backward / backward[0])
    early, late = np.argmax(decay < -5), np.argmax(decay < -25)
    assert 0.95 * rt60 < 3 * (late - early) / SAMPLE_RATE < 1.5 * rt60


def test_reflections_are_those_of_pyroomacoustics() -> None:
    pra = pytest.importorskip('pyroomacoustics')
    absorption, _ = pra.inverse_sabine(0.3, SIZE, c=SPEED_OF_SOUND)
    room = pra.ShoeBox(SIZE, fs=SAMPLE_RATE, materials=pra.Material(absorption), max_order=2)
    room.add_source(PLACE)
    room.add_microphone(MICROPHONES[0])
    room.image_source_model()
    theirs, damping = room.sources[0].images.T, room.sources[0].damping[0]
    ours = shoebox().images(PLACE)
    for place, gain in zip(theirs, damping, strict=True):
        nearest = int(np.linalg.norm(ours.positions - place, axis=1).argmin())
        np.testing.assert_allclose(ours.positions[nearest], place, atol=1e-6)
        assert ours.gains[nearest] == pytest.approx(gain, rel=1e-4)


def test_a_room_that_cannot_be_so_dry_is_refused() -> None:
    with pytest.raises(InputError, match='84 m³ cannot reverberate for 0.05 s; let rt60 be at least 0.11 s'):
        shoebox(0.05)


def ears(name: str = 'drum') -> Ears:
    rng = np.random.default_rng(0)
    sound = (0.3 * rng.standard_normal(30_000)).astype(np.float32)
    room, around = Shoebox(np.zeros(3), SIZE, 0.2), from_all_around(rng, MICROPHONES[0])
    source = Source(9_000, sound, np.zeros(0, np.float32), lambda t: 2.0, name)
    return Ears(rng, room, lambda name: room.images(PLACE) if name == 'drum' else around,
                lambda t: MICROPHONES + (0.2 * t, 0, 0), lambda start, stop: [source])


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(1, 3 * STEP - 1), max_size=4), start=st.integers(-1000, 20_000))
def test_blocks_join_without_a_trace(cuts: list[int], start: int) -> None:
    borders = [0, *sorted(set(cuts)), 3 * STEP]
    one, other = ears(), ears()
    parts = [one.hear(start + a, b - a) for a, b in zip(borders[:-1], borders[1:], strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), other.hear(start, 3 * STEP))


def test_a_scene_is_heard_from_where_it_sounds_while_the_camera_turns() -> None:
    scene = Scene(3, objects=['drum', 'bell'], script='drum 0 inf', setup=Setup(TETRAHEDRON))
    heard = scene.audio(36_000, 24_000)
    assert heard.shape == (24_000, 4) and heard.dtype == np.float32
    power = Array(TETRAHEDRON).listen(heard)
    assert power is not None
    truth = OPTICAL_TO_LINK @ scene.truth(1.0)[0].bearing
    assert power.array.grid[power.on_grid.argmax()] @ truth > np.cos(np.radians(6))


def test_a_sound_without_a_place_has_no_direction() -> None:
    scene = Scene(3, objects=2, script='wind 0 inf', setup=Setup(TETRAHEDRON))
    power = Array(TETRAHEDRON).listen(scene.audio(24_000, 48_000))
    assert power is not None and power.contrast < 0.06


def test_one_microphone_hears_as_ever() -> None:
    scene = Scene(3, objects=2, script='all')
    mono: NDArray[np.float32] = scene.audio(0, 1000)
    assert mono.shape == (1000,)
