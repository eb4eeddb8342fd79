"""A recipe: how a network is to learn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.learning.training.loop import Budget
from ros2_avloc.learning.training.rungs import RUNGS

RECIPE = 'recipe.json'
"""Name of the file in a run's directory that says what it learns from."""


@dataclass(frozen=True)
class Recipe:
    """How to learn; the options of ``avloc train``.

    Attributes
    ----------
    rung
        One of `RUNGS`.
    network
        ``'avol'``, ``'ave'`` or ``'l3'``.
    pack, videos, bags
        What to learn from besides simulated scenes.
    image_topic, audio_topic
        Of bags that have several cameras or microphones; empty: found by their type.
    teachers
        Directory of the teachers, for the rung `taught`.
    start
        Checkpoint of another run, whose network is gone on from.
    simulated_share
        Of all items.
    length, in_minutes
        Of the whole run, in steps or minutes.
    stages
        Budgets of single stages, see `rungs.budgets`.
    batch, rate
        Of AVC; ``None``: the rung's.
    curriculum
        Scenes until one more object is in view, for the rung `label-free`.
    width
        Channels of the towers' first block.
    seed
        Of the weights and of all that is drawn.
    workers
        Processes that compose items.
    """

    rung: str = 'taught'
    network: str = 'avol'
    pack: Path | None = None
    videos: Path | None = None
    bags: Path | None = None
    image_topic: str = ''
    audio_topic: str = ''
    teachers: Path | None = None
    start: Path | None = None
    simulated_share: float = 1 / 4
    length: float = 60.0
    in_minutes: bool = True
    stages: tuple[str, ...] = ()
    batch: int | None = None
    rate: float | None = None
    curriculum: int = 4_000
    width: int = 32
    seed: int = 1
    workers: int = 1


def check_resumed(recipe: Recipe, out: Path) -> None:
    """Refuse to go on with another network than a run was begun with.

    Raises
    ------
    InputError
        If ``recipe.json`` in `out` names another rung, network or width.
    """
    begun = read_recipe(out / RECIPE)
    for option in ('rung', 'network', 'width'):
        asked = getattr(recipe, option)
        if begun.get(option, asked) != asked:
            raise InputError(f'The run in {out} was begun with --{option} {begun[option]}, not {asked}; '
                             'give the same command, or another directory.')


def read_recipe(path: Path) -> dict[str, Any]:
    """Return what `written` wrote; nothing where there is no such file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f'{path} cannot be read ({error}); it says what a run learned from.') from error
    if not isinstance(found, dict):
        raise InputError(f'{path} is no recipe of avloc train; it says what a run learned from.')
    return found


def written(recipe: Recipe, budget: dict[str, Budget]) -> dict[str, Any]:
    """Return a recipe as the model card and ``recipe.json`` state it; of paths only their names.

    Packs, categories and teachers count that the network learned from in the run that it began in, too.
    """
    settings = {name: value.name if isinstance(value, Path) else value
                for name, value in asdict(recipe).items()}
    for name in ('length', 'in_minutes', 'batch', 'rate'):
        del settings[name]
    for name in ('image_topic', 'audio_topic'):
        settings[name] = settings[name] or None
    before: dict[str, Any] = {}
    if recipe.start is not None:
        settings['start'] = '/'.join(recipe.start.absolute().parts[-3:])  # RUN/STAGE/last.ckpt
        before = read_recipe(recipe.start.parent.parent / RECIPE)
    taught = recipe.rung == 'taught'
    settings |= {'categories': taught, 'teachers': taught and recipe.teachers is not None}
    return settings | known(settings, before) | {
        'says': RUNGS[recipe.rung].says,
        'stages': [f'{name}: {one.length:g} {"minutes" if one.in_minutes else "steps"}, batch {one.batch}, '
                   f'rate {one.learning_rate:g}' for name, one in budget.items()],
    }


def known(recipe: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pack that either of two runs learned from, and whether categories and teachers were used."""
    return {'pack': recipe.get('pack') or other.get('pack')} | {
        name: bool(recipe.get(name) or other.get(name)) for name in ('categories', 'teachers')}
