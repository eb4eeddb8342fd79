"""From a checkpoint to a measured bundle, whichever network it is of."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import BundleError, InputError
from ros2_avloc.learning.bundling import exporting
from ros2_avloc.learning.bundling.exporting import export_bundle, read_network
from ros2_avloc.learning.material.worlds import MEASURED
from ros2_avloc.learning.measures.retrieval import DIRECTIONS
from ros2_avloc.learning.measuring import bundles, embedders
from ros2_avloc.learning.measuring.bundles import evaluate
from ros2_avloc.learning.measuring.cases import composed
from ros2_avloc.learning.measuring.embedders import measure_embedder
from ros2_avloc.learning.measuring.machine import machine
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.training.checkpoints import FRONT_ENDS
from ros2_avloc.learning.training.recipe import Recipe, written
from ros2_avloc.model.bundle import Bundle, EmbedderBundle
from ros2_avloc.model.embedder import open_embedder
from ros2_avloc.model.manifest import write_manifest


@pytest.fixture
def small(monkeypatch, world):
    """One small world for all that is drawn, and few scenes."""
    for module in (exporting, embedders, bundles):
        monkeypatch.setattr(module, 'banks_of', lambda *_, **__: {'simulated': world})
    monkeypatch.setattr(exporting, 'CALIBRATED_SCENES', 40)


def checkpoint_of(network, tmp_path, **facts):
    path = tmp_path / 'avc' / 'last.ckpt'
    path.parent.mkdir(parents=True)
    state = {f'network.{name}': weight for name, weight in network.state_dict().items()}
    torch.save({'state_dict': state | {'see.weight': torch.zeros(1)}, 'global_step': 7,
                'front_ends': FRONT_ENDS, **facts}, path)
    return path


@pytest.mark.parametrize('batch_norm', [True, False])
@pytest.mark.parametrize('kind', [AVOLNet, AVENet])
def test_the_names_of_the_weights_tell_the_network(kind, batch_norm, tmp_path):
    torch.manual_seed(1)
    network = kind(4, 16, batch_norm=batch_norm)
    found = read_network(checkpoint_of(network, tmp_path))
    assert type(found) is kind
    assert (found.width, found.embedding, found.training) == (4, 16, False)
    for name, weight in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], weight), name


def test_what_is_no_checkpoint_of_a_network_for_bundles_is_refused(tmp_path):
    with pytest.raises(InputError, match='holds an L3-Net; a bundle holds an AVOL-Net or an AVE-Net'):
        read_network(checkpoint_of(L3Net(2), tmp_path))


def test_a_grid_that_the_node_does_not_have_is_refused_before_any_work(tmp_path):
    usual = checkpoint_of(AVOLNet(2, 8), tmp_path / 'usual')
    finer = checkpoint_of(AVOLNet(2, 8, stride=8), tmp_path / 'finer', stride=8)
    for asked in ([str(finer)], [str(usual), '--mean-with', str(finer)]):
        result = CliRunner().invoke(app, ['export', asked[0], str(tmp_path / 'bundle'), *asked[1:]])
        assert result.exit_code == 1
        said = ' '.join(result.output.split())
        assert 'finer/avc/last.ckpt holds a network with cells of 8 pixels; a bundle holds one with' in said
    assert not (tmp_path / 'bundle').exists()


def test_an_ave_net_becomes_a_measured_bundle(small, tmp_path):
    torch.manual_seed(2)
    network = AVENet(4, 16)
    figures = export_bundle(checkpoint_of(network, tmp_path), tmp_path / 'bundle', None, scenes=8)
    bundle = EmbedderBundle.load(tmp_path / 'bundle')
    assert bundle.name == 'avenet'
    assert bundle.manifest.training['network'] == {'kind': 'AVE-Net', 'width': 4, 'embedding': 16}
    card = (tmp_path / 'bundle' / 'MODEL_CARD.md').read_text()
    assert figures in card
    assert 'nDCG@30, image → audio' in figures
    assert '7 steps' in card
    report = measure_embedder(tmp_path / 'bundle', None, scenes=8).report
    assert set(report) == {'bundle', 'sha256', 'engine', 'machine', 'date', 'sets'}
    assert (report['sha256'], report['machine']) == (bundle.sha256, machine())
    assert set(report['sets']['simulated']) == {'origin', 'avc', 'calibration', *DIRECTIONS}
    assert 'expected calibration error' in figures
    assert report['sets']['simulated']['origin'] == {'seed': MEASURED, 'scenes': 8}
    near, far = bundle.calibration.probability(np.array([0.1, 1.9], np.float32))
    assert far < near
    embedder = open_embedder(bundle)
    assert embedder.embed_sounds([bundle.golden.spectrogram]).shape == (1, 16)
    with pytest.raises(BundleError, match='holds an AVE-Net.*AVOL-Net bundle such as models/avolnet'):
        Bundle.load(tmp_path / 'bundle')


def test_an_avol_net_becomes_a_measured_bundle(small, tmp_path):
    torch.manual_seed(2)
    figures = export_bundle(checkpoint_of(AVOLNet(4, 16), tmp_path), tmp_path / 'bundle', None, name='mine',
                            scenes=5)
    bundle = Bundle.load(tmp_path / 'bundle')
    assert bundle.name == 'mine'
    assert figures in (tmp_path / 'bundle' / 'MODEL_CARD.md').read_text()
    assert bundle.golden.logits.max() > bundle.golden.logits.min()
    with pytest.raises(BundleError, match='holds an AVOL-Net.*AVE-Net bundle such as models/avenet'):
        EmbedderBundle.load(tmp_path / 'bundle')


def test_a_bundle_is_judged_by_the_thresholds_that_it_brings(small, tmp_path, world):
    torch.manual_seed(2)
    path = tmp_path / 'bundle'
    export_bundle(checkpoint_of(AVOLNet(4, 16), tmp_path), path, None, scenes=4)
    bundle, asked = Bundle.load(path), []

    def aside():
        asked.append(True)
        return {'other': composed(world, 1, 9)}

    def thresholds():
        return evaluate(path, {'simulated': composed(world, 1, 5)}, aside).report['thresholds']

    assert set(bundle.manifest.thresholds) == {'avc', 'area', 'fitted_on'}
    assert thresholds() == {'shipped': bundle.calibration.threshold, **bundle.manifest.thresholds}
    assert bundle.manifest.thresholds['fitted_on'] == ['simulated']
    assert not asked
    write_manifest(path / 'bundle.json', replace(bundle.manifest, thresholds={}))  # as older ones are
    assert list(thresholds()['fitted_on']) == ['other']
    assert asked


def test_what_a_threshold_was_fitted_on_is_said(small, tmp_path):
    checkpoint = checkpoint_of(AVOLNet(4, 16), tmp_path)
    (tmp_path / 'recipe.json').write_text('{"bags": "mine", "simulated_share": 0}')
    figures = export_bundle(checkpoint, tmp_path / 'bundle', None, scenes=2)
    assert 'not fitted to the recordings' in figures
    card = (tmp_path / 'bundle' / 'MODEL_CARD.md').read_text()
    assert 'fitted on what was set aside of: simulated scenes of another seed;' in ' '.join(card.split())
    assert 'give avloc export --bags as in training' in card


def test_the_card_of_a_model_of_recordings_speaks_of_nothing_else(small, tmp_path):
    checkpoint = checkpoint_of(AVOLNet(4, 16), tmp_path)
    recipe = written(Recipe(rung='label-free', videos=Path('mine'), simulated_share=0.0), {})
    (tmp_path / 'recipe.json').write_text(json.dumps(recipe))
    export_bundle(checkpoint, tmp_path / 'bundle', None, scenes=2)
    card = (tmp_path / 'bundle' / 'MODEL_CARD.md').read_text()
    learned = card.partition('## What it learned from')[2].partition('Recipe (')[0]
    assert '- Recordings (videos or bags) of the folder `mine`, with their own sound.' in learned
    assert 'this is label-free AVC training' in learned
    assert 'The towers began with random weights.' in learned
    for untrue in ('Simulated scenes', 'photos', 'drawing', 'Categories are used', 'MobileNetV2'):
        assert untrue not in learned, untrue
    assert '`avloc export RUN/avc/last.ckpt BUNDLE --videos VIDEOS --scenes 2`' in card
    assert '`avloc evaluate --bundle BUNDLE --scenes 2`' in card
    assert 'The weights are rounded to bfloat16. On ' in card


def test_the_mean_of_runs_is_taken_weight_by_weight(tmp_path):
    torch.manual_seed(3)
    networks = [AVENet(4, 16) for _ in range(3)]
    for number, network in enumerate(networks):
        network.vision[1].running_mean.fill_(number)
        network.vision[1].num_batches_tracked.fill_(100 * number)
    first, *others = (checkpoint_of(network, tmp_path / f'run{number}')
                      for number, network in enumerate(networks))
    found = read_network(first, others).state_dict()
    states = [network.state_dict() for network in networks]
    torch.testing.assert_close(found['see.fc1.weight'], sum(state['see.fc1.weight'] for state in states) / 3)
    assert torch.equal(found['vision.1.running_mean'], torch.ones(4))
    assert found['vision.1.num_batches_tracked'] == 200
    for name, weight in read_network(first, [first]).state_dict().items():
        assert torch.equal(weight, states[0][name]), name


@pytest.mark.parametrize(('other', 'sentence'), [
    (AVOLNet(8, 16), 'run1/avc/last.ckpt holds another network than .*run0.*only runs of the same network'),
    (AVENet(4, 16), 'holds another network'),
    (AVOLNet(4, 16, batch_norm=False), 'holds another network.*is missing there'),
    (L3Net(4), 'run1/avc/last.ckpt holds an L3-Net'),
])
def test_different_networks_have_no_mean(other, sentence, tmp_path):
    first, second = (checkpoint_of(network, tmp_path / f'run{number}')
                     for number, network in enumerate((AVOLNet(4, 16), other)))
    with pytest.raises(InputError, match=sentence):
        read_network(first, [second])


def test_manifest_and_card_say_what_was_averaged(small, tmp_path):
    torch.manual_seed(4)
    runs = [checkpoint_of(AVENet(4, 16), tmp_path / name) for name in ('first', 'second')]
    (tmp_path / 'second' / 'recipe.json').write_text('{"rung": "label-free", "teachers": true}')
    options = ['--mean-with', str(runs[1]), '--scenes', '8']
    result = CliRunner().invoke(app, ['export', str(runs[0]), str(tmp_path / 'bundle'), *options])
    assert result.exit_code == 0, result.output
    training = EmbedderBundle.load(tmp_path / 'bundle').manifest.training
    assert training['recipe']['mean_of'] == [f'{name}/avc/last.ckpt, 7 steps' for name in ('first', 'second')]
    assert training['learned_from']['teachers'] is True
    assert training['mean_with'][0]['recipe']['rung'] == 'label-free'
    card = (tmp_path / 'bundle' / 'MODEL_CARD.md').read_text()
    assert '- mean_of:\n  1. first/avc/last.ckpt, 7 steps\n  2. second/avc/last.ckpt, 7 steps\n' in card
    assert 'The recipe of second/avc/last.ckpt, which the mean was taken with:\n\n- rung: label-free' in card
    assert str(tmp_path) not in card
