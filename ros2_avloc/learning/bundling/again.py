"""How to learn, export and measure a bundle once more: the commands that its recipe amounts to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ros2_avloc.learning.training.recipe import LEARNED_FROM, heeded
from ros2_avloc.learning.training.rungs import RUNGS

_STAGE = re.compile(r'([a-z-]+): ([\d.e+]+) (minutes|steps), batch \d+, rate \S+')
_SAID = ('rung', 'network', 'image_topic', 'audio_topic', 'simulated_share', 'batch', 'rate', 'curriculum',
         'width', 'embedding', 'seed')
_PLACES = ('pack', 'videos', 'bags', 'teachers', 'start')

_FOLDERS = {'packs': 'pack', 'videos': 'videos', 'bags': 'bags'}


def learn_again(recipe: Mapping[str, Any]) -> str:
    """Return a sentence with the command, as far as a recipe holds its options.

    Parameters
    ----------
    recipe
        As `training.recipe.written` returns it; others are answered as far as they go.
    """
    if recipe.get('rung') not in RUNGS:
        return 'no recipe was recorded.'
    said = heeded(recipe)
    options = [f'--{name.replace("_", "-")} {said[name]}' for name in _SAID if said.get(name) is not None]
    options += [f'--{name} {_place(name, str(recipe[name]))}' for name in _PLACES if recipe.get(name)]
    options += [f'--agree-with {_place("agree-with", place)}' for place in recipe.get('agree_with') or ()]
    stages = [_STAGE.fullmatch(str(stage)) for stage in recipe.get('stages', [])]
    usual = {name for name, stage in RUNGS[recipe['rung']].stages.items() if stage.share or stage.composed}
    left_out = usual - {one[1] for one in stages if one}
    told = [f'--stage {name}=0' for name in sorted(left_out)]
    told += [f'--stage {one[1]}={one[2]}{"min" * (one[3] == "minutes")}' for one in stages if one]
    whole = bool(stages) and all(stages)
    command = f'`avloc train {" ".join(["RUN", *options, *(told if whole else [])])}`'
    if whole:
        return f'{command}.'
    return f'{command} is the nearest command: the stages of the recipe were not made by one.'


def _place(option: str, given: str) -> str:
    """Return what to write for a place: only the name of a model that ships is the same everywhere."""
    ships = option in ('start', 'agree-with') and '/' not in given
    return given if ships else option.upper().replace('-', '_')


def export_again(training: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Return the command that exports what was learned again, by what the bundle and its report hold."""
    stages = training.get('recipe', {}).get('stages', [])
    last = _STAGE.fullmatch(str(stages[-1])) if stages else None
    checkpoint = f'{last[1] if last else "avc"}/last.ckpt'
    options = [f'--mean-with RUN{number}/{checkpoint}'
               for number, _ in enumerate(training.get('mean_with', []), start=2)]
    options += [f'--{option} {option.upper()}' for folders, option in _FOLDERS.items()
                if training[LEARNED_FROM][folders]]
    options.append(_scenes(report))
    return f'`avloc export {" ".join([f"RUN/{checkpoint}", "BUNDLE", *options])}`'


def measure_again(report: Mapping[str, Any]) -> str:
    """Return the command that measures a bundle on the sets of a report."""
    pack = ' --pack PACK' if 'real' in report['sets'] else ''
    return f'`avloc evaluate --bundle BUNDLE{pack} {_scenes(report)}`'


def _scenes(report: Mapping[str, Any]) -> str:
    return f'--scenes {next(iter(report["sets"].values()))["origin"]["scenes"]}'
