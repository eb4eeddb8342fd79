"""Crops hold what their name says."""

import numpy as np
import pytest
import torch

from ros2_avloc.learning.banks import pack_bank
from ros2_avloc.learning.loop import Budget
from ros2_avloc.learning.naming import CropStream, Naming, draw_crop
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.simulation.kinds import KINDS


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


def test_names_are_numbered_from_one(world):
    stream = CropStream([world], seed=1)
    assert sorted(stream.numbers) == sorted(KINDS)
    assert sorted(stream.numbers.values()) == list(range(1, len(KINDS) + 1))
    item = next(iter(stream))
    assert item['image'].shape == (3, 112, 112)
    assert 0 <= int(item['name']) <= len(KINDS)


def test_naming_learns_colours_by_heart():
    torch.manual_seed(0)
    learner = Naming(AVOLNet(4, 16), Budget(1, 8, 1e-3), names=7)
    learner.log_dict = lambda *args, **kwargs: None  # there is no trainer to log to
    images = torch.randint(0, 256, (8, 3, 1, 1), dtype=torch.uint8).expand(8, 3, 112, 112)
    batch = {'image': images, 'name': torch.arange(8)}
    optimiser = torch.optim.Adam(learner.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = learner.training_step(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 < 1.5 < losses[0]
