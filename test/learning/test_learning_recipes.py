"""Every rung runs from end to end, through the command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import InputError
from ros2_avloc.learning import lessons, recipes, worlds
from ros2_avloc.learning.bundling import read_network
from ros2_avloc.learning.lessons import Replays
from ros2_avloc.learning.rungs import RUNGS, budgets

TEACHERS = Path(__file__).parents[3] / 'shared' / 'teachers'
SMALL = ['--steps', '4', '--width', '4', '--workers', '0', '--batch', '4']


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """Worlds of few individuals, and few things to look at."""
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    monkeypatch.setattr(recipes, 'CHECKED', 4)
    monkeypatch.setattr(recipes, 'REPLAYS', dict.fromkeys(('pictures', 'sounds'), Replays(kept=32, drawn=4)))
    monkeypatch.setattr(lessons, 'FITTED', 48)


def avloc_train(out, *options):
    return CliRunner().invoke(app, ['train', str(out), *SMALL, *options])


@pytest.mark.parametrize(('rung', 'network'), [('paper', 'avol'), ('label-free', 'ave'), ('taught', 'l3')])
def test_every_rung_runs(rung, network, tmp_path):
    result = avloc_train(tmp_path, '--rung', rung, '--network', network)
    assert result.exit_code == 0, result.output
    stages = list(RUNGS[rung].stages)
    assert sorted(path.parent.name for path in tmp_path.glob('*/last.ckpt')) == sorted(stages)
    assert all(f'{stage}: ' in result.output for stage in stages)
    assert 'bounded by' in result.output
    recipe = json.loads((tmp_path / 'recipe.json').read_text())
    assert (recipe['rung'], recipe['network'], len(recipe['stages'])) == (rung, network, len(stages))
    assert list(tmp_path.glob('avc/log/version_0/metrics.csv'))
    assert list(tmp_path.glob('avc/log/version_0/events.out.*'))


@pytest.mark.skipif(not TEACHERS.exists(), reason='the teachers are not here')
def test_towers_imitate_teachers_and_leave_no_replays(pack, tmp_path):
    result = avloc_train(tmp_path, '--pack', str(pack), '--teachers', str(TEACHERS), '--stage', 'pictures=3')
    assert result.exit_code == 0, result.output
    assert read_network(tmp_path / 'avc' / 'last.ckpt').width == 4
    assert not list(tmp_path.glob('**/replays*'))
    assert json.loads((tmp_path / 'recipe.json').read_text())['teachers'] is True
    state = torch.load(tmp_path / 'pictures' / 'last.ckpt', weights_only=True)
    assert state['global_step'] == 3
    assert 'to_answers.weight' in state['state_dict']


def test_a_run_of_minutes_ends_and_goes_on(tmp_path):
    short = ['--rung', 'paper', '--minutes', '0.01', '--stage', 'avc=0.01min']
    assert avloc_train(tmp_path, *short).exit_code == 0
    before = torch.load(tmp_path / 'avc' / 'last.ckpt', weights_only=True)['global_step']
    again = avloc_train(tmp_path, '--rung', 'paper', '--resume', '--stage', f'avc={before + 2}')
    assert again.exit_code == 0, again.output
    assert torch.load(tmp_path / 'avc' / 'last.ckpt', weights_only=True)['global_step'] == before + 2


@pytest.mark.parametrize(('options', 'sentence'), [
    (['--resume'], 'holds no checkpoint to go on from'),
    (['--rung', 'steep'], "no rung 'steep'; choose one of paper, label-free, taught"),
    (['--network', 'vgg'], "no network 'vgg'"),
    (['--stage', 'avc=often'], "'avc=often' is no budget of a stage"),
    (['--simulated-share', '0'], 'There is nothing to learn from'),
    (['--rung', 'paper', '--batch', '2'], 'at least 4'),
])
def test_what_cannot_be_is_said_in_a_sentence(options, sentence, tmp_path):
    result = avloc_train(tmp_path / 'run', *options)
    assert result.exit_code == 1
    assert sentence in result.output


def test_stages_divide_a_run():
    minutes = budgets('taught', (60.0, True))
    assert sum(budget.length for budget in minutes.values()) == pytest.approx(60)
    own = budgets('taught', (100, False), ['avc=7', 'pictures=2.5min'], batch=9, rate=0.5)
    assert (own['avc'].length, own['avc'].batch, own['avc'].learning_rate) == (7, 9, 0.5)
    assert (own['pictures'].length, own['pictures'].in_minutes) == (2.5, True)
    assert own['sounds'].batch != 9
    with pytest.raises(InputError, match='with one of the stages avc'):
        budgets('paper', (1, False), ['pictures=3'])


HURRIED = """
import os, signal, sys
from ros2_avloc.learning import recipes, training, worlds
worlds.INDIVIDUALS = dict.fromkeys(worlds.INDIVIDUALS, 4)
recipes.CHECKED = 4
learn = training.Correspondence.training_step
def training_step(self, batch):
    if self.global_step == 2:
        os.killpg(0, signal.SIGINT)
    return learn(self, batch)
training.Correspondence.training_step = training_step
from ros2_avloc.cli import app
app()
"""


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, '-c', HURRIED, 'train', str(tmp_path), *SMALL, '--rung', 'paper',
               '--workers', '1', '--steps', '500']
    ended = subprocess.run(command, capture_output=True, text=True, start_new_session=True, timeout=110,
                           env={**os.environ, 'OMP_NUM_THREADS': '1'}, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "Stopped at step 3 of the stage 'avc'" in ended.stderr
    assert '--resume goes on from there' in ended.stderr
    assert 'Traceback' not in ended.stderr
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert torch.load(tmp_path / 'avc' / 'last.ckpt', weights_only=True)['global_step'] == 3
