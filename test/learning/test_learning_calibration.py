"""Calibration recovers what is known of made logits."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from ros2_avloc.learning.bundling.calibration import _fitted, _threshold, calibrate
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training.checks import check_of, logits_of


def test_shift_and_temperature_of_logistic_samples_are_found():
    rng = np.random.default_rng(0)
    best = rng.uniform(-10, 14, 40_000)
    truth = rng.random(40_000) < expit((best - 2.0) / 3.0)
    shift, temperature = _fitted(best, truth)
    assert shift == pytest.approx(2.0, abs=0.2)
    assert temperature == pytest.approx(3.0, rel=0.05)


def test_the_threshold_keeps_most_of_what_sounds():
    found = np.linspace(0.2, 0.9, 1_000)
    assert (found >= _threshold(found)).mean() == pytest.approx(0.82, abs=0.002)


@torch.no_grad()
def test_the_shift_goes_into_the_bias_of_a_copy(world):
    torch.manual_seed(0)
    network = AVOLNet(4).eval()
    check = check_of('simulated', world, 12, negatives=0.5)
    moved, calibration = calibrate(network, [check])
    before, after = (logits_of(one, check.images, check.spectrograms) for one in (network, moved))
    shift = float(moved.heads.bias - network.heads.bias)
    torch.testing.assert_close(after - before, torch.full_like(after, shift))
    assert moved.heads.bias != network.heads.bias
    assert 0 < calibration.threshold < 1
