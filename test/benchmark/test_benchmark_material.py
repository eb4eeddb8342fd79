"""What the benchmarks run on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.material import CHUNK, SECOND, Material, simulate
from benchmark.player import Schedule, prepare
from benchmark.way import sounds_of
from ros2_avloc.audio.sound import SAMPLE_RATE


@pytest.fixture(scope='module')
def material() -> Material:
    return simulate(64, 48, seconds=2.5, rate=10.0)


def test_frames_come_at_their_rate_once_a_second_has_been_heard(material: Material) -> None:
    stamps = [frame.stamp for frame in material.frames]
    assert stamps == [2.5 * SECOND + number * SECOND // 10 for number in range(10)]
    assert all(frame.rgb.shape == (48, 64, 3) for frame in material.frames)


def test_another_rate_keeps_pictures_and_the_first_moment(material: Material) -> None:
    faster = material.at_rate(50.0)
    assert [frame.stamp - material.frames[0].stamp for frame in faster.frames] == [
        number * SECOND // 50 for number in range(10)
    ]
    assert all(one.rgb is other.rgb for one, other in zip(faster.frames, material.frames, strict=True))


def test_another_size_looks_in_the_same_directions(material: Material) -> None:
    wider = material.sized(128, 96)
    assert all(frame.rgb.shape == (96, 128, 3) for frame in wider.frames)
    corners = [
        one.camera.rays(np.array([[-0.5, (one.camera.height - 1) / 2]])) for one in (wider, material)
    ]
    np.testing.assert_allclose(*corners, atol=1e-6)


def test_chunks_follow_each_other_and_every_frame_has_its_second(material: Material) -> None:
    for number, chunk in enumerate(material.chunks):
        assert chunk.stamp == SECOND + round(number * CHUNK / SAMPLE_RATE * SECOND)
        assert len(chunk.data) == 2 * CHUNK
    sounds = sounds_of(material)
    assert len(sounds) == len(material.frames)
    whole = np.frombuffer(b''.join(bytes(chunk.data) for chunk in material.chunks), '<i2') / 32_768
    heard = sounds[-1]
    end = round((material.frames[-1].stamp - SECOND) * SAMPLE_RATE / SECOND) // 240 * 240
    np.testing.assert_allclose(heard.samples, whole[end - len(heard.samples):end], atol=1e-4)


def test_several_channels_hold_the_same_sound(material: Material) -> None:
    for one, four in zip(material.chunks, material.of_channels(4).chunks, strict=True):
        samples = np.frombuffer(four.data, '<i2').reshape(-1, 4)
        assert four.format.channels == 4
        assert (samples == np.frombuffer(one.data, '<i2')[:, None]).all()


def test_a_player_gets_all_frames_and_sound(material: Material, tmp_path: Path) -> None:
    path = tmp_path / 'prepared.npz'
    prepare(material, path)
    with np.load(path) as prepared:
        assert prepared['frames'].shape == (10, 48, 64, 3)
        assert prepared['pcm'].tobytes() == b''.join(bytes(chunk.data) for chunk in material.chunks)
        assert prepared['focal'] == material.camera.focal[0]


def test_a_chunk_is_due_when_it_is_full_and_never_again() -> None:
    schedule, began = Schedule(SECOND), SECOND
    full = CHUNK / SAMPLE_RATE * SECOND
    assert list(schedule.due(began + int(full) - 1)) == []
    assert list(schedule.due(began + int(full) + 1)) == [(0, began)]
    late = list(schedule.due(began + SECOND))
    assert [number for number, _ in late] == list(range(1, SAMPLE_RATE // CHUNK))
    assert [stamp for _, stamp in late] == [began + round(number * full) for number, _ in late]
    assert list(schedule.due(began + SECOND)) == []
