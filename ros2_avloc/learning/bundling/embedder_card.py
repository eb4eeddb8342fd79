"""The model card of an AVE-Net bundle."""

from __future__ import annotations

from typing import Any

from ros2_avloc.learning.bundling.again import export_again, learn_again, measure_again
from ros2_avloc.learning.bundling.card import aside, measured_on, recipe_text
from ros2_avloc.learning.bundling.learned import data_text, limits_text, teaching_text
from ros2_avloc.learning.bundling.rounding import rounding_text

_CARD = """# {name}

AVE-Net (Arandjelović & Zisserman, "Objects that Sound", ECCV 2018), {width} channels in the first block \
(the paper: 64), embeddings of {embedding}. A frame stretched to 224×224, or one second of sound, becomes a \
vector of length 1; the nearer two vectors, the likelier they belong together. It says nothing of where.

## What it learned from

{data}

{teaching}

Recipe ({steps} steps in the last stage):

{recipe}

## What it does

Measured on {date} with {engine} on {machine}, on {measured}, with one object \
in view, which sounds. AVC: told from a sound of another category, which half of the pairs have. Retrieval: \
an answer is right if it is of the same category; the more scenes, the harder. In square brackets 95 % \
intervals.

{table}

What makes a probability of a distance was fitted on what was set aside of: {calibrated_on}; half of \
the pairs have a sound of another category, and one calibration serves all sets. \
`avloc search` calls that probability "belongs together"; AVC decides at 0.5.{levelled}

{rounding}

- To measure again: {measure}
- To learn again: {again}
- To export again: {export}

## What it does not know

- Other things than it learned from.{limits}
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
    levelled = {'simulated', 'real'} <= set(training['calibrated_on'])
    return _CARD.format(
        name=name, width=training['network']['width'], embedding=training['network']['embedding'],
        data=data_text(training), teaching=teaching_text(training), steps=training['steps'],
        recipe=recipe_text(training), levelled=_LEVELLED if levelled else '',
        date=report['date'], engine=report['engine'], machine=report['machine'],
        measured=measured_on(report), table=table, calibrated_on=aside(training['calibrated_on']),
        rounding=rounding_text(training['rounding']), measure=measure_again(report),
        again=learn_again(training['recipe']), export=export_again(training, report),
        limits=''.join(f' {sentence}' for sentence in limits_text(training)))
