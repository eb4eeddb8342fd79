"""Every rung runs from end to end, through the command."""

import json
import multiprocessing
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.exporting import read_network
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.training import lessons, loop, stages
from ros2_avloc.learning.training.checkpoints import FRONT_ENDS, part_of
from ros2_avloc.learning.training.correspondence import TAG_BELOW, Correspondence
from ros2_avloc.learning.training.lessons import Lessons, Replays
from ros2_avloc.learning.training.recipe import Recipe, written
from ros2_avloc.learning.training.rungs import budgets
from ros2_avloc.learning.training.starting import begin_with

TEACHERS = Path(__file__).parents[3] / 'shared' / 'teachers'
SMALL = ['--steps', '4', '--width', '4', '--workers', '0', '--batch', '4']


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """Worlds of few individuals, and few things to look at."""
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    monkeypatch.setattr(stages, 'CHECKED', 4)
    monkeypatch.setattr(stages, 'REPLAYS', dict.fromkeys(('pictures', 'sounds'), Replays(kept=32, drawn=4)))
    monkeypatch.setattr(lessons, 'FITTED', {'vision': 48, 'sound': 48})


def avloc_train(out, *options):
    return CliRunner().invoke(app, ['train', str(out), *SMALL, *options])


@pytest.mark.parametrize(('rung', 'network'), [('paper', 'avol'), ('label-free', 'ave'), ('taught', 'l3')])
def test_every_rung_runs(rung, network, tmp_path):
    result = avloc_train(tmp_path, '--rung', rung, '--network', network)
    assert result.exit_code == 0, result.output
    names = list(budgets(rung, (4, False), recorded=False))
    assert sorted(path.parent.name for path in tmp_path.glob('*/last.ckpt')) == sorted(names)
    assert all(f'{stage}: ' in result.output for stage in names)
    assert 'bounded by' in result.output
    recipe = json.loads((tmp_path / 'recipe.json').read_text())
    assert (recipe['rung'], recipe['network'], len(recipe['stages'])) == (rung, network, len(names))
    assert list(tmp_path.glob(f'{names[-1]}/log/version_0/metrics.csv'))
    assert list(tmp_path.glob(f'{names[-1]}/log/version_0/events.out.*'))


@pytest.mark.skipif(not TEACHERS.exists(), reason='the teachers are not here')
def test_towers_imitate_teachers_and_leave_no_replays(pack, tmp_path):
    result = avloc_train(tmp_path, '--pack', str(pack), '--teachers', str(TEACHERS), '--stage', 'pictures=3')
    assert result.exit_code == 0, result.output
    assert read_network(tmp_path / 'avc' / 'last.ckpt').width == 4
    assert not list(tmp_path.glob('**/replays*'))
    assert json.loads((tmp_path / 'recipe.json').read_text())['learned_from']['teachers'] is True
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
    (['--rung', 'paper', '--stage', 'avc=0'], 'there is nothing to do'),
    (['--start', __file__], 'is no checkpoint of avloc train'),
    (['--rung', 'paper', '--teachers', '.'], 'The rung paper has no teachers'),
    (['--teachers', str(Path(__file__).parent)], 'holds no mobilenet_v2_1.0_224_quant.tflite'),
])
def test_what_cannot_be_is_said_in_a_sentence(options, sentence, tmp_path):
    result = avloc_train(tmp_path / 'run', *options)
    assert result.exit_code == 1
    assert sentence in result.output


@pytest.mark.parametrize('options', [
    ('--minutes', '-3'), ('--steps', '0'), ('--width', '0'), ('--rate', '-1'), ('--workers', '-1'),
    ('--seed', '-1'), ('--curriculum', '-1'), ('--batch', '1'), ('--simulated-share', '2')])
def test_numbers_out_of_range_are_refused(options, tmp_path):
    result = CliRunner().invoke(app, ['train', str(tmp_path / 'run'), *options])
    assert result.exit_code == 2
    assert options[0] in result.output


def test_a_run_needs_a_directory(tmp_path):
    (tmp_path / 'file').touch()
    result = avloc_train(tmp_path / 'file')
    assert result.exit_code == 1
    assert 'cannot be written to' in result.output


def test_a_run_is_never_written_over(tmp_path):
    part = tmp_path / 'pictures' / 'last.ckpt'
    part.parent.mkdir()
    part.write_text('of a run')
    result = avloc_train(tmp_path, '--rung', 'paper')
    assert result.exit_code == 1
    assert 'holds a run already; go on from it with --resume, or give another directory' in result.output
    assert [path for path in tmp_path.rglob('*') if path.is_file()] == [part]
    assert part.read_text() == 'of a run'


def test_what_could_not_begin_stands_in_nobodys_way(tmp_path):
    assert avloc_train(tmp_path, '--rung', 'paper', '--pack', str(tmp_path)).exit_code == 1
    (tmp_path / 'recipe.json').write_text('of a run that ended before its first checkpoint')
    assert 'leave --resume out to begin' in avloc_train(tmp_path, '--rung', 'paper', '--resume').output
    assert avloc_train(tmp_path, '--rung', 'paper').exit_code == 0
    assert json.loads((tmp_path / 'recipe.json').read_text())['rung'] == 'paper'


def test_a_run_goes_on_only_as_it_was_begun(pack, tmp_path):
    assert avloc_train(tmp_path, '--rung', 'taught', '--stage', 'pictures=0', '--stage', 'sounds=0',
                       '--simulated-share', '0', '--pack', str(pack)).exit_code == 0
    recipe = (tmp_path / 'recipe.json').read_text()
    again = ['--resume', '--steps', '20', '--stage', 'pictures=0', '--stage', 'sounds=0']
    same = [*again, '--simulated-share', '0', '--pack', str(pack)]
    for options, sentence in (
            ([*same, '--network', 'ave'], 'begun with --network avol, this command is with --network ave'),
            ([*same[:3], *same[7:], '--rung', 'paper'], 'with --rung taught, this command is with'),
            (again, f'begun with --pack {pack.name}, this command is without --pack'),
            ([*same, '--simulated-share', '0.5'], 'with --simulated-share 0.0, this command'),
            ([*same, '--bags', str(tmp_path)], 'begun without --bags, this command is with --bags'),
            ([*same, '--seed', '2'], 'with --seed 1, this command is with --seed 2'),
            ([*same, '--batch', '6'], 'with --batch 4, this command is with --batch 6'),
            ([*same, '--embedding', '8'], 'with --embedding 128, this command is with --embedding 8')):
        refused = avloc_train(tmp_path, *options)
        assert refused.exit_code == 1
        assert sentence in refused.output
    assert (tmp_path / 'recipe.json').read_text() == recipe


def test_a_run_goes_on_only_with_the_layers_that_it_has(pack, tmp_path):
    options = ['--stage', 'pictures=0', '--stage', 'sounds=0', '--simulated-share', '0', '--pack', str(pack)]
    assert avloc_train(tmp_path, *options).exit_code == 0
    recipe = (tmp_path / 'recipe.json').read_text()
    other = shutil.copytree(pack, tmp_path / 'other' / pack.name)
    rows = (other / 'INDEX.csv').read_text()
    (other / 'INDEX.csv').write_text(re.sub(',low,train,lowgroup[0-3],', ',third,train,g,', rows))
    refused = avloc_train(tmp_path, *options[:-1], str(other), '--resume', '--steps', '20')
    assert refused.exit_code == 1
    assert 'is of a run with other layers (see.' in refused.output
    assert (tmp_path / 'recipe.json').read_text() == recipe


def test_a_damaged_checkpoint_is_named(tmp_path):
    assert avloc_train(tmp_path, '--rung', 'paper').exit_code == 0
    (tmp_path / 'avc' / 'last.ckpt').write_bytes(b'damaged')
    result = avloc_train(tmp_path, '--rung', 'paper', '--resume')
    assert result.exit_code == 1
    assert 'last.ckpt is damaged' in result.output


def test_stages_divide_a_run():
    minutes = budgets('taught', (60.0, True))
    assert sum(budget.length for budget in minutes.values()) == pytest.approx(60)
    recorded, composed = (budgets('label-free', (60.0, True), recorded=one) for one in (True, False))
    assert {name: one.length for name, one in recorded.items()} == {'close-ups': 36, 'avc': 24}
    assert {name: one.length for name, one in composed.items()} == {'close-ups': 48, 'heads': 12}
    own = budgets('taught', (100, False), ['avc=7', 'pictures=2.5min'], batch=9, rate=0.5)
    assert (own['avc'].length, own['avc'].batch, own['avc'].learning_rate) == (7, 9, 0.5)
    assert (own['pictures'].length, own['pictures'].in_minutes) == (2.5, True)
    assert own['sounds'].batch != 9
    with pytest.raises(InputError, match='with one of the stages avc'):
        budgets('paper', (1, False), ['pictures=3'])


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_sigterm_saves_and_says_how_to_go_on(number, tmp_path, monkeypatch):
    """Terminals and service managers send it to the process that learns and to those that compose alike."""
    learn, before = Correspondence.training_step, signal.getsignal(number)

    def training_step(self, batch):
        if self.global_step == 2:
            for process in multiprocessing.active_children():
                os.kill(process.pid, number)
            signal.raise_signal(number)
        return learn(self, batch)

    monkeypatch.setattr(Correspondence, 'training_step', training_step)
    ended = avloc_train(tmp_path, '--rung', 'paper', '--workers', '1', '--steps', '500')
    assert ended.exit_code == 1
    assert isinstance(ended.exception, SystemExit)
    assert "Stopped at step 3 of the stage 'avc'" in ended.output
    assert '--resume goes on from there' in ended.output
    assert signal.getsignal(number) is before
    assert not multiprocessing.active_children()
    assert torch.load(tmp_path / 'avc' / 'last.ckpt', weights_only=True)['global_step'] == 3


def test_an_interruption_of_one_stage_leaves_no_trace_in_the_next(tmp_path, monkeypatch):
    """Looks at what is set aside draw numbers too, and an interrupted run looks at other times."""
    monkeypatch.setattr(loop, 'CHECK_EVERY', 1)
    learn = Lessons.training_step

    def training_step(self, batch):
        if self.global_step == 1 and not (tmp_path / 'parts' / 'sounds').exists():
            signal.raise_signal(signal.SIGINT)
        return learn(self, batch)

    budget = ['--stage', 'pictures=3', '--stage', 'sounds=2', '--stage', 'heads=0', '--stage', 'avc=2']
    assert avloc_train(tmp_path / 'whole', *budget).exit_code == 0
    monkeypatch.setattr(Lessons, 'training_step', training_step)
    assert 'Stopped at step 2' in avloc_train(tmp_path / 'parts', *budget).output
    monkeypatch.setattr(Lessons, 'training_step', learn)
    assert avloc_train(tmp_path / 'parts', *budget, '--resume').exit_code == 0
    for stage in ('pictures', 'sounds', 'avc'):
        whole, parts = (torch.load(tmp_path / name / stage / 'last.ckpt', weights_only=True)['state_dict']
                        for name in ('whole', 'parts'))
        assert all(torch.equal(whole[key], parts[key]) for key in whole), stage


def test_a_run_goes_on_from_the_network_of_another(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    lessons = ['--rung', 'taught', '--stage', 'sounds=0']
    assert avloc_train(first, *lessons, '--stage', 'avc=0').exit_code == 0
    checkpoint = first / 'pictures' / 'last.ckpt'
    # Nothing but what AVC takes over from lessons changes at a rate of zero.
    went_on = avloc_train(second, '--rung', 'taught', '--start', str(checkpoint), '--rate', '1e-12',
                          '--stage', 'pictures=0', '--stage', 'sounds=0')
    assert went_on.exit_code == 0, went_on.output
    assert sorted(path.parent.name for path in second.glob('*/last.ckpt')) == ['avc', 'heads']
    assert json.loads((second / 'recipe.json').read_text())['start'] == 'first/pictures/last.ckpt'
    before, after = (part_of(path, 'network.') for path in (checkpoint, second / 'avc' / 'last.ckpt'))
    for name, weight in before.items():
        if 'running' not in name and 'num_batches' not in name:
            torch.testing.assert_close(after[name], weight, msg=name)
    for options in (['--width', '8'], ['--rung', 'paper'], ['--network', 'ave', '--width', '8']):
        refused = avloc_train(tmp_path / 'third', '--start', str(checkpoint), *options)
        assert refused.exit_code == 1
        assert 'holds another network than --network, --width and --rung ask for' in refused.output


def test_another_kind_of_network_takes_over_the_towers_alone(tmp_path):
    checkpoint = tmp_path / 'first' / 'avc' / 'last.ckpt'
    checkpoint.parent.mkdir(parents=True)
    torch.manual_seed(5)
    weights = {f'network.{name}': weight for name, weight in AVOLNet(4).state_dict().items()}
    torch.save({'state_dict': weights, 'global_step': 0, 'front_ends': FRONT_ENDS}, checkpoint)
    for network in (AVENet(4), L3Net(4)):
        heads = {name: weight.clone() for name, weight in network.state_dict().items()
                 if not name.startswith(('vision.', 'sound.'))}
        begin_with(network, checkpoint)
        for name, weight in network.state_dict().items():
            torch.testing.assert_close(weight, heads.get(name, weights.get(f'network.{name}')), msg=name)


def test_recipes_tell_what_was_learned_from_before(tmp_path):
    (tmp_path / 'first').mkdir()
    started = Recipe(rung='label-free', start=tmp_path / 'first' / 'avc' / 'last.ckpt', bags=Path('/of/mine'))
    assert written(started, {})['learned_from']['categories'] is False
    before = written(Recipe(rung='taught', pack=Path('data'), teachers=Path('teachers')), {})
    older = {'rung': 'taught', 'simulated_share': 0.25, 'pack': 'data', 'teachers': True}
    for recipe_before in (before, older):
        (tmp_path / 'first' / 'recipe.json').write_text(json.dumps(recipe_before))
        recipe = written(started, {})
        assert recipe['learned_from'] == {
            'simulated': True, 'packs': ['data'], 'videos': [], 'bags': ['mine'], 'categories': True,
            'teachers': True}
        assert (recipe['start'], recipe['bags'], recipe['pack']) == ('first/avc/last.ckpt', 'mine', None)
        assert str(tmp_path) not in json.dumps(recipe)


def test_a_folder_is_called_by_its_own_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert written(Recipe(videos=Path('.'), bags=Path('..')), {})['learned_from']['videos'] == [tmp_path.name]


def test_tags_begin_with_the_layer_that_named_pictures(tmp_path):
    ended = avloc_train(tmp_path, '--rung', 'taught', '--stage', 'sounds=0', '--rate', '1e-12')
    assert ended.exit_code == 0, ended.output
    names = part_of(tmp_path / 'pictures' / 'last.ckpt', 'to_names.')
    tags = part_of(tmp_path / 'avc' / 'last.ckpt', 'see.')
    torch.testing.assert_close(tags['1.weight'], names['1.weight'][1:])
    torch.testing.assert_close(tags['1.bias'], names['1.bias'][1:] - TAG_BELOW)
    torch.testing.assert_close(tags['0.weight'], names['0.weight'])
