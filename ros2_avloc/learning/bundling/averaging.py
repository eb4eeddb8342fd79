"""The mean of the weights of several runs of one network.

Where runs share their beginning, the mean is often better than each (Wortsman et al., "Model soups", ICML
2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def mean_of(runs: Sequence[Weights]) -> dict[str, Tensor]:
    """Return the mean of each weight, by name; of integers, which count batches, the largest.

    Running statistics of BatchNorm are averaged too. For equal inputs a layer of mean weights has the mean of
    the means, and a variance of at most the mean of the variances.

    Parameters
    ----------
    runs
        Weights by name, of the same names and shapes.
    """
    return {name: _mean(torch.stack([weights[name] for weights in runs])) for name in runs[0]}


def _mean(values: Tensor) -> Tensor:
    if not values.is_floating_point():
        return values.amax(dim=0)
    return values.double().mean(dim=0).to(values.dtype)
