"""A recipe: how a network is to learn."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.learning.training.loop import Budget
from ros2_avloc.learning.training.rungs import RUNGS
from ros2_avloc.model.manifest import MANIFEST_NAME, read_manifest

RECIPE = 'recipe.json'
"""Name of the file in a run's directory that says what it learns from."""

LEARNED_FROM = 'learned_from'
"""Key of a recipe that tells all that a network knows, the runs that it began with counted in."""

BEFORE = 'before'
"""Key of a recipe that holds those of the networks that it began with, and of elders, by name."""

Sources = dict[str, Any]


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
        Checkpoint of another run, or directory of a bundle, whose network is gone on from.
    agree_with
        As `start`: further networks that the stage `agreement` learns from.
    simulated_share
        Of all items.
    length, in_minutes
        Of the whole run, in steps or minutes.
    stages
        Budgets of single stages, see `rungs.budgets`.
    batch, rate
        Of all stages but `pictures` and `sounds`; ``None``: the rung's.
    curriculum
        Scenes until one more object is in view, for the rung `label-free`.
    width, embedding
        Channels of the towers' first block, and length of the embeddings (L3-Net has none).
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
    agree_with: tuple[Path, ...] = ()
    simulated_share: float = 1 / 4
    length: float = 60.0
    in_minutes: bool = True
    stages: tuple[str, ...] = ()
    batch: int | None = None
    rate: float | None = None
    curriculum: int = 4_000
    width: int = 32
    embedding: int = 128
    seed: int = 1
    workers: int = 1


OF_ONE_RUNG = {'curriculum': 'label-free'}
"""Options that one rung alone heeds."""

FREE = ('rate', 'workers')
"""Options that may be others when a run goes on, as its length may: item k depends on none of them."""


def check_resumed(recipe: Recipe, out: Path) -> None:
    """Refuse to go on with other data, or another network, than a run was begun with.

    Raises
    ------
    InputError
        If ``recipe.json`` in `out` says something else of one of the options that decide these.
    """
    begun, asked = read_recipe(out / RECIPE), _settings(recipe)
    # Before there was `learned_from`, these told of the run before as well.
    mixed = () if LEARNED_FROM in begun else ('pack', 'teachers')
    for option, value in asked.items():
        if option not in (*FREE, *mixed) and begun.get(option, value) != value:
            raise InputError(f'The run in {out} was begun {_said(option, begun[option])}, this command is '
                             f'{_said(option, value)}; give the same command, or another directory.')


def _said(option: str, value: Any) -> str:
    option = option.replace('_', '-')
    if value is None:
        return f'without --{option}'
    return 'with ' + ' '.join(f'--{option} {one}' for one in (value if isinstance(value, list) else [value]))


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

    What the run learned from that it began with counts as learned from.
    """
    settings = _settings(recipe)
    starts = [] if recipe.start is None else [recipe.start]
    begun = [recipes_of(place) for place in (*starts, *recipe.agree_with)]
    sources = [learned_from(one) for recipes in begun for one in recipes.values()]
    return settings | {
        BEFORE: {name: one for recipes in begun for name, one in recipes.items()},
        LEARNED_FROM: reduce(together, sources, _sources(settings)),
        'says': RUNGS[recipe.rung].says,
        'stages': [f'{name}: {one.length:g} {"minutes" if one.in_minutes else "steps"}, batch {one.batch}, '
                   f'rate {one.learning_rate:g}' for name, one in budget.items()],
    }


def recipes_of(place: Path) -> dict[str, dict[str, Any]]:
    """Return the recipe of a checkpoint or of a bundle by its name, with those of what it began with.

    Raises
    ------
    InputError, BundleError
        If it cannot be read.
    """
    if not place.is_dir():
        return _with_before(_place_name(place), read_recipe(place.parent.parent / RECIPE))
    training = read_manifest(place / MANIFEST_NAME).training
    recipe = dict(training.get('recipe', {}))
    if LEARNED_FROM in training:
        recipe[LEARNED_FROM] = training[LEARNED_FROM]
    means = {mean['checkpoint']: mean['recipe'] for mean in training.get('mean_with', [])}
    return _with_before(_place_name(place), recipe) | means


def _with_before(name: str, recipe: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {key: value for key, value in recipe.items() if key != BEFORE}, **recipe.get(BEFORE, {})}


def _settings(recipe: Recipe) -> dict[str, Any]:
    """Return the options of a recipe as JSON holds them; what is empty is none."""
    settings = {name: Path(os.path.abspath(value)).name if isinstance(value, Path) else value
                for name, value in asdict(recipe).items() if name not in ('length', 'in_minutes', 'stages')}
    if recipe.start is not None:
        settings['start'] = _place_name(recipe.start)
    settings['agree_with'] = [_place_name(place) for place in recipe.agree_with]
    return {name: None if value in ('', []) else value for name, value in settings.items()}


def _place_name(place: Path) -> str:
    """Return the name of a bundle, or RUN/STAGE/last.ckpt."""
    place = Path(os.path.abspath(place))
    return place.name if place.is_dir() else '/'.join(place.parts[-3:])


def heeded(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a recipe says without the options that its rung does not heed."""
    return {name: value for name, value in recipe.items()
            if name not in OF_ONE_RUNG or OF_ONE_RUNG[name] == recipe.get('rung')}


def learned_from(recipe: Mapping[str, Any]) -> Sources:
    """Return what a run learned from, with what it began with, by what `written` returned.

    Returns
    -------
    dict
        ``simulated``, ``categories`` (as labels) and ``teachers`` say whether; ``packs``, ``videos`` and
        ``bags`` are the names of folders. Of a recipe of nothing all are empty.
    """
    found: Sources = recipe[LEARNED_FROM] if LEARNED_FROM in recipe else _sources(recipe)
    return found


def _sources(recipe: Mapping[str, Any]) -> Sources:
    alone = recipe.get('simulated_share') == 1
    folders = {name: [recipe[key]] if recipe.get(key) and not alone else []
               for name, key in (('packs', 'pack'), ('videos', 'videos'), ('bags', 'bags'))}
    return {'simulated': recipe.get('simulated_share', 0) > 0, **folders,
            'categories': recipe.get('rung') == 'taught' or bool(recipe.get('categories')),
            'teachers': bool(recipe.get('teachers'))}


def together(one: Sources, other: Sources) -> Sources:
    """Return what either of two runs learned from."""
    return {key: list(dict.fromkeys([*value, *other[key]])) if isinstance(value, list)
            else value or other[key] for key, value in one.items()}
