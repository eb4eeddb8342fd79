"""Training learns, and does what it did before."""

import pytest
import torch

from ros2_avloc.learning import loop
from ros2_avloc.learning.checks import check_of
from ros2_avloc.learning.loop import Budget, load_part, scaled
from ros2_avloc.learning.losses import Relations, contrastive
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training import Correspondence, train


def ten_pairs():
    """Ten pictures with a square of a colour of its own, ten sounds with a band of its own."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(10, 3, 224, 224, dtype=torch.uint8)
    spectrograms = torch.full((10, 1, 257, 200), -2.0)
    for number in range(10):
        left, top = torch.randint(0, 160, (2,), generator=generator).tolist()
        colour = torch.randint(0, 256, (3, 1, 1), generator=generator)
        images[number, :, top:top + 64, left:left + 64] = colour.to(torch.uint8)
        spectrograms[number, :, 20 * number:20 * number + 20] = 1.0
    flags = torch.eye(10, dtype=torch.bool)
    return {'image': images, 'spectrogram': spectrograms, 'seen': flags, 'heard': flags}


def steps(count):
    torch.manual_seed(0)
    learner = Correspondence(AVOLNet(4, 16), Budget(steps=count, batch=10, learning_rate=3e-3))
    learner.log_dict = lambda *args, **kwargs: None  # there is no trainer to log to
    optimiser = torch.optim.Adam(learner.parameters(), lr=3e-3)
    losses = []
    for _ in range(count):
        loss = learner.training_step(ten_pairs())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return learner, losses


def test_one_step_gives_the_loss_it_always_gave():
    assert steps(2)[1] == pytest.approx([5.6455, 3.5490], abs=2e-3)


def test_ten_pairs_are_learned_by_heart():
    learner, losses = steps(60)
    batch = ten_pairs()
    with torch.no_grad():
        network = learner.network
        sounds = network.embed_sound(batch['spectrogram'])
        best = network.heads.compare(network.embed_cells(scaled(batch['image'])), sounds).amax(dim=(2, 3))
    assert losses[-1] < 0.2 < losses[0]
    assert best.argmax(dim=1).tolist() == list(range(10))
    assert float(contrastive(best, Relations.of(batch['seen'], batch['heard']))) < 0.1


def test_a_run_leaves_its_last_weights_behind(world, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, 'CHECK_EVERY', 2)
    torch.manual_seed(0)
    network = AVOLNet(4, 16)
    train(network, {'simulated': world}, {}, Budget(3, 4, 1e-3, workers=0), tmp_path, seed=1)
    assert torch.load(tmp_path / 'last.ckpt', weights_only=True)['global_step'] == 3
    again = AVOLNet(4, 16)
    load_part(again, tmp_path / 'last.ckpt', 'network.')
    for name, weight in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name


def test_checks_are_the_same_every_time(world):
    one, other = check_of('a', world, 4), check_of('a', world, 4)
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.spectrograms, other.spectrograms)
