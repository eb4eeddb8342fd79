"""What ``avloc evaluate`` and ``avloc export`` do."""

from __future__ import annotations

import datetime
import json
import pickle
import platform
from pathlib import Path
from typing import Any

import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.calibration import calibrate
from ros2_avloc.learning.card import model_card
from ros2_avloc.learning.checks import Check, check_of, logits_of
from ros2_avloc.learning.evaluation import measure
from ros2_avloc.learning.export import export, golden_of
from ros2_avloc.learning.loop import load_part
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.worlds import MEASURED, SET_ASIDE, banks_of
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.vision.preprocess import network_input

CALIBRATED_SCENES = 500


def measure_bundle(directory: Path, pack: Path | None, *, scenes: int,
                   engine: str = 'auto') -> dict[str, Any]:
    """Measure a bundle on simulated scenes, and on a pack's split `val`.

    Returns
    -------
    dict
        ``bundle``, ``sha256``, ``engine``, ``machine``, ``date``, ``threshold``, and ``sets``: by name of
        the set (``simulated``, ``real``) what `evaluation.measure` returns.
    """
    bundle = Bundle.load(directory)
    opened, _ = open_engine(bundle, name=engine)
    localizer, threshold = Localizer(opened, bundle), bundle.calibration.threshold
    sets = {name: measure(localizer, threshold, bank, scenes, MEASURED)
            for name, bank in banks_of(pack, MEASURED, 'val').items()}
    identity = f'{opened.identity.name} {opened.identity.version}, {opened.identity.precision}'
    opened.close()
    return {'bundle': bundle.name, 'sha256': bundle.sha256, 'engine': identity, 'machine': _machine(),
            'date': datetime.date.today().isoformat(), 'threshold': threshold, 'sets': sets}


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


def table(report: dict[str, Any]) -> str:
    """Return the figures of `measure_bundle` as a Markdown table."""
    sets = report['sets']
    rows = [['', *sets], ['---'] * (1 + len(sets))]
    for objects in ('1', '2', '3'):
        figures = [one['localisation'][objects] for one in sets.values()]
        rows.append([f'peak on what sounds, {objects} in view (always the centre)',
                     *(f'{_percent(figure)} ({100 * figure["centre"]:.0f} %)' for figure in figures)])
    rows.append(['sound in view: found at the threshold', *(_percent(one['kept']) for one in sets.values())])
    for negative in next(iter(sets.values()))['false_positives']:
        rows.append([f'false positives: {negative}',
                     *(_percent(one['false_positives'].get(negative)) for one in sets.values())])
    rows.append(['AVC, in view or elsewhere', *(f'{100 * one["avc"]:.1f} %' for one in sets.values())])
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write plain values, two blanks deep."""
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def _percent(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return '–'
    low, high = (100 * end for end in figure['interval'])
    return f'{100 * figure["share"]:.1f} % [{low:.0f}, {high:.0f}]'


def _summary(checkpoint: Path, network: AVOLNet, pack: Path | None) -> dict[str, Any]:
    state = torch.load(checkpoint, map_location='cpu', weights_only=True)
    recipe = checkpoint.parent.parent / 'recipe.json'
    return {
        'network': {'kind': 'AVOL-Net', 'width': network.width, 'embedding': network.embedding},
        'steps': state['global_step'],
        'data': ['simulated'] if pack is None else ['simulated', 'real'],
        'recipe': json.loads(recipe.read_text(encoding='utf-8')) if recipe.exists() else {},
    }


def _machine() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
        model = next(line.split(':')[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f'{model}, {torch.get_num_threads()} threads'
