"""What is taken out of embeddings is what tells worlds apart, and nothing else."""

import pytest
import torch

from ros2_avloc.learning.bundling.levelling import levelled
from ros2_avloc.learning.networks import AVENet
from ros2_avloc.learning.training.checks import Check
from ros2_avloc.learning.training.loop import scaled


def made(name, bright, loud):
    """Frames and sounds of a world in which everything is bright, or loud."""
    images = torch.randint(0, 100, (6, 3, 224, 224)) + bright
    nothing = torch.zeros(6, dtype=torch.bool)
    return Check(name, images.to(torch.uint8), torch.randn(6, 1, 257, 200) + loud, nothing, nothing)


@torch.no_grad()
def embedded(network, check):
    return network.embed_image(scaled(check.images)), network.embed_sound(check.spectrograms)


@pytest.fixture(scope='module', params=[True, False])
def network(request):
    torch.manual_seed(5)
    return AVENet(4, 16, batch_norm=request.param).eval()


def test_worlds_no_longer_differ_and_all_else_stays(network):
    checks = [made('dark', 0, 0.0), made('bright', 150, 1.0)]
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    level = levelled(network, checks)
    old, new = ([embedded(one, check) for check in checks] for one in (network, level))
    for modality in range(2):
        difference = torch.nn.functional.normalize(old[1][modality].mean(0) - old[0][modality].mean(0), dim=0)
        for was, now in zip(old, new, strict=True):
            rest = was[modality] - was[modality] @ difference[:, None] * difference
            torch.testing.assert_close(now[modality], torch.nn.functional.normalize(rest), atol=1e-4, rtol=0)
            assert (was[modality] - now[modality]).abs().max() > 0.01
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_of_one_world_nothing_is_taken_out(network):
    check = made('dark', 0, 0.0)
    for was, now in zip(embedded(network, check), embedded(levelled(network, [check]), check), strict=True):
        torch.testing.assert_close(now, was, atol=1e-5, rtol=0)
