"""The model card of an AVE-Net bundle."""

from __future__ import annotations

from typing import Any

from ros2_avloc.learning.bundling.card import recipe_text

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
recordings of the split val, which it never saw, with one object in view, which sounds. AVC: told from a \
sound of another category, which half of the pairs have. Retrieval: an answer is right if it is of the same \
category. In square brackets 95 % intervals.

{table}

What makes a probability of a distance was fitted on scenes set aside from the training split, half of them \
with a sound of another category; one calibration serves all sets.{levelled}

## What it does not know

- Other things than it learned from.
- Synchrony: two of a kind are one to it.
- Where in a frame something is: that is AVOL-Net's.
"""


_LEVELLED = """ So that one can, what tells simulated from real scenes as a whole was taken out of the
embeddings (a direction of images and one of sounds)."""


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
        recipe=recipe_text(training),
        levelled=_LEVELLED if len(training['data']) > 1 else '',
        date=report['date'], engine=report['engine'], table=table)
