"""Crops hold what their name says."""

import numpy as np
import pytest

from ros2_avloc.learning.material.banks import categories, pack_bank
from ros2_avloc.learning.material.naming import LESSON, Crops, Seconds, draw_crop
from ros2_avloc.learning.material.pictures import LEARNING
from ros2_avloc.learning.material.streams import Stream


@pytest.fixture(params=['world', 'pack'])
def bank(request):
    if request.param == 'pack':
        return pack_bank(request.getfixturevalue('pack'), 'learn')
    return request.getfixturevalue('world')


def test_crops_are_a_quarter_of_a_frame_and_some_hold_nothing(bank):
    rng = np.random.default_rng(2)
    crops = [draw_crop(bank, rng) for _ in range(120)]
    assert {image.shape for image, _ in crops} == {(112, 112, 3)}
    names = [name for _, name in crops]
    assert set(names) <= {'', *bank.recordings}
    assert 1 <= names.count('') <= 40


def test_crops_of_lessons_show_photos_as_they_are(pack):
    bank = pack_bank(pack, 'learn')
    for photos in bank.photos.values():
        for photo in photos:
            photo.rgba[..., :3] = (200, 40, 90)
    bank.backgrounds[:] = [np.full((224, 300, 3), (10, 20, 30), np.uint8)]

    def share_as_it_was(layout):
        rng, known, total = np.random.default_rng(3), 0, 0
        for _ in range(12):
            crop, _ = draw_crop(bank, rng, layout)
            known += (np.abs(crop.astype(int) - (200, 40, 90)).max(axis=2) <= 1).sum()
            known += (np.abs(crop.astype(int) - (10, 20, 30)).max(axis=2) <= 1).sum()
            total += crop[..., 0].size
        return known / total

    # Feathered edges mix the two colours, and one background in ten is a gradient.
    assert share_as_it_was(LESSON) > 0.7
    assert share_as_it_was(LEARNING) < 0.1


@pytest.mark.parametrize(('things', 'shape'), [(Crops, (3, 112, 112)), (Seconds, (1, 257, 200))])
def test_names_are_numbered_from_one(world, things, shape):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(things(world, numbers), 1.0)], seed=1)
    items = [stream[number] for number in range(60)]
    assert {tuple(item['thing'].shape) for item in items} == {shape}
    assert min(int(item['name']) for item in items) == 0
    assert max(int(item['name']) for item in items) <= len(numbers)
    assert len({int(item['name']) for item in items}) > 8
