"""How to learn what a bundle has learned once more: the command that its recipe amounts to."""

from __future__ import annotations

import re
from typing import Any

from ros2_avloc.learning.training.rungs import RUNGS

_STAGE = re.compile(r'([a-z-]+): ([\d.e+]+) (minutes|steps), batch \d+, rate \S+')
_SAID = ('rung', 'network', 'simulated_share', 'curriculum', 'width', 'seed')
_PLACES = ('pack', 'videos', 'bags', 'teachers', 'start')


def learn_again(recipe: dict[str, Any]) -> str:
    """Return a sentence with the command, as far as a recipe holds its options.

    Parameters
    ----------
    recipe
        As `training.recipe.written` returns it; others are answered as far as they go.
    """
    if recipe.get('rung') not in RUNGS:
        return 'no recipe was recorded.'
    options = [f'--{name.replace("_", "-")} {recipe[name]}' for name in _SAID if name in recipe]
    options += [f'--{name} {name.upper()}' for name in _PLACES if recipe.get(name)]
    stages = [_STAGE.fullmatch(str(stage)) for stage in recipe.get('stages', [])]
    left_out = set(RUNGS[recipe['rung']].stages) - {one[1] for one in stages if one}
    told = [f'--stage {name}=0' for name in sorted(left_out)]
    told += [f'--stage {one[1]}={one[2]}{"min" * (one[3] == "minutes")}' for one in stages if one]
    whole = bool(stages) and all(stages)
    command = f'`avloc train {" ".join(["RUN", *options, *(told if whole else [])])}`'
    if whole:
        return f'{command}; `--batch` and `--rate` as the recipe says, where they are not the usual ones.'
    return f'{command} is the nearest command: the stages of the recipe were not made by one.'
