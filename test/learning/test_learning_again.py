"""The command on a model card is one that learns by the recipe beside it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.learning.bundling.again import export_again, learn_again
from ros2_avloc.learning.bundling.card import recipe_items, recipe_text
from ros2_avloc.learning.training import learn
from ros2_avloc.learning.training.recipe import Recipe, written
from ros2_avloc.learning.training.rungs import budgets


def command_of(recipe):
    return re.search('`avloc (train [^`]*)`', learn_again(recipe))[1].split()


def test_the_command_asks_for_what_the_recipe_says(monkeypatch, tmp_path):
    asked = []
    monkeypatch.chdir(tmp_path)
    Path('START').touch()
    monkeypatch.setattr(learn, 'learn', lambda recipe, *_, **__: asked.append(recipe))
    recipe = Recipe(rung='label-free', network='ave', pack=Path('data'), start=Path('a/avc/last.ckpt'),
                    simulated_share=0.5, stages=('close-ups=0', 'heads=0', 'avc=36min'), curriculum=7,
                    width=16, seed=3)
    budget = budgets(recipe.rung, (recipe.length, recipe.in_minutes), recipe.stages)
    result = CliRunner().invoke(app, command_of(written(recipe, budget)))
    assert result.exit_code == 0, result.output
    again, = asked
    for name in ('rung', 'network', 'simulated_share', 'curriculum', 'width', 'seed'):
        assert getattr(again, name) == getattr(recipe, name), name
    assert (again.pack, again.start) == (Path('PACK'), Path('START'))
    assert again.stages == recipe.stages


@pytest.mark.parametrize(('rung', 'heeds'), [('taught', False), ('paper', False), ('label-free', True)])
def test_what_a_rung_does_not_heed_is_neither_on_the_card_nor_in_the_command(rung, heeds):
    recipe = written(Recipe(rung=rung), budgets(rung, (60, True)))
    assert ('- curriculum: 4000' in recipe_items(recipe)) == heeds
    assert ('--curriculum 4000' in learn_again(recipe)) == heeds
    assert '- width: 32' in recipe_items(recipe)


def test_what_no_command_made_is_not_said_to_be_made_by_one():
    said = learn_again({'rung': 'taught', 'teachers': True, 'stages': ['the mean of two runs']})
    assert said.startswith('`avloc train RUN --rung taught --teachers TEACHERS` is the nearest command')
    assert '--stage' not in said
    assert learn_again({}) == 'no recipe was recorded.'


def test_a_model_that_ships_is_named_where_a_run_went_on_from_it():
    assert '--start avolnet' in learn_again({'rung': 'taught', 'start': 'avolnet', 'stages': []})
    assert '--start START' in learn_again({'rung': 'taught', 'start': 'a/avc/last.ckpt', 'stages': []})
    with_others = learn_again({'rung': 'taught', 'agree_with': ['avolnet', 'a/avc/last.ckpt'], 'stages': []})
    assert '--agree-with avolnet --agree-with AGREE_WITH' in with_others


@pytest.mark.parametrize(('stages', 'stage'), [
    (['pictures: 5 steps, batch 16, rate 0.002', 'heads: 8 minutes, batch 32, rate 0.001'], 'heads'),
    (['AVC with tags, both towers learn: 850 steps of 32'], 'avc'), ([], 'avc')])
def test_the_stage_that_was_learned_last_is_exported(stages, stage):
    training = {'recipe': {'stages': stages}, 'learned_from': {'packs': ['data'], 'videos': [], 'bags': []}}
    said = export_again(training, {'sets': {'real': {'origin': {'scenes': 7}}}})
    assert said == f'`avloc export RUN/{stage}/last.ckpt BUNDLE --pack PACK --scenes 7`'


def test_recipes_of_what_was_there_before_stand_on_the_card(tmp_path):
    def learned(name, **options):
        recipe, checkpoint = Recipe(**options), tmp_path / name / 'avc' / 'last.ckpt'
        checkpoint.parent.mkdir(parents=True)
        said = written(recipe, budgets(recipe.rung, (60, True)))
        (tmp_path / name / 'recipe.json').write_text(json.dumps(said))
        return checkpoint, said

    first, _ = learned('first', rung='paper', pack=tmp_path / 'photos')
    second, _ = learned('second', start=first, seed=5)
    other, _ = learned('other', rung='label-free')
    _, said = learned('third', start=second, agree_with=(other,), seed=6)
    assert list(said['before']) == ['second/avc/last.ckpt', 'first/avc/last.ckpt', 'other/avc/last.ckpt']
    assert [one['rung'] for one in said['before'].values()] == ['taught', 'paper', 'label-free']
    assert not any('before' in one for one in said['before'].values())
    assert said['learned_from']['packs'] == ['photos']
    own, *others = recipe_text({'recipe': said}).split('\n\nThe recipe of ')
    assert '- seed: 6' in own and '- before' not in own
    assert [one.split(',')[0] for one in others] == list(said['before'])
    assert '- seed: 5' in others[0] and '- rung: paper' in others[1]
