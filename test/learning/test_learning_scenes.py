"""Scenes say the truth about themselves."""

import numpy as np
import pytest

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.material import sounds
from ros2_avloc.learning.material.banks import pack_bank
from ros2_avloc.learning.material.naming import Seconds
from ros2_avloc.learning.material.pictures import Layout, Picture
from ros2_avloc.learning.material.scenes import NEGATIVES, Mixture, Scene, draw_scene, negative_scene
from ros2_avloc.learning.material.sources import Scenes
from ros2_avloc.learning.training.checks import check_of, scenes_of, target_cells


@pytest.fixture(params=['world', 'pack'])
def bank(request):
    if request.param == 'pack':
        return pack_bank(request.getfixturevalue('pack'), 'learn')
    return request.getfixturevalue('world')


def test_scenes_are_what_networks_take(bank):
    for scene in scenes_of(bank, Mixture(most=2), 40, seed=3):
        assert scene.picture.rgb.shape == (224, 224, 3)
        assert scene.picture.rgb.dtype == np.uint8
        assert scene.samples.shape == (48_240,)
        assert scene.samples.dtype == np.float32
        assert np.abs(scene.samples).max() <= 1
        names = [name for name, _ in scene.picture.objects]
        assert 1 <= len(names) == len(set(names)) <= 2
        for _, (left, top, width, height) in scene.picture.objects:
            assert left >= -1e-6
            assert top >= -1e-6
            assert left + width <= 224 + 1e-6
            assert top + height <= 224 + 1e-6


def test_composed_objects_have_the_sizes_that_are_asked_for(pack):
    mixture = Mixture(most=2, layout=Layout(smallest=60, largest=120, mosaics=0.0))
    scenes = scenes_of(pack_bank(pack, 'val'), mixture, 30, seed=5)
    sides = [max(width, height) for scene in scenes for _, (_, _, width, height) in scene.picture.objects]
    assert 59 <= min(sides) < 80 < 100 < max(sides) <= 121


def test_what_is_heard_is_in_view_unless_the_scene_is_a_negative(bank):
    scenes = scenes_of(bank, Mixture(most=1, negatives=0.5), 80, seed=4)
    assert {scene.negative for scene in scenes} == {'', *NEGATIVES}
    for scene in scenes:
        in_view = {name for name, _ in scene.picture.objects}
        assert bool(scene.heard) == (scene.negative in ('', 'elsewhere'))
        assert set(scene.heard) <= in_view if not scene.negative else not in_view & set(scene.heard)
        assert target_cells(scene).any() == (not scene.negative)


def test_the_same_seed_draws_the_same_scenes(bank):
    one, other = (scenes_of(bank, Mixture(most=2), 5, seed=7) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(first.picture.rgb, second.picture.rgb)
        assert np.array_equal(first.samples, second.samples)
        assert first.heard == second.heard


def test_pasted_objects_are_where_their_box_says(pack):
    bank = pack_bank(pack, 'learn')
    for photos in bank.photos.values():
        for photo in photos:
            photo.rgba[..., :3] = (255, 0, 0)
    for background in bank.backgrounds:
        background[:] = 0
    found = 0
    for scene in scenes_of(bank, Mixture(most=1, negatives=0), 60, seed=1):
        rgb = scene.picture.rgb.astype(int)
        red = np.argwhere(rgb[..., 0] - rgb[..., 1] > 60)
        if len(red) < 50:
            continue
        (_, (left, top, width, height)), = scene.picture.objects
        inside = ((red + 0.5 >= [top - 2, left - 2]) & (red + 0.5 <= [top + height + 2, left + width + 2]))
        # Where the background is a random gradient, some of it may be red too.
        found += inside.all(axis=1).mean() > 0.9
    assert found >= 20


def scene_with(box, heard=('a',)):
    return Scene(Picture(np.zeros((224, 224, 3), np.uint8), (('a', box), ('b', (0, 0, 16, 16)))),
                 np.zeros(48_240, np.float32), heard, '')


def test_target_cells_are_those_whose_centre_lies_in_the_box():
    cells = target_cells(scene_with((32.0, 64.0, 48.0, 16.0)))
    assert np.argwhere(cells).tolist() == [[4, 2], [4, 3], [4, 4]]
    assert target_cells(scene_with((32.0, 64.0, 48.0, 16.0), heard=('b',))).sum() == 1


@pytest.mark.parametrize('negative', NEGATIVES)
def test_negatives_are_finite_and_within_full_scale(world, negative):
    rng = np.random.default_rng(5)
    picture = scenes_of(world, Mixture(), 1, seed=2)[0].picture
    for _ in range(10):
        scene = negative_scene(world, picture, negative, rng)
        assert np.abs(scene.samples).max() <= 1
        assert scene.negative == negative


def test_levels_differ_whatever_the_recording_was():
    rng = np.random.default_rng(0)
    tone = np.sin(2 * np.pi * 440 * np.arange(48_240) / 48_000).astype(np.float32)
    levels = [20 * np.log10(sounds.rms(sounds.vary(tone * loudness, rng))) for loudness in [0.001, 0.9] * 40]
    quiet, loud = np.mean(levels[::2]), np.mean(levels[1::2])
    assert np.ptp(levels) > 20
    assert abs(quiet - loud) < 6


def test_noise_slopes_and_level():
    rng = np.random.default_rng(1)
    for _ in range(6):
        assert sounds.rms(sounds.noise(rng, 0.05)) == pytest.approx(0.05, rel=0.05)


def test_some_sounds_end_where_a_lower_sample_rate_does():
    rng = np.random.default_rng(2)
    white = rng.normal(0, 0.1, 48_240).astype(np.float32)
    frequencies = np.fft.rfftfreq(len(white), 1 / 48_000)
    highest = []
    for _ in range(200):
        heard = sounds.resampled(white, rng)
        assert (heard.shape, heard.dtype) == (white.shape, np.float32)
        power = np.abs(np.fft.rfft(heard)) ** 2
        there = power > 1e-6 * power.max()
        highest.append(frequencies[there][-1])
        below = frequencies < 0.99 * highest[-1]
        np.testing.assert_allclose(np.fft.rfft(heard)[below], np.fft.rfft(white)[below], atol=1e-2)
    cut = [frequency for frequency in highest if frequency < 23_000]
    assert 50 <= len(cut) <= 110
    assert min(cut) < 4_000 and max(cut) > 14_000 and min(cut) >= 2_700


def test_what_is_learned_from_is_resampled_and_what_is_measured_is_not(world):
    """Scenes are drawn alike in both; the last draw is the learner's alone."""
    scenes, numbers = Scenes(world, Mixture(), shown=True), dict.fromkeys(world.recordings, 0)
    learned, measured = Seconds(world, numbers), Seconds(world, numbers, measured=True)
    same = []
    for number in range(40):
        item = scenes.item(number, np.random.default_rng(number))
        scene = draw_scene(world, Mixture(), np.random.default_rng(number))
        np.testing.assert_array_equal(item['image'], scene.picture.rgb.transpose(2, 0, 1))
        np.testing.assert_array_equal(item['shown'][0], spectrogram(scene.samples))
        one, other = (seconds.item(number, np.random.default_rng(number)) for seconds in (learned, measured))
        np.testing.assert_array_equal(one['shown'], other['shown'])
        same.append([np.array_equal(item['spectrogram'], item['shown']),
                     np.array_equal(one['thing'], other['thing'])])
    assert ((np.sum(same, axis=0) > 10) & (np.sum(same, axis=0) < 38)).all()
    drawn = scenes_of(world, Mixture(negatives=0.25, duets=0.0), 6, seed=3)
    for heard, scene in zip(check_of('simulated', world, 6, seed=3).spectrograms, drawn, strict=True):
        np.testing.assert_array_equal(heard[0], spectrogram(scene.samples))
