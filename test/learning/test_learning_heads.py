"""Heads alone learn, from more scenes than towers look at; what was kept is what the towers made of them."""

import shutil

import numpy as np
import pytest
import torch

from ros2_avloc.learning.material.banks import categories
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import Scenes
from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.training.heads import POOLED, WITH_CELLS, HeadsAlone
from ros2_avloc.learning.training.loop import Budget, fit, scaled


def learner_of(network, world, directory, steps=1, *, told=True):
    numbers = {name: number for number, name in enumerate(categories([world]))} if told else None
    stream = Stream([(Scenes(world, Mixture(), numbers=numbers), 1.0)], seed=2)
    budget = Budget(steps, 4, 3e-3, workers=0)
    return HeadsAlone(network, budget, stream, directory / 'pool', seed=3, told=told), stream


@pytest.mark.parametrize('made', [lambda: AVOLNet(4, 16), lambda: AVENet(4, 16), lambda: L3Net(4)])
def test_heads_learn_and_towers_stay_as_they_are(made, world, tmp_path):
    torch.manual_seed(1)
    network = made()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit(*learner_of(network, world, tmp_path, steps=3), tmp_path)
    for name, value in network.state_dict().items():
        if name.startswith(('vision.', 'sound.')):
            assert torch.equal(value, before[name]), name
        elif name.endswith(('fc1.weight', 'conv5.weight')):
            assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize('told', [True, False])
@pytest.mark.parametrize('made', [AVOLNet, AVENet])
def test_the_loss_of_heads_alone_falls(made, told, world, tmp_path, monkeypatch):
    torch.manual_seed(1)
    learner, stream = learner_of(made(4, 16), world, tmp_path, told=told)
    for name in ('log', 'log_dict'):  # there is no trainer to log to
        monkeypatch.setattr(learner, name, lambda *args, **options: None)
    batch = torch.utils.data.default_collate([stream[number] for number in range(4)])
    optimiser = torch.optim.Adam([one for one in learner.parameters() if one.requires_grad], lr=3e-3)
    losses = []
    for _ in range(10):
        loss = learner.training_step(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_without_categories_the_recordings_say_what_differs(world, tmp_path):
    learner, stream = learner_of(AVENet(4, 16), world, tmp_path, told=False)
    batch = torch.utils.data.default_collate([stream[number] for number in range(4)])
    assert not batch.keys() & {'seen', 'heard', 'known'}
    assert (learner.relations(batch).differs == ~torch.eye(4, dtype=torch.bool)).all()
    assert [loss.__name__ for loss in learner.losses] == ['contrastive', 'logistic']


@pytest.mark.parametrize(('made', 'replays'), [(AVOLNet, WITH_CELLS), (AVENet, POOLED)])
def test_a_batch_holds_many_scenes_from_before(made, replays, world, tmp_path, monkeypatch):
    learner, stream = learner_of(made(4, 16), world, tmp_path)
    seen = []
    monkeypatch.setattr(learner, 'loss_of', lambda *lesson: seen.append(lesson) or lesson[0].sum())
    monkeypatch.setattr(learner, 'log', lambda *args, **options: None)
    batch = torch.utils.data.default_collate([stream[number] for number in range(4)])
    learner.training_step(batch)
    (maps, sounds, scenes), = seen
    assert len(maps) == len(sounds) == len(scenes['known']) == 4 + replays.drawn
    numbers = {tuple(one.tolist()): place for place, one in enumerate(batch['identity'][:, None])}
    places = [numbers[tuple(one.tolist())] for one in scenes['identity'][:, None]]
    assert set(places[4:]) == set(range(4))
    for place, one in zip(places, maps, strict=True):
        assert torch.equal(one, maps[place])


def test_what_was_kept_and_lost_is_made_again(world, tmp_path):
    learner, stream = learner_of(AVENet(4, 16), world, tmp_path)
    learner.network.eval()
    batch = torch.utils.data.default_collate([stream[number] for number in range(4)])
    new = learner._described(learner.network.vision(scaled(batch['image'])), batch)
    options = {'step': 0, 'rank': 0, 'world': 1}
    kept = learner._pool.with_earlier(range(4), new, 5, rng=np.random.default_rng(1), **options)
    learner._pool.remove()
    shutil.rmtree(tmp_path / 'pool')
    made = learner._pool.get(range(4), range(4))
    for key, values in new.items():
        torch.testing.assert_close(made[key], values, rtol=0.01, atol=0.01, msg=key)
    assert set(kept) == set(made)
