"""The model card of a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ros2_avloc.learning.bundling.again import learn_again

_CARD = """# {name}

AVOL-Net (Arandjelović & Zisserman, "Objects that Sound", ECCV 2018), {width} channels in the first block \
({share} of the paper's), embeddings of {embedding}. Input: a frame stretched to 224×224 and one second of \
sound; output: for each cell of a 14×14 grid, the logit that what is seen there makes the sound.

## What it learned from

{data}

No box enters any loss: where things are is not told. The category of a photo, drawing or recording says \
which of them make one pair, and which pairs of a batch are left out because they might correspond after all.

{named}

{warm}

Recipe ({steps} steps in the last stage):

{recipe}

## What it does

Measured on {date} with {engine} on {machine}, at the shipped threshold of {threshold:.2f}, on simulated \
scenes of other seeds and on scenes composed from photos and recordings of the split val, which it never \
saw. In square brackets 95 % intervals; in round ones the share that always pointing at the centre gets, and \
that of the peak of what is seen whatever is heard.

{table}

Threshold and temperature were fitted on what was set aside of: {calibrated_on}; the probability of \
{avc:.2f} from which AVC says that a view and a sound belong together, on what was set aside of: {avc_on}. \
{elsewhere}`docs/evaluation.md` says how scenes are laid out and what each figure is.

- To measure again: `avloc evaluate --bundle BUNDLE --pack PACK`
- To learn again: {again}
- To export again: `avloc export RUN/avc/last.ckpt BUNDLE --pack PACK`

## What it does not know

- Other things than it learned from. {known}
- When a thing that it knows sounds out of view while another is in view: see the table's "elsewhere".
- Synchrony: pairs are made by what a thing is, not by what happens when. Two of a kind are one to it.
- Real rooms: reverberation, noise and band limits are simulated, and real scenes are composed from photos.
"""

_SIMULATED = '- Simulated scenes of ros2_avloc: 14 kinds of drawn objects with synthesised sounds.'

_REAL = """- Scenes composed from photos and recordings of 21 categories (instruments, animals, people who \
speak, vehicles, a clock, a keyboard) from public collections. Many of these state no licence or a \
non-commercial one: **these weights are for research use**."""

_WARM = """The towers were warm-started: before AVC training they learned to answer to composed scenes as
two small networks do that were trained on labels, MobileNetV2 (ImageNet) for each cell and YAMNet
(AudioSet) for the second of sound. Nothing of those networks' weights is in this file; part of what they
know is."""

_NAMED = """Categories are used as labels too: before AVC training each tower learned to name single objects
and single sounds, and during it to say which categories are in view. The objects are crops of a quarter of
a frame, cut where a scene has one; the place in the crop is not told. The layers that name are not in this
file."""

_NAMELESS = 'Categories are used for nothing else: this is label-free AVC training.'

_COLD = 'The towers began with random weights.'

_BEGUN = 'The network went on from that of another run, which the recipe names.'

_KNOWN = 'It knows the categories above and few individuals of some: one keyboard, 24 actors, 30 clocks.'


def calibrated_elsewhere(training: dict[str, Any]) -> Iterator[str]:
    """Say so where recordings were learned from, and the threshold was fitted without any."""
    learned = [name for name in ('videos', 'bags') if training['recipe'].get(name)]
    if learned and not set(learned) & set(training['calibrated_on']):
        yield ('The threshold is not fitted to the recordings that the network learned from: one in eight of '
               f'16 or more is set aside for that; give avloc export --{learned[0]} as in training.')


def recipe_items(recipe: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a list of a recipe's settings; what was not set is left out."""
    for name, value in recipe.items():
        if isinstance(value, list):
            yield f'- {name}:'
            yield from (f'  {number}. {step}' for number, step in enumerate(value, start=1))
        elif value is not None:
            yield f'- {name}: {value}'


def recipe_text(training: dict[str, Any]) -> str:
    """Return the recipe as a Markdown list; of a mean those of the other runs below it."""
    parts = ['\n'.join(recipe_items(training['recipe']))]
    for other in training.get('mean_with', []):
        items = '\n'.join(recipe_items(other['recipe'])) or '- not recorded'
        parts.append(f'The recipe of {other["checkpoint"]}, which the mean was taken with:\n\n{items}')
    return '\n\n'.join(parts)


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
    network, recipe, real = training['network'], training['recipe'], len(training['data']) > 1
    return _CARD.format(
        name=name, width=network['width'], embedding=network['embedding'], share=f'{network["width"]}/64',
        data='\n'.join([_SIMULATED, _REAL] if real else [_SIMULATED]),
        named=_NAMED if recipe.get('categories') else _NAMELESS,
        again=learn_again(recipe),
        warm=_WARM if recipe.get('teachers') else _BEGUN if recipe.get('start') else _COLD,
        recipe=recipe_text(training), steps=training['steps'], date=report['date'],
        engine=report['engine'], machine=report['machine'], threshold=report['threshold'], table=table,
        avc=report['thresholds']['avc'], avc_on=', '.join(report['thresholds']['fitted_on']),
        calibrated_on=', '.join(training['calibrated_on']), elsewhere=''.join(
            f'{sentence} ' for sentence in calibrated_elsewhere(training)),
        known=_KNOWN if real else 'It has seen drawings alone.',
    )
