"""What ``avloc export`` does: from a checkpoint to a bundle with a model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

from torch import Tensor

from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.averaging import mean_of
from ros2_avloc.learning.bundling.calibration import calibrate, calibrate_embedder
from ros2_avloc.learning.bundling.card import calibrated_elsewhere, model_card
from ros2_avloc.learning.bundling.embedder_card import embedder_card
from ros2_avloc.learning.bundling.graphs import export
from ros2_avloc.learning.bundling.learned import pack_facts
from ros2_avloc.learning.bundling.levelling import levelled
from ros2_avloc.learning.bundling.rounding import cost_of_rounding
from ros2_avloc.learning.material.scenes import NEGATIVES
from ros2_avloc.learning.material.worlds import SET_ASIDE, banks_of
from ros2_avloc.learning.measuring.bundles import measure_bundle
from ros2_avloc.learning.measuring.embedders import embedder_table, measure_embedder
from ros2_avloc.learning.measuring.tables import table
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.networks.towers import STRIDE
from ros2_avloc.learning.training.checkpoints import difference, network_in, read_state
from ros2_avloc.learning.training.checks import Check, check_of, logits_of, recorded_checks
from ros2_avloc.learning.training.recipe import LEARNED_FROM, RECIPE, learned_from, read_recipe, together
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.vision.preprocess import network_input

CALIBRATED_SCENES = 500

NAMES = {AVOLNet: 'avolnet', AVENet: 'avenet'}
"""What a bundle is called, where nobody says."""

CALLED = {AVOLNet: 'AVOL-Net', AVENet: 'AVE-Net'}
"""What a network is called in its manifest and on its card."""


def export_bundle(checkpoint: Path, directory: Path, pack: Path | None, *,
                  recorded: Mapping[str, Path] | None = None, named: Named = BY_TYPE,
                  mean_with: Sequence[Path] = (), name: str | None = None, scenes: int) -> str:
    """Write a bundle from a checkpoint, measure it, and write its model card.

    Parameters
    ----------
    checkpoint
        Of an AVOL-Net or an AVE-Net.
    directory
        To write the bundle to.
    pack
        Photos and recordings to calibrate and measure with, beside simulated scenes.
    recorded
        Folders of recordings to calibrate with what is set aside of them, by name: ``videos``, ``bags``.
    named
        Topics of bags.
    mean_with
        Checkpoints of other runs of the same network, whose weights the mean is taken with.
    name
        Of the model; without it one of `NAMES`.
    scenes
        For each measurement.

    Returns
    -------
    str
        The figures, as a Markdown table; below it, where the threshold was fitted on other material than
        was learned from, a sentence that says so.

    Raises
    ------
    InputError
        If a checkpoint, the pack or a folder cannot be read, checkpoints are of different networks, or
        nothing can be written there.
    """
    network = read_network(checkpoint, mean_with)
    name = name or NAMES[type(network)]
    training = _summary(network, pack, [_run(path) for path in (checkpoint, *mean_with)])
    _make(directory)
    checks = _checks(network, training['recipe'], pack, recorded or {}, named)
    training['calibrated_on'] = [check.name for check in checks]
    if isinstance(network, AVENet):
        network = levelled(network, [check for check in checks if check.name not in (recorded or {})])
        calibration = calibrate_embedder(network, checks)
    else:
        network, calibration = calibrate(network, checks)
    training['rounding'] = cost_of_rounding(network, checks, calibration)
    image, spectrogram = _clearest(network, checks[0])
    write = partial(export, network, directory, name=name, calibration=calibration, training=training,
                    image=network_input(image.numpy().transpose(1, 2, 0)), spectrogram=spectrogram.numpy())
    figures = _measured(network, name, directory, pack, scenes, training, write)
    return '\n\n'.join([figures, *calibrated_elsewhere(training)])


def _checks(network: AVOLNet | AVENet, recipe: dict[str, Any], pack: Path | None,
            recorded: Mapping[str, Path], named: Named) -> list[Check]:
    """Return what to calibrate on, of items that nothing was learned from.

    Drawings are left out where none were learned from, unless there is nothing else.
    """
    found = recorded_checks(recorded, CALIBRATED_SCENES, named)
    simulated = recipe.get('simulated_share', 1) > 0 or not (pack or found)
    # Whole frames are told apart by one thing in them; many things are nobody's neighbour, nor is silence.
    most, kinds = (1, ('elsewhere',)) if isinstance(network, AVENet) else (4, NEGATIVES)
    banks = banks_of(pack, SET_ASIDE, 'calibrate', simulated=simulated)
    return found + [check_of(source, bank, CALIBRATED_SCENES, negatives=0.5, most=most, kinds=kinds)
                    for source, bank in banks.items()]


def _make(directory: Path) -> None:
    """Make the bundle's directory before minutes of work, not after."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f'{directory} cannot be written to ({error.strerror}); give another directory for '
                         'the bundle.') from error


def _measured(network: AVOLNet | AVENet, name: str, directory: Path, pack: Path | None, scenes: int,
              training: dict[str, Any], write: Callable[..., None]) -> str:
    """Write a bundle, measure what was written, and write it again with the figures on its card."""
    write(model_card='Not measured yet.\n')
    if isinstance(network, AVENet):
        report = measure_embedder(directory, pack, scenes=scenes).report
        figures = embedder_table(report)
        write(model_card=embedder_card(name, training, report, figures))
    else:
        report = measure_bundle(directory, pack, scenes=scenes)
        figures = table(report)
        thresholds = {key: report['thresholds'][key] for key in ('avc', 'area', 'fitted_on')}
        write(model_card=model_card(name, training, report, figures), thresholds=thresholds)
    return figures


def _clearest(network: AVOLNet | AVENet, check: Check) -> tuple[Tensor, Tensor]:
    """Return the image and the spectrogram of the scene that a network is surest of.

    An engine that computes something else must lose it.
    """
    logits = logits_of(network, check.images, check.spectrograms)
    clearest = int(logits.reshape(len(logits), -1).amax(dim=1).argmax())
    return check.images[clearest], check.spectrograms[clearest, 0]


def read_network(checkpoint: Path, mean_with: Sequence[Path] = ()) -> AVOLNet | AVENet:
    """Read the averaged weights of a checkpoint of ``avloc train``; their names tell which network it is.

    Parameters
    ----------
    mean_with
        Checkpoints of other runs: the network gets the mean of all their weights.

    Raises
    ------
    InputError
        If one cannot be read, is of a network that no bundle can hold, or of another one than the first.
    """
    runs: list[dict[str, Tensor]] = []
    for path in (checkpoint, *mean_with):
        found = network_in(path)
        if isinstance(found, L3Net):
            raise InputError(f'{path} holds an L3-Net; a bundle holds an AVOL-Net or an AVE-Net.')
        if isinstance(found, AVOLNet) and found.stride != STRIDE:
            raise InputError(f'{path} holds a network with cells of {found.stride} pixels; a bundle holds '
                             f'one with cells of {STRIDE}, so give the checkpoint of such a one.')
        network = found
        runs.append(network.state_dict())
        other = difference(runs[0], runs[-1])
        if other:
            raise InputError(f'{path} holds another network than {checkpoint}: {other}; only runs of the '
                             'same network have a mean.')
    network.load_state_dict(mean_of(runs))
    return network.eval()


def _run(checkpoint: Path) -> dict[str, Any]:
    """Return what a run says of itself; of its path only the names."""
    return {
        'checkpoint': '/'.join(checkpoint.absolute().parts[-3:]),  # RUN/STAGE/last.ckpt
        'steps': read_state(checkpoint)['global_step'],
        'recipe': read_recipe(checkpoint.parent.parent / RECIPE),
    }


def _summary(network: AVOLNet | AVENet, pack: Path | None, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the manifest and the card say of training, as far as checkpoints, recipes and pack tell."""
    recipe, *others = (run['recipe'] for run in runs)
    sources = reduce(together, map(learned_from, others), learned_from(recipe))
    facts = None if pack is None else pack_facts(pack)
    summary = {
        'network': {'kind': CALLED[type(network)], 'width': network.width, 'embedding': network.embedding},
        'steps': runs[0]['steps'],
        LEARNED_FROM: sources,
        'pack': facts if facts and facts['name'] in sources['packs'] else None,
        'recipe': recipe,
    }
    if not others:
        return summary
    mean = [f'{run["checkpoint"]}, {run["steps"]} steps' for run in runs]
    return summary | {'recipe': recipe | {'mean_of': mean}, 'mean_with': runs[1:]}
