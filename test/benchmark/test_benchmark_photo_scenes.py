"""Scenes of photos and recordings: what is said of them is what is heard and seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.photo_scenes import HEIGHT, WIDTH, PhotoScene
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.learning.material.banks import Bank, Photo, Recording

TONES = {'high': 6000, 'middle': 1500, 'low': 300}
TIMES = np.arange(0.5, 30.0, 0.5).tolist()


def tone(hertz: float) -> Recording:
    samples = 16_000 * np.sin(2 * np.pi * hertz * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)
    return Recording(samples.astype(np.int16), np.array([0, SAMPLE_RATE // 2]))


@pytest.fixture(scope='module')
def bank() -> Bank:
    grey = np.full((100, 80, 4), 255, np.uint8)
    background = np.random.default_rng(1).integers(0, 255, (224, 224, 3)).astype(np.uint8)
    return Bank({name: [tone(hertz)] for name, hertz in TONES.items()}, {'rain': [tone(12_000)]},
                {name: [Photo(grey, cut_out=False)] for name in TONES}, [background])


@pytest.fixture(scope='module')
def scenes(bank: Bank) -> list[PhotoScene]:
    return [PhotoScene(bank, seed) for seed in range(3)]


def loudness(scene: PhotoScene, t: float, hertz: float) -> float:
    """Amplitude of a tone in the 50 ms around `t`."""
    count = SAMPLE_RATE // 20
    samples = scene.audio(int(t * SAMPLE_RATE) - count // 2, count)
    turning = np.exp(-2j * np.pi * hertz * np.arange(count) / SAMPLE_RATE)
    return 2 * float(abs(np.mean(samples * turning)))


def test_things_sound_when_it_is_said(scenes: list[PhotoScene]) -> None:
    told = []
    for scene in scenes:
        for t, before, now, after in zip(
            TIMES, *(scene.moments([t + shift for t in TIMES]) for shift in (-0.03, 0.0, 0.03)), strict=True
        ):
            for one, thing, other in zip(before.things, now.things, after.things, strict=True):
                if one.sounding == thing.sounding == other.sounding:  # no beginning, no end nearby
                    assert (loudness(scene, t, TONES[thing.name]) > 0.01) == thing.sounding
                    told.append(thing.sounding)
    assert 0 < sum(told) < len(told)


def test_boxes_lie_in_the_picture_and_bearings_point_at_them(scenes: list[PhotoScene]) -> None:
    for scene in scenes:
        (moment,) = scene.moments([1.0])
        assert moment.things
        for thing in moment.things:
            x, y, width, height = thing.box
            assert x - width / 2 >= -0.51 and x + width / 2 <= WIDTH - 0.49
            assert y - height / 2 >= -0.51 and y + height / 2 <= HEIGHT - 0.49
            optical = moment.pose.rotation.T @ thing.bearing
            np.testing.assert_allclose(optical, scene.camera.rays(np.array([[x, y]]))[0], atol=1e-9)


def test_the_seed_decides_everything_and_no_two_frames_are_alike(bank: Bank) -> None:
    one, same, other = (PhotoScene(bank, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.frame(1.0), same.frame(1.0))
    np.testing.assert_array_equal(one.audio(48_000, 4800), same.audio(48_000, 4800))
    assert (one.frame(1.0) != one.frame(1.1)).any() and (one.frame(1.0) != other.frame(1.0)).any()
