"""Two processes learn what one learns from both their batches."""

import os
import subprocess
import sys

import torch

LEARN = """
import sys
from pathlib import Path
import numpy as np
import torch
from torch import nn
torch.set_num_threads(1)
from ros2_avloc.learning import loop
from ros2_avloc.learning.loop import Budget, fit
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.streams import Stream
from ros2_avloc.learning.training import Correspondence

loop.precision = lambda: '32-true'

class Noise:
    def item(self, number, rng):
        image = rng.integers(0, 256, (3, 64, 64)).astype(np.uint8)
        sound = rng.standard_normal((1, 257, 200)).astype(np.float32)
        return {'image': torch.from_numpy(image), 'spectrogram': torch.from_numpy(sound),
                'identity': torch.tensor(number), 'sound_identity': torch.tensor(number)}

class Plain(Correspondence):
    average_limit = 0.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

torch.manual_seed(0)
network = AVOLNet(4, 16, batch_norm=False)
for module in network.modules():
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
directory, batch = Path(sys.argv[1]), int(sys.argv[2])
fit(Plain(network, Budget(3, batch, 0.05, workers=0)), Stream([(Noise(), 1.0)], 1), directory)
"""


def learned(directory, batch, *launcher):
    script = directory.parent / 'learn.py'
    script.write_text(LEARN)
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.getcwd()}
    command = [sys.executable, *launcher, str(script), str(directory), str(batch)]
    subprocess.run(command, check=True, timeout=110, env=environment)
    return torch.load(directory / 'last.ckpt', weights_only=True)['state_dict']


def test_two_processes_learn_what_one_learns_from_twice_the_batch(tmp_path):
    """Without BatchNorm, whose statistics processes share on GPUs alone."""
    alone = learned(tmp_path / 'alone', 8)
    launcher = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2')
    together = learned(tmp_path / 'together', 4, *launcher)
    assert alone.keys() == together.keys()
    for name, weights in alone.items():
        torch.testing.assert_close(together[name], weights, rtol=1e-3, atol=1e-5, msg=name)
    other = learned(tmp_path / 'half', 4)
    assert any(not torch.allclose(other[name], weights, rtol=1e-3, atol=1e-5)
               for name, weights in alone.items())
