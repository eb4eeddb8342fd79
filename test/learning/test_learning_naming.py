"""Crops hold what their name says."""

import numpy as np
import pytest
import torch

from ros2_avloc.learning.banks import pack_bank
from ros2_avloc.learning.loop import Budget
from ros2_avloc.learning.naming import CropStream, PictureNaming, SoundNaming, SoundStream, draw_crop
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


@pytest.mark.parametrize(('stream', 'shape'), [(CropStream, (3, 112, 112)), (SoundStream, (1, 257, 200))])
def test_names_are_numbered_from_one(world, stream, shape):
    named = stream([world], seed=1)
    assert sorted(named.numbers) == sorted(KINDS)
    assert sorted(named.numbers.values()) == list(range(1, len(KINDS) + 1))
    items = [item for item, _ in zip(named, range(60), strict=False)]
    assert {item['thing'].shape for item in items} == {shape}
    assert min(int(item['name']) for item in items) == 0
    assert len({int(item['name']) for item in items}) > 8


def colours():
    return torch.randint(0, 256, (8, 3, 1, 1), dtype=torch.uint8).expand(8, 3, 112, 112)


def bands():
    spectrograms = torch.full((8, 1, 257, 200), -2.0)
    for number in range(8):
        spectrograms[number, :, 30 * number:30 * number + 30] = 1.0
    return spectrograms


@pytest.mark.parametrize(('naming', 'things'), [(PictureNaming, colours), (SoundNaming, bands)])
def test_naming_learns_by_heart(naming, things):
    torch.manual_seed(0)
    learner = naming(AVOLNet(4, 16), Budget(1, 8, 1e-3), names=7)
    learner.log_dict = lambda *args, **kwargs: None  # there is no trainer to log to
    batch = {'thing': things(), 'name': torch.arange(8)}
    optimiser = torch.optim.Adam(learner.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = learner.training_step(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 < 1.5 < losses[0]
