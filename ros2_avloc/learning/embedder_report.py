"""What an AVE-Net bundle reaches, and its model card."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.checks import scenes_of
from ros2_avloc.learning.measures.correspondence import right
from ros2_avloc.learning.measures.figures import Figure, share
from ros2_avloc.learning.measures.retrieval import DIRECTIONS, retrieval
from ros2_avloc.learning.scenes import Mixture, Scene
from ros2_avloc.learning.worlds import MEASURED, banks_of
from ros2_avloc.model.bundle import EmbedderBundle
from ros2_avloc.model.embedder import Embedder, open_embedder
from ros2_avloc.model.manifest import Calibration

PAIRS, SINGLE = Mixture(negatives=0.5, duets=0.0, kinds=('elsewhere',)), Mixture(most=1, negatives=0.0)
"""Scenes for AVC, and for retrieval: of one object each, which sounds."""

BALANCED = 0.5

_CARD = """# {name}

AVE-Net (Arandjelović & Zisserman, "Objects that Sound", ECCV 2018), {width} channels in the first block \
(the paper: 64), embeddings of {embedding}. A frame stretched to 224×224, or one second of sound, becomes a \
vector of length 1; the nearer two vectors, the likelier they belong together. It says nothing of where.

## What it learned from

{data}

{steps} steps in the last stage of this recipe:

{recipe}

## What it does

Measured on {date} with {engine}, on simulated scenes of other seeds and on scenes composed from photos and \
recordings of the split val, which it never saw. In brackets 95 % intervals; after the figures of retrieval \
what a random order gets. Retrieval: one object in view, which sounds; an answer is right if it is of the \
same category.

{table}

What makes a probability of a distance was fitted on scenes set aside from the training split.

## What it does not know

- Other things than it learned from.
- Synchrony: two of a kind are one to it.
- Where in a frame something is: that is AVOL-Net's.
"""


def measure_embedder(directory: Path, pack: Path | None, *, scenes: int) -> dict[str, Any]:
    """Measure a bundle of AVE-Net on simulated scenes, and on a pack's split `val`.

    Returns
    -------
    dict
        ``bundle``, ``sha256``, ``engine``, ``date``, and ``sets``: by name of the set (``simulated``,
        ``real``) ``avc``, the share of right decisions on pairs of which half correspond, and what
        `retrieval` returns.
    """
    bundle = EmbedderBundle.load(directory)
    embedder = open_embedder(bundle)
    sets = {name: _figures(embedder, bundle.calibration, bank, scenes)
            for name, bank in banks_of(pack, MEASURED, 'val').items()}
    identity = f'{embedder.identity.name} {embedder.identity.version}, {embedder.identity.precision}'
    embedder.close()
    return {'bundle': bundle.name, 'sha256': bundle.sha256, 'engine': identity,
            'date': datetime.date.today().isoformat(), 'sets': sets}


def _figures(embedder: Embedder, calibration: Calibration, bank: Bank, scenes: int) -> dict[str, Any]:
    pairs = scenes_of(bank, PAIRS, scenes, MEASURED)
    seen, heard = _embedded(embedder, pairs)
    corresponds = np.array([not scene.negative for scene in pairs])
    probabilities = calibration.probability(np.linalg.norm(seen - heard, axis=1)).astype(np.float64)
    single = scenes_of(bank, SINGLE, scenes, MEASURED)
    return {'avc': share(right(probabilities, corresponds, BALANCED)),
            **retrieval(*_embedded(embedder, single), [scene.heard[0] for scene in single])}


def _embedded(embedder: Embedder, scenes: list[Scene]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return (embedder.embed_images(scene.picture.rgb for scene in scenes),
            embedder.embed_sounds(spectrogram(scene.samples) for scene in scenes))


def embedder_table(report: dict[str, Any]) -> str:
    """Return the figures of `measure_embedder` as a Markdown table."""
    sets = report['sets']
    rows = [['', *sets], ['---'] * (1 + len(sets)),
            ['AVC, in view or elsewhere', *(_percent(one['avc']) for one in sets.values())]]
    for direction in DIRECTIONS:
        figures = [one[direction] for one in sets.values()]
        rows.append([f'nDCG@30, {direction.replace("_", " → ")}',
                     *(f'{_plain(one["ndcg"])} ({one["chance"]["value"]:.2f})' for one in figures)])
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def _percent(figure: Figure) -> str:
    low, high = (100 * end for end in figure['interval'])
    return f'{100 * figure["value"]:.1f} % [{low:.0f}, {high:.0f}]'


def _plain(figure: Figure) -> str:
    low, high = figure['interval']
    return f'{figure["value"]:.3f} [{low:.2f}, {high:.2f}]'


def embedder_card(name: str, training: dict[str, Any], report: dict[str, Any], table: str) -> str:
    """Return the model card as Markdown.

    Parameters
    ----------
    training
        As the bundle holds it.
    report, table
        From `measure_embedder` and `embedder_table`.
    """
    data = {'simulated': '- Simulated scenes of ros2_avloc: drawn objects with synthesised sounds.',
            'real': '- Scenes composed from photos and recordings of public collections. Many of these state '
                    'no licence or a non-commercial one: **these weights are for research use**.'}
    return _CARD.format(
        name=name, width=training['network']['width'], embedding=training['network']['embedding'],
        data='\n'.join(data[source] for source in training['data']), steps=training['steps'],
        recipe='\n'.join(f'- {key}: {value}' for key, value in training['recipe'].items()),
        date=report['date'], engine=report['engine'], table=table)
