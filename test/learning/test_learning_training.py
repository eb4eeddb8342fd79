"""Training learns, and does what it did before."""

import pytest
import torch

from ros2_avloc.learning.material.streams import ANY_GROUP
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.networks.matching import KINDS, describe_maps, describe_sounds, logits_of_pairs
from ros2_avloc.learning.training import loop
from ros2_avloc.learning.training.checkpoints import network_in
from ros2_avloc.learning.training.checks import check_of
from ros2_avloc.learning.training.correspondence import (
    CloseUpCorrespondence,
    Correspondence,
    PaperCorrespondence,
    TaggedCorrespondence,
)
from ros2_avloc.learning.training.loop import Budget, Learner, fit, scaled

BUDGET = Budget(60, 10, 3e-3)

LEARNED = 0.1
"""Loss below which pairs are learned."""


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
    return {'image': images, 'spectrogram': spectrograms, 'identity': torch.arange(10),
            'sound_identity': torch.arange(10), 'group': torch.full((10,), ANY_GROUP),
            'seen': flags, 'heard': flags, 'known': torch.ones(10, dtype=torch.bool)}


def steps(learner, count):
    learner.log_dict = learner.log = lambda *args, **kwargs: None  # there is no trainer to log to
    optimiser = torch.optim.Adam(learner.parameters(), lr=3e-3)
    losses = []
    while len(losses) < count and (not losses or losses[-1] >= LEARNED):
        loss = learner.training_step(ten_pairs())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def small(kind, **options):
    torch.manual_seed(0)
    return KINDS[kind](4, **options) if kind == 'l3' else KINDS[kind](4, 16, **options)


def test_one_step_of_adam_gives_the_loss_it_always_gave():
    assert steps(Correspondence(small('avol'), BUDGET), 2) == pytest.approx([5.6434, 3.5264], abs=2e-3)


class NoisyPairs(torch.utils.data.Dataset):
    """The ten pairs without end, under noise: where all is flat, BatchNorm makes much of rounding."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        noise = torch.randint(0, 128, (10, 3, 224, 224), generator=generator, dtype=torch.uint8)
        pairs = ten_pairs()
        sounds = pairs['spectrogram'] + torch.randn(10, 1, 257, 200, generator=generator)
        self.pairs = {**pairs, 'image': pairs['image'] // 2 + noise, 'spectrogram': sounds}

    def __getitem__(self, number):
        return {key: values[number % 10] for key, values in self.pairs.items()} | {'number': number}


class Followed(Correspondence):
    """Keeps the loss of each step."""

    def __init__(self, *args):
        super().__init__(*args)
        self.followed = []

    def training_step(self, batch):
        loss = super().training_step(batch)
        self.followed.append(float(loss.detach()))
        return loss


def learned(network, directory, count, monkeypatch):
    """Learn for some steps, in float32 on every machine."""
    monkeypatch.setattr(loop, 'precision', lambda: '32-true')
    learner = Followed(network, Budget(count, 10, 1e-2, workers=0))
    fit(learner, NoisyPairs(), directory, say=lambda _: None)
    return learner.followed


def test_two_steps_of_the_whole_loop_give_the_losses_they_always_gave(tmp_path, monkeypatch):
    """The third step's loss tells what the second made of the weights."""
    followed = learned(small('avol'), tmp_path, 3, monkeypatch)
    assert followed == pytest.approx([3.8878, 2.7990, 2.1356], abs=2e-3)


def test_a_checkpoint_keeps_the_stride(tmp_path, monkeypatch):
    learned(AVOLNet(2, 8, stride=8), tmp_path, 1, monkeypatch)
    assert network_in(tmp_path / 'last.ckpt').stride == 8


@pytest.mark.parametrize('kind', KINDS)
def test_ten_pairs_are_learned_by_heart(kind):
    learner = Correspondence(small(kind), BUDGET)
    losses = steps(learner, 160)
    network, batch = learner.network, ten_pairs()
    with torch.no_grad():
        pictures = describe_maps(network, network.vision(scaled(batch['image'])))
        best = logits_of_pairs(network, pictures, describe_sounds(network, batch['spectrogram']))
    assert losses[-1] < LEARNED < losses[0]
    assert best.argmax(dim=1).tolist() == list(range(10))


def test_every_cell_of_a_close_up_learns():
    """Of an untrained network the best cell of most pictures is at the border, and it alone would learn."""
    network, batch = small('avol').eval(), ten_pairs()
    with torch.no_grad():
        sounds = describe_sounds(network, batch['spectrogram'])
        seen = network.vision(scaled(batch['image']))

    def taught(learner):
        learner.log_dict = lambda *_: None
        maps = seen.clone().requires_grad_()
        learner.loss_of(maps, sounds, batch).backward()
        return float((maps.grad.abs().amax(dim=1) > 0).float().mean())

    assert taught(CloseUpCorrespondence(network, BUDGET)) == 1
    assert taught(Correspondence(network, BUDGET)) < 0.2


def test_the_papers_loss_is_that_of_five_pairs_and_five_others():
    learner = PaperCorrespondence(small('avol', batch_norm=False), BUDGET, epoch=100)
    losses = steps(learner, 40)
    assert losses[-1] < LEARNED < losses[0]


def test_the_papers_rate_falls_every_sixteen_epochs():
    learner = PaperCorrespondence(small('avol', batch_norm=False), Budget(1e6, 10, 1e-4), epoch=100)
    assert learner.rate(159, 0.1) == 1e-4
    assert learner.rate(160, 0.9) == pytest.approx(0.94e-4)
    optimiser = learner.configure_optimizers()
    assert type(optimiser) is torch.optim.Adam
    assert optimiser.param_groups[0]['weight_decay'] == 1e-5


def test_with_tags_heads_and_towers_learn():
    learner = TaggedCorrespondence(small('avol'), BUDGET, categories=10)
    towers = {name: weight.clone() for name, weight in learner.network.state_dict().items()
              if name.startswith(('vision.', 'sound.')) and name.endswith(('weight', 'running_mean'))}
    losses = steps(learner, 10)
    assert losses[-1] < losses[0]
    after = learner.network.state_dict()
    assert not any(torch.equal(after[name], weight) for name, weight in towers.items())


def test_our_rate_rises_then_falls_with_the_budget():
    learner = Learner(Budget(10, 4, 1e-3, in_minutes=True))
    assert learner.rate(24, 0.0) == pytest.approx(0.5e-3)
    assert learner.rate(500, 0.5) == 1e-3
    assert learner.rate(500, 0.9) == pytest.approx(0.3e-3)
    assert Budget(10, 4, 1e-3, in_minutes=True).share(10 ** 6, 150.0) == 0.25


def test_kinds_are_the_three_networks():
    assert [type(small(kind)) for kind in KINDS] == [AVOLNet, AVENet, L3Net]


def test_checks_are_the_same_every_time(world):
    one, other = check_of('a', world, 4), check_of('a', world, 4)
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.spectrograms, other.spectrograms)
