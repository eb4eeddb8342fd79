"""AVE-Net, L3-Net, and L3-Net with CCA, on the same scenes: the table of "Objects that Sound"."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import Bank
from ros2_avloc.learning.material.worlds import LEARNED, MEASURED, SET_ASIDE, banks_of, part_named
from ros2_avloc.learning.measures.canonical import canonical, chosen, unit
from ros2_avloc.learning.measures.correspondence import best_threshold, right
from ros2_avloc.learning.measures.figures import Figure, share
from ros2_avloc.learning.measures.retrieval import DIRECTIONS, retrieval
from ros2_avloc.learning.measuring.cases import SINGLE
from ros2_avloc.learning.measuring.embedders import PICTURE_SIDE, Items, Retrieved, of_others
from ros2_avloc.learning.measuring.examination import jpeg
from ros2_avloc.learning.measuring.machine import machine
from ros2_avloc.learning.measuring.tables import markdown, percent, short
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.training.checkpoints import network_in
from ros2_avloc.learning.training.checks import scenes_of
from ros2_avloc.learning.training.loop import scaled

Embeddings = NDArray[np.float64]

ALIGNED = 10
"""So many times the scenes that are measured, canonical correlation is fitted on."""

SCHEMA = 'ros2_avloc comparison 1'


class Described:
    """Scenes as a network describes them."""

    def __init__(self, network: AVENet | L3Net, bank: Bank, count: int, seed: int) -> None:
        scenes = scenes_of(bank, SINGLE, count, seed)
        self.names = np.array([scene.heard[0] for scene in scenes])
        self.frames = torch.stack([torch.from_numpy(scene.picture.rgb.transpose(2, 0, 1).copy())
                                   for scene in scenes])
        sounds = torch.stack([torch.from_numpy(spectrogram(scene.samples))[None] for scene in scenes])
        see, hear = ((network.embed_image, network.embed_sound) if isinstance(network, AVENet)
                     else (network.pool_image, network.pool_sound))
        with torch.no_grad():
            self.images = torch.cat([see(scaled(some)) for some in torch.split(self.frames, 32)])
            self.sounds = torch.cat([hear(some) for some in torch.split(sounds, 32)])
            self.logits = network.compare(self.images, self.sounds).double().numpy()

    @property
    def embeddings(self) -> tuple[Embeddings, Embeddings]:
        """Of images and of sounds, ``(n, d)``, of length 1."""
        return unit(_array(self.images)), unit(_array(self.sounds))

    def pairs(self, seed: int) -> tuple[Embeddings, NDArray[np.bool_]]:
        """Return log-odds of each image with its own sound and one of another category, and the truth."""
        rows, others = np.arange(len(self.names)), of_others(self.names, seed)
        return (np.concatenate([self.logits[rows, rows], self.logits[rows, others]]),
                np.repeat([True, False], len(rows)))


def _array(vectors: Tensor) -> Embeddings:
    return vectors.double().numpy()


def compare(checkpoints: Sequence[Path], pack: Path | None, *, scenes: int, split: str = 'val',
            simulated: bool = True) -> Retrieved:
    """Measure networks for retrieval on the same scenes of the simulated world, and of a split of a pack.

    On as many scenes set aside from training the threshold of AVC is fitted, and the best canonical
    correlation chosen; that is fitted on `ALIGNED` times as many of what was learned from.

    Parameters
    ----------
    checkpoints
        Of AVE-Nets and L3-Nets.

    Returns
    -------
    Retrieved
        The report holds ``schema``, ``machine``, ``date``, ``scenes``, ``checkpoints`` with their SHA-256,
        and ``networks``: by name and set, see docs/evaluation.md.

    Raises
    ------
    InputError
        If a checkpoint or the pack cannot be read.
    """
    networks = {path: read_retriever(path) for path in checkpoints}
    measured = banks_of(pack, MEASURED, part_named(split), simulated=simulated)
    aside = banks_of(pack, SET_ASIDE, 'calibrate', simulated=simulated)
    baseline = any(isinstance(network, L3Net) for network in networks.values())
    learned = banks_of(pack, LEARNED, 'learn', simulated=simulated) if baseline else {}
    found: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, Items]] = {}
    for path, network in networks.items():
        for name, bank in measured.items():
            test, fit = (Described(network, one, scenes, seed)
                         for one, seed in ((bank, MEASURED), (aside[name], SET_ASIDE)))
            avc = {'avc': share(right(*test.pairs(MEASURED), best_threshold(*fit.pairs(SET_ASIDE))))}
            for kind, (one, how) in _items(network, test, fit, learned.get(name), scenes).items():
                called = f'{kind} ({path.parent.parent.name})'
                found.setdefault(called, {})[name] = avc | how | retrieval(one.images, one.sounds, one.names)
                items.setdefault(called, {})[name] = one
    report = {'schema': SCHEMA, 'machine': machine(), 'date': datetime.date.today().isoformat(),
              'scenes': scenes, 'checkpoints': dict(map(_fingerprint, checkpoints)), 'networks': found}
    return Retrieved(report, items)


def _fingerprint(checkpoint: Path) -> tuple[str, str]:
    """Return a checkpoint's run, stage and name, and its SHA-256."""
    return '/'.join(checkpoint.absolute().parts[-3:]), hashlib.sha256(checkpoint.read_bytes()).hexdigest()


def _items(network: AVENet | L3Net, test: Described, fit: Described, learned: Bank | None,
           scenes: int) -> dict[str, tuple[Items, dict[str, Any]]]:
    """Return what is searched, and how it was fitted, by kind of network.

    L3-Net comes without canonical correlation, with that of the paper, and with the one that retrieves best
    on scenes set aside.
    """
    pictures = [jpeg(frame.numpy().transpose(1, 2, 0), PICTURE_SIDE) for frame in test.frames]
    images, sounds = test.embeddings
    if isinstance(network, AVENet) or learned is None:
        return {'AVE-Net': (Items(test.names, images, sounds, pictures), {})}
    pairs = aligned_pairs(network, learned, scenes)
    spaces = {'L3-Net + CCA': canonical(*pairs),
              'L3-Net + CCA, chosen': chosen(pairs, *fit.embeddings, fit.names)}
    return {'L3-Net': (Items(test.names, images, sounds, pictures), {})} | {
        kind: (Items(test.names, space.images(images), space.sounds(sounds), pictures),
               {'components': space.components, 'ridge': space.ridge})
        for kind, space in spaces.items()}


def aligned_pairs(network: L3Net, bank: Bank, scenes: int) -> tuple[Embeddings, Embeddings]:
    """Return what a network makes of scenes that it learned from, ``(n, d)`` each."""
    parts = [Described(network, bank, scenes, 1_000 + part).embeddings for part in range(ALIGNED)]
    images, sounds = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(sounds)


def read_retriever(checkpoint: Path) -> AVENet | L3Net:
    """Read the averaged weights of a checkpoint of an AVE-Net or L3-Net; raise InputError if it is none."""
    network = network_in(checkpoint)
    if isinstance(network, AVOLNet):
        raise InputError(f'{checkpoint} holds an AVOL-Net, which has no embedding of a whole frame; give an '
                         'AVE-Net or L3-Net.')
    return network


def comparison_table(report: dict[str, Any]) -> str:
    """Return the figures of `compare` as Markdown tables, one for each set."""
    networks = report['networks']
    tables = []
    for name in next(iter(networks.values())):
        rows = [[f'{name}: nDCG@30', *(words.replace('_', ' → ') for words in DIRECTIONS), 'AVC']]
        sets = {network: sets[name] for network, sets in networks.items()}
        chance = [short(next(iter(sets.values()))[direction]['chance']) for direction in DIRECTIONS]
        rows.append(['a random order', *chance, '50 %'])
        rows += [[_called(network, one), *(percent(figure) for figure in _row(one))]
                 for network, one in sets.items()]
        tables.append(markdown(rows))
    return '\n\n'.join(tables)


def _called(network: str, one: dict[str, Any]) -> str:
    return f'{network}: {one["components"]} components, ridge {one["ridge"]:g}' if 'ridge' in one else network


def _row(one: dict[str, Any]) -> list[Figure]:
    return [*(one[direction]['ndcg'] for direction in DIRECTIONS), one['avc']]
