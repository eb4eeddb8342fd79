"""Two processes learn what one learns from both their batches, and stop together.

Run by torchrun, this file is one of them.
"""

import os
import signal
import subprocess
import sys
import time
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
    """Pictures and sounds of noise, up to one that is broken."""

    def __init__(self, broken):
        self.broken = broken

    def item(self, number, rng):
        if number >= self.broken:
            raise ValueError('this item is broken')
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


def learn(directory, batch, steps=3, workers=0, broken=1_000_000):
    """Some steps, without BatchNorm, whose statistics processes share on GPUs alone."""
    torch.manual_seed(0)
    network = AVOLNet(4, 16, batch_norm=False)
    for tower in (network.vision, network.sound):
        for name, child in tower.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(tower, name, nn.Identity())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, 'precision', lambda: '32-true')
        fit(Plain(network, Budget(steps, batch, 0.05, workers)), Stream([(Noise(broken), 1.0)], 1), directory)


def learned(directory):
    return torch.load(directory / 'last.ckpt', weights_only=True)['state_dict']


ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(Path(__file__).parents[2])}


def test_two_processes_learn_what_one_learns_from_twice_the_batch(tmp_path):
    learn(tmp_path / 'alone', 8)
    learn(tmp_path / 'half', 4)
    subprocess.run([*TORCHRUN, __file__, str(tmp_path / 'together'), '4'], check=True, env=ENVIRONMENT)
    alone, half, together = (learned(tmp_path / name) for name in ('alone', 'half', 'together'))
    assert alone.keys() == together.keys()
    for name, weights in alone.items():
        torch.testing.assert_close(together[name], weights, rtol=1e-3, atol=1e-5, msg=name)
    assert any(not torch.allclose(half[name], weights, rtol=1e-3, atol=1e-5)
               for name, weights in alone.items())


def test_two_processes_that_torchrun_stops_save_at_one_step(tmp_path):
    """It sends what stopped it to each of them, and to those that compose items for them."""
    command = [*TORCHRUN, __file__, str(tmp_path), '4', '100000', '1']
    with subprocess.Popen(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as running:
        while not list(tmp_path.glob('log/version_0/metrics.csv')) and running.poll() is None:
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        output = running.communicate()[0]
    said = [line for line in output.splitlines() if 'StoppedError: Stopped at step' in line]
    assert len(said) == 2, output
    step, = {line.split('Stopped at step ')[1].split(' ')[0] for line in said}
    assert torch.load(tmp_path / 'last.ckpt', weights_only=True)['global_step'] == int(step)


def test_a_run_ends_whose_items_cannot_be_composed(tmp_path):
    """At its end Python tells the process that composes them to end, once, and waits for it."""
    ended = subprocess.run([sys.executable, __file__, str(tmp_path), '4', '1000', '1', '60'], env=ENVIRONMENT,
                           capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert 'this item is broken' in ended.stderr


if __name__ == '__main__':
    learn(Path(sys.argv[1]), *map(int, sys.argv[2:]))
