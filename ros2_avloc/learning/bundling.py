"""What ``avloc export`` does: from a checkpoint to a bundle with a model card."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.calibration import calibrate
from ros2_avloc.learning.card import model_card
from ros2_avloc.learning.checks import Check, check_of, logits_of
from ros2_avloc.learning.export import export, golden_of
from ros2_avloc.learning.loop import load_part
from ros2_avloc.learning.measuring import measure_bundle, table
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.worlds import SET_ASIDE, banks_of
from ros2_avloc.model.golden import Golden
from ros2_avloc.vision.preprocess import network_input

CALIBRATED_SCENES = 500


def export_bundle(checkpoint: Path, directory: Path, pack: Path | None, *, name: str,
                  scenes: int) -> dict[str, Any]:
    """Write a bundle from a checkpoint, measure it, and write its model card; return what was measured.

    Raises
    ------
    InputError
        If the checkpoint cannot be read.
    """
    network = read_network(checkpoint)
    aside = banks_of(pack, SET_ASIDE, 'calibrate')
    checks = [check_of(source, bank, CALIBRATED_SCENES, negatives=0.5) for source, bank in aside.items()]
    network, calibration = calibrate(network, checks)
    golden = _clearest(network, checks[0])
    training = _summary(checkpoint, network, pack)

    def write(card: str) -> None:
        export(network, directory, name=name, calibration=calibration, golden=golden, training=training,
               model_card=card)

    write('Not measured yet.\n')
    report = measure_bundle(directory, pack, scenes=scenes)
    write(model_card(name, training, report, table(report)))
    return report


def _clearest(network: AVOLNet, check: Check) -> Golden:
    """Return the scene whose peak is highest: an engine that computes something else must lose it."""
    clearest = int(logits_of(network, check.images, check.spectrograms).amax(dim=(1, 2)).argmax())
    image = network_input(check.images[clearest].numpy().transpose(1, 2, 0))
    return golden_of(network, image, check.spectrograms[clearest, 0].numpy())


def read_network(checkpoint: Path) -> AVOLNet:
    """Read the averaged weights of a checkpoint of ``avloc train``.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        state = torch.load(checkpoint, map_location='cpu', weights_only=True)['state_dict']
        network = AVOLNet(width=state['network.vision.0.weight'].shape[0],
                          embedding=state['network.heads.conv6.weight'].shape[0])
    except (OSError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f'{checkpoint} is no checkpoint of avloc train.') from error
    load_part(network, checkpoint, 'network.')
    return network.eval()


def _summary(checkpoint: Path, network: AVOLNet, pack: Path | None) -> dict[str, Any]:
    state = torch.load(checkpoint, map_location='cpu', weights_only=True)
    recipe = checkpoint.parent.parent / 'recipe.json'
    return {
        'network': {'kind': 'AVOL-Net', 'width': network.width, 'embedding': network.embedding},
        'steps': state['global_step'],
        'data': ['simulated'] if pack is None else ['simulated', 'real'],
        'recipe': json.loads(recipe.read_text(encoding='utf-8')) if recipe.exists() else {},
    }
