"""The model card of a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ros2_avloc.learning.bundling.again import export_again, learn_again, measure_again
from ros2_avloc.learning.bundling.learned import data_text, limits_text, teaching_text
from ros2_avloc.learning.bundling.rounding import rounding_text
from ros2_avloc.learning.training.recipe import BEFORE, LEARNED_FROM, heeded

_CARD = """# {name}

AVOL-Net (Arandjelović & Zisserman, "Objects that Sound", ECCV 2018), {width} channels in the first block \
({width}/64 of the paper's), embeddings of {embedding}. Input: a frame stretched to 224×224 and one \
second of sound; output: for each cell of a 14×14 grid, the logit that what is seen there makes the sound.

## What it learned from

{data}

{teaching}

No box enters any loss: where things are is not told.

Recipe ({steps} steps in the last stage):

{recipe}

## What it does

Measured on {date} with {engine} on {machine}, at the shipped threshold of {threshold:.2f}, on \
{measured}, with one, two and three objects each. In square brackets 95 % \
intervals; in round ones the share that always pointing at the centre gets, and that of the peak of what is \
seen whatever is heard.

{table}

Threshold and temperature were fitted on what was set aside of: {calibrated_on}; the probability of \
{avc:.2f} from which AVC says that a view and a sound belong together, on what was set aside of: {avc_on}. \
{elsewhere}`docs/evaluation.md` says how scenes are laid out and what each figure is.

{rounding}

- To measure again: {measure}
- To learn again: {again}
- To export again: {export}

## What it does not know

- Other things than it learned from.{limits}
- When a thing that it knows sounds out of view while another is in view: see "a thing not in view".
- Synchrony: sound and picture of a pair are of one thing or one recording, not of one event. Two of a kind \
are one to it.{rooms}
"""

_ROOMS = """
- Real rooms: reverberation, noise and band limits are simulated, and real scenes are composed from photos."""

_SETS = {'simulated': 'simulated scenes of other seeds',
         'real': "scenes composed from photos and recordings of the pack's split val, which it never saw"}

_ASIDE = {'simulated': 'simulated scenes of another seed', 'real': 'the pack'}


def calibrated_elsewhere(training: dict[str, Any]) -> Iterator[str]:
    """Say so where recordings were learned from, and the threshold was fitted without any."""
    learned = [name for name in ('videos', 'bags') if training[LEARNED_FROM][name]]
    if learned and not set(learned) & set(training['calibrated_on']):
        yield ('The threshold is not fitted to the recordings that the network learned from: one in eight of '
               f'16 or more is set aside for that; give avloc export --{learned[0]} as in training.')


def recipe_items(recipe: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a list of a recipe's settings; what was not set, or not heeded, is left out."""
    for name, value in heeded(recipe).items():
        if name in (LEARNED_FROM, BEFORE):
            continue  # the card says it in sentences, and in lists of their own
        if isinstance(value, list):
            yield f'- {name}:'
            yield from (f'  {number}. {step}' for number, step in enumerate(value, start=1))
        elif value is not None:
            yield f'- {name}: {value}'


def recipe_text(training: dict[str, Any]) -> str:
    """Return the recipe as a Markdown list; below it those of what was there before, and of a mean."""
    recipe, means = training['recipe'], training.get('mean_with', [])
    others = {f'The recipe of {name}, which was there before:': one
              for name, one in recipe.get(BEFORE, {}).items()}
    others |= {f'The recipe of {one["checkpoint"]}, which the mean was taken with:': one['recipe']
               for one in means}
    return '\n\n'.join([_listed(recipe), *(f'{title}\n\n{_listed(one)}' for title, one in others.items())])


def _listed(recipe: Mapping[str, Any]) -> str:
    return '\n'.join(recipe_items(recipe)) or '- not recorded'


def measured_on(report: Mapping[str, Any]) -> str:
    """Say which sets a report has, and of how many scenes."""
    return ' and on '.join(f'{_SETS[name]} ({one["origin"]["scenes"]})'
                           for name, one in report['sets'].items())


def aside(names: list[str]) -> str:
    """Say what of was set aside."""
    return ', '.join(_ASIDE.get(name, f'the {name}') for name in names)


def model_card(name: str, training: dict[str, Any], report: dict[str, Any], table: str) -> str:
    """Return the model card as Markdown.

    Parameters
    ----------
    training
        As the bundle holds it.
    report
        From `bundles.measure_bundle`.
    table
        Its figures.
    """
    network, sources = training['network'], training[LEARNED_FROM]
    recorded = sources['videos'] or sources['bags']
    return _CARD.format(
        name=name, width=network['width'], embedding=network['embedding'], data=data_text(training),
        teaching=teaching_text(training), recipe=recipe_text(training), steps=training['steps'],
        date=report['date'], engine=report['engine'], machine=report['machine'],
        threshold=report['threshold'], measured=measured_on(report), table=table,
        avc=report['thresholds']['avc'], avc_on=aside(report['thresholds']['fitted_on']),
        calibrated_on=aside(training['calibrated_on']),
        elsewhere=''.join(f'{sentence} ' for sentence in calibrated_elsewhere(training)),
        rounding=rounding_text(training['rounding']), measure=measure_again(report),
        again=learn_again(training['recipe']), export=export_again(training, report),
        limits=''.join(f' {sentence}' for sentence in limits_text(training)),
        rooms='' if recorded else _ROOMS)
