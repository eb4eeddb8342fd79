from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.scene import Scene

KINDS = ('flute', 'engine', 'siren', 'bell')


def scene(script: str = 'turns', seed: int = 3) -> Scene:
    return Scene(seed, objects=KINDS, width=160, height=120, script=script)


def names() -> list[str]:
    return [truth.name for truth in scene('silence').truth(0.0)]


def decibels(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def test_truth_holds_every_object_and_whether_it_sounds() -> None:
    first, second, *_ = names()
    events = scene(f'{first} 1 2; {second} 1.5 3; wind 0 9')
    assert [truth.kind for truth in events.truth(0.0)] == list(KINDS)
    expected = {0.5: set(), 1.0: {first}, 1.7: {first, second}, 2.0: {second}, 3.0: set()}
    for time, sounding in expected.items():
        assert events.sounding(time) == sounding
        assert {truth.name for truth in events.truth(time) if truth.sounding} == sounding


def test_sight_is_the_worlds() -> None:
    one = scene()
    np.testing.assert_array_equal(one.frame(2.0), one.world.frame(2.0))
    assert one.frame(2.0).shape == (120, 160, 3)
    assert (one.camera.width, one.camera.height) == (160, 120)
    np.testing.assert_array_equal(one.camera_pose(2.0).rotation, one.world.camera_pose(2.0).rotation)


def test_sound_is_the_same_however_it_is_asked_for() -> None:
    whole = scene().audio(0, 12 * SAMPLE_RATE)
    assert whole.dtype == np.float32
    assert np.abs(whole).max() <= 1.0
    one = scene()
    chunks = [one.audio(k, 1000) for k in range(0, 12 * SAMPLE_RATE, 1000)]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    np.testing.assert_array_equal(scene().audio(5 * SAMPLE_RATE, 777), whole[5 * SAMPLE_RATE :][:777])
    np.testing.assert_array_equal(one.audio(0, SAMPLE_RATE), whole[:SAMPLE_RATE])


def test_seed_changes_what_is_heard() -> None:
    script = f'{names()[0]} 0 1'
    sounds = [scene(script, seed).audio(0, SAMPLE_RATE) for seed in (3, 4)]
    assert not np.allclose(sounds[0], sounds[1])


@pytest.mark.parametrize('seed', [1, 2])
def test_energy_follows_the_flags(seed: int) -> None:
    one = scene('; '.join(f'{name} {4 * k + 2} {4 * k + 4}' for k, name in enumerate(names())), seed)
    loudness = {True: [], False: []}
    for tenth in range(20, 160):
        around = {bool(one.sounding((tenth + k) / 10)) for k in (-6, -3, 0, 1)}
        if len(around) == 1:
            loudness[around.pop()].append(decibels(one.audio(tenth * 4800, 4800)))
    assert len(loudness[True]) > 30
    assert len(loudness[False]) > 30
    assert min(loudness[True]) > max(loudness[False]) + 10


def test_sound_begins_and_ends_with_its_event() -> None:
    one = scene(f'{names()[1]} 1 2')
    before, during = one.audio(0, SAMPLE_RATE), one.audio(SAMPLE_RATE + 480, 4800)
    after = one.audio(2 * SAMPLE_RATE + 36_000, SAMPLE_RATE)
    silence = scene('silence').audio(0, SAMPLE_RATE)
    np.testing.assert_array_equal(before, silence)
    assert decibels(during) > decibels(silence) + 20
    assert decibels(after) == pytest.approx(decibels(silence), abs=0.5)


def test_turns_sound_in_view_first() -> None:
    one = scene()
    (event,) = {name for tenth in range(60) for name in one.sounding(tenth / 10)}
    best = max(one.truth(4.5), key=lambda truth: truth.visible)
    assert best.visible == 0 or {t.name: t.visible for t in one.truth(4.5)}[event] > 0


def test_no_click_where_chunks_or_takes_meet() -> None:
    one = scene(f'{names()[0]} 0 inf')
    heard = one.audio(0, 20 * SAMPLE_RATE).astype(np.float64)
    jumps = np.abs(np.diff(heard, n=2))
    borders = np.concatenate([np.arange(-50, 50) + k * 379_200 for k in (1, 2)])
    assert jumps[borders].max() <= np.quantile(jumps, 0.9999)


def test_hours_do_not_grow_memory() -> None:
    one = Scene(3, objects=('bell',), width=160, height=120)
    sizes = []
    tracemalloc.start()
    try:
        for turn in range(0, 24):
            one.audio((360 * turn + 5) * SAMPLE_RATE, SAMPLE_RATE)
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[8] > sizes[0] + 3_000_000
    assert sizes[-1] < max(sizes[:12]) + 2_000_000


def test_what_makes_no_scene_is_said() -> None:
    with pytest.raises(InputError, match='the seed of a scene is -1; give a whole number from 0'):
        Scene(-1)
    with pytest.raises(InputError, match="nothing is named 'cat_1'"):
        scene('cat_1 0 1')
