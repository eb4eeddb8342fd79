"""Checkpoints as files: what a run keeps, read back and looked at before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ros2_avloc.audio.spectrogram import AudioFrontEnd
from ros2_avloc.errors import InputError
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.networks.matching import Network
from ros2_avloc.learning.networks.towers import STRIDE
from ros2_avloc.vision.preprocess import ImageFrontEnd

LAST = 'last.ckpt'
"""Name of a stage's checkpoint."""

STRIDE_KEY = 'stride'
"""Of a checkpoint: pixels per cell of its network's grid, which no weight tells."""

FRONT_ENDS_KEY = 'front_ends'
"""Of a checkpoint: the versions of the front ends that its network learned behind."""

FRONT_ENDS = {'audio': AudioFrontEnd().version, 'image': ImageFrontEnd().version}

_BEFORE = {'audio': 1, 'image': 2}
"""Versions when none were kept."""

State = dict[str, Any]


def read_state(checkpoint: Path) -> State:
    """Read a checkpoint; its ``state_dict`` holds tensors by name, its ``global_step`` is a number.

    Raises
    ------
    InputError
        If it cannot be read, is something else, or was learned behind other front ends.
    """
    try:
        state: State = torch.load(checkpoint, map_location='cpu', weights_only=True)
    except OSError as error:
        raise InputError(f'{checkpoint} cannot be read ({error.strerror}).') from error
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f'{checkpoint} is no checkpoint of avloc train, or is damaged.') from error
    if not _holds_weights(state):
        raise InputError(f'{checkpoint} is no checkpoint of avloc train.')
    learned = state.get(FRONT_ENDS_KEY, _BEFORE)
    if learned != FRONT_ENDS:
        raise InputError(f'{checkpoint} was learned behind other front ends than this version has '
                         f'({learned}, here {FRONT_ENDS}); learn anew.')
    return state


def _holds_weights(state: Any) -> bool:
    weights = state.get('state_dict') if isinstance(state, dict) else None
    return isinstance(weights, dict) and isinstance(state.get('global_step'), int) and all(
        isinstance(name, str) and isinstance(weight, Tensor) for name, weight in weights.items())


def part_of(checkpoint: Path, prefix: str) -> dict[str, Tensor]:
    """Return the averaged weights whose names begin with `prefix`, by the rest of their names.

    Raises
    ------
    InputError
        See `read_state`.
    """
    return _named(read_state(checkpoint), prefix)


def _named(state: State, prefix: str) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = state['state_dict']
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def load_all(module: nn.Module, checkpoint: Path) -> None:
    """Load the averaged weights of a checkpoint into the module that wrote it.

    Raises
    ------
    InputError
        If the module has other layers than the one that did, or see `read_state`.
    """
    weights = part_of(checkpoint, '')
    other = difference(module.state_dict(), weights)
    if other:
        raise InputError(f'{checkpoint} is of a run with other layers ({other}); give the same command, with '
                         'the same sources, or another directory.')
    module.load_state_dict(weights)


def begun_at(checkpoint: Path) -> tuple[int, float]:
    """Return the steps that were done, and the seconds that were spent, when a checkpoint was saved.

    Raises
    ------
    InputError
        If it is damaged.
    """
    try:
        state = read_state(checkpoint)
        return state['global_step'], float(state['callbacks']['Keeper']['seconds'])
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise InputError(f'{checkpoint} is damaged; remove its directory, and --resume goes on from the '
                         'stage before.') from error


def network_in(checkpoint: Path) -> Network:
    """Return the network of a checkpoint, with its averaged weights; their names tell which one it is.

    Raises
    ------
    InputError
        If it holds none, its stride is none, or see `read_state`.
    """
    state = read_state(checkpoint)
    weights, stride = _named(state, 'network.'), _stride_of(checkpoint, state)
    try:
        network = _network_of(weights, stride)
        network.load_state_dict(weights)
    except (KeyError, IndexError, RuntimeError) as error:
        raise InputError(f'{checkpoint} holds no AVOL-Net, AVE-Net or L3-Net.') from error
    return network.eval()


def _stride_of(checkpoint: Path, state: State) -> int:
    """Return the stride that was saved; what was saved without one has the paper's."""
    stride = state.get(STRIDE_KEY, STRIDE)
    if not isinstance(stride, int) or stride < 8 or stride % 8:
        raise InputError(f'{checkpoint} is damaged: its stride is {stride!r}, no multiple of 8; learn anew.')
    return stride


def _network_of(weights: Mapping[str, Tensor], stride: int) -> Network:
    width = weights['vision.0.weight'].shape[0]
    if 'heads.conv6.weight' in weights:
        return AVOLNet(width, weights['heads.conv6.weight'].shape[0], stride,
                       batch_norm='heads.norm5.weight' in weights)
    if 'see.fc2.weight' in weights:
        return AVENet(width, weights['see.fc2.weight'].shape[0], 'see.norm1.weight' in weights)
    return L3Net(width, 'norm1.weight' in weights)


def difference(here: Mapping[str, Tensor], there: Mapping[str, Tensor]) -> str:
    """Say which weight has another shape there, or is missing, the first by name; nothing if none."""
    ours, theirs = ({name: tuple(weight.shape) for name, weight in state.items()} for state in (here, there))
    wrong = sorted({name for name, _ in ours.items() ^ theirs.items()})
    return '' if not wrong else (f'{wrong[0]} is {theirs.get(wrong[0], "missing")} there, '
                                 f'{ours.get(wrong[0], "missing")} here')
