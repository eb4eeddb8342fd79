"""Beginning with what another run has learned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ros2_avloc.errors import InputError
from ros2_avloc.learning.networks.matching import Network
from ros2_avloc.learning.training.checkpoints import difference, part_of


def begin_with(network: Network, checkpoint: Path) -> None:
    """Load the weights of another run; of another kind of network, its towers alone.

    Raises
    ------
    InputError
        If it is no checkpoint, or what it holds does not fit.
    """
    weights = part_of(checkpoint, 'network.')
    wanted: Mapping[str, Tensor] = network.state_dict()
    if not _heads(wanted) & _heads(weights):
        wanted, weights = _towers(wanted), _towers(weights)
    other = difference(wanted, weights)
    if other:
        raise InputError(f'{checkpoint} holds another network than --network, --width and --rung ask for: '
                         f'{other}.')
    network.load_state_dict(weights, strict=False)


def _towers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight for name, weight in weights.items() if name.startswith(('vision.', 'sound.'))}


def _heads(weights: Mapping[str, Tensor]) -> set[str]:
    return set(weights) - set(_towers(weights))
