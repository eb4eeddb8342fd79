"""From nothing to a measured bundle, and on from a checkpoint."""

import json
from dataclasses import replace

import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning import worlds
from ros2_avloc.learning.bundling import read_network
from ros2_avloc.learning.recipes import Recipe, learn

RECIPE = Recipe(pack=None, teachers=None, warm_steps=0, naming_steps=1, categories=True, steps=2, batch=4,
                rate=1e-3, curriculum=0, width=4, seed=1, workers=0)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run of three steps in a world of four individuals of each kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
        out = tmp_path_factory.mktemp('run')
        learn(RECIPE, out, resume=False)
        yield out


def test_a_run_leaves_each_stage_and_its_recipe_behind(trained):
    assert (trained / 'sounds' / 'last.ckpt').exists()
    assert json.loads((trained / 'recipe.json').read_text())['steps'] == 2
    assert read_network(trained / 'avc' / 'last.ckpt').width == 4


def test_a_run_goes_on_where_it_stopped(trained):
    before = torch.load(trained / 'avc' / 'last.ckpt', weights_only=True)['global_step']
    learn(replace(RECIPE, steps=3), trained, resume=True)
    assert (before, torch.load(trained / 'avc' / 'last.ckpt', weights_only=True)['global_step']) == (2, 3)


def test_there_must_be_something_to_go_on_from(trained, tmp_path):
    with pytest.raises(InputError, match='holds no checkpoint'):
        learn(RECIPE, tmp_path / 'empty', resume=True)
