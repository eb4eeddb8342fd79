"""Crops hold what their name says."""

import numpy as np
import pytest

from ros2_avloc.learning.banks import categories, pack_bank
from ros2_avloc.learning.naming import Crops, Seconds, draw_crop
from ros2_avloc.learning.streams import Stream


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


@pytest.mark.parametrize(('things', 'shape'), [(Crops, (3, 112, 112)), (Seconds, (1, 257, 200))])
def test_names_are_numbered_from_one(world, things, shape):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(things(world, numbers), 1.0)], seed=1)
    items = [stream[number] for number in range(60)]
    assert {tuple(item['thing'].shape) for item in items} == {shape}
    assert min(int(item['name']) for item in items) == 0
    assert max(int(item['name']) for item in items) <= len(numbers)
    assert len({int(item['name']) for item in items}) > 8
