"""Two processes learn what one learns from both their batches. Run by torchrun, this file is one of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from ros2_avloc.learning.material.streams import ANY_GROUP, Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training import loop
from ros2_avloc.learning.training.correspondence import Correspondence
from ros2_avloc.learning.training.loop import Budget, fit

TORCHRUN = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2']


class Noise:
    """Pictures and sounds of noise."""

    def item(self, number, rng):
        image = rng.integers(0, 256, (3, 64, 64)).astype('uint8')
        sound = rng.standard_normal((1, 257, 200)).astype('float32')
        return {'image': torch.from_numpy(image), 'spectrogram': torch.from_numpy(sound),
                'identity': torch.tensor(number), 'sound_identity': torch.tensor(number),
                'group': torch.tensor(ANY_GROUP)}


class Plain(Correspondence):
    """Gradient descent, of which nothing is averaged: what two processes do differently shows."""

    average_limit = 0.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def learn(directory, batch):
    """Three steps, without BatchNorm, whose statistics processes share on GPUs alone."""
    torch.manual_seed(0)
    network = AVOLNet(4, 16, batch_norm=False)
    for tower in (network.vision, network.sound):
        for name, child in tower.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(tower, name, nn.Identity())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, 'precision', lambda: '32-true')
        fit(Plain(network, Budget(3, batch, 0.05, workers=0)), Stream([(Noise(), 1.0)], 1), directory)


def learned(directory):
    return torch.load(directory / 'last.ckpt', weights_only=True)['state_dict']


def test_two_processes_learn_what_one_learns_from_twice_the_batch(tmp_path):
    learn(tmp_path / 'alone', 8)
    learn(tmp_path / 'half', 4)
    subprocess.run([*TORCHRUN, __file__, str(tmp_path / 'together'), '4'], check=True,
                   env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(Path(__file__).parents[2])})
    alone, half, together = (learned(tmp_path / name) for name in ('alone', 'half', 'together'))
    assert alone.keys() == together.keys()
    for name, weights in alone.items():
        torch.testing.assert_close(together[name], weights, rtol=1e-3, atol=1e-5, msg=name)
    assert any(not torch.allclose(half[name], weights, rtol=1e-3, atol=1e-5)
               for name, weights in alone.items())


if __name__ == '__main__':
    learn(Path(sys.argv[1]), int(sys.argv[2]))
