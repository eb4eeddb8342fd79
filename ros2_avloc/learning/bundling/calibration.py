"""From logits to probabilities, and from probabilities to a decision, fitted on scenes set aside."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.learning.training.checks import Check, logits_of
from ros2_avloc.model.manifest import Calibration

KEPT = 0.82
"""Share of the scenes with a sound in view that reach the threshold, in the harder of the banks."""

Values = NDArray[np.float64]


def calibrate(network: AVOLNet, checks: Sequence[Check]) -> tuple[AVOLNet, Calibration]:
    """Fit how a network's best logit becomes the probability that something in view makes the sound.

    Parameters
    ----------
    checks
        One for each bank, of items that nothing was learned from.

    Returns
    -------
    AVOLNet
        A copy whose bias (conv7) has been moved so that probability 0.5 is where the two cases balance.
    Calibration
        The temperature, and the threshold.
    """
    network = copy.deepcopy(network).eval()
    best = [logits_of(network, check.images, check.spectrograms).amax(dim=(1, 2)).double().numpy()
            for check in checks]
    shift, temperature, threshold = _decided(best, checks)
    with torch.no_grad():
        network.heads.bias.sub_(shift)
    return network, Calibration(threshold, temperature)


def calibrate_embedder(network: AVENet, checks: Sequence[Check]) -> Calibration:
    """Fit how the distance of two embeddings becomes the probability that frame and sound correspond.

    Parameters
    ----------
    checks
        As in `calibrate`.
    """
    odds = [logits_of(network, check.images, check.spectrograms).double().numpy() for check in checks]
    shift, temperature, threshold = _decided(odds, checks)
    return Calibration(threshold, temperature, network.slope.item(), network.offset.item() - shift)


def _decided(values: Sequence[Values], checks: Sequence[Check]) -> tuple[float, float, float]:
    """Return shift, temperature and threshold for what a network says of each check."""
    truth = [check.corresponds.numpy() for check in checks]
    shift, temperature = _fitted(np.concatenate(values), np.concatenate(truth))
    thresholds = [_threshold(expit((some[right] - shift) / temperature))
                  for some, right in zip(values, truth, strict=True)]
    return shift, temperature, min(thresholds)


def _fitted(best: Values, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the likeliest shift and temperature, both cases weighing the same."""
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    sign = np.where(truth, -1.0, 1.0)

    def loss(parameters: Values) -> float:
        return float(np.sum(weight * np.logaddexp(0, sign * (best - parameters[0]) * np.exp(-parameters[1]))))

    shift, log_temperature = minimize(loss, np.array([np.median(best), 0.0])).x
    return float(shift), float(np.exp(log_temperature))


def _threshold(found: Values) -> float:
    return float(np.clip(np.quantile(found, 1 - KEPT), 0.1, 0.95))
