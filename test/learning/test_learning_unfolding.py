"""A run goes on from a bundle: the network computes what the bundle does, and learns on."""

import copy
import json
import shutil

import numpy as np
import onnxruntime
import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.graphs import export
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.learning.training import stages
from ros2_avloc.learning.training.loop import scaled
from ros2_avloc.learning.training.starting import begin_with
from ros2_avloc.learning.training.unfolding import begin_with_bundle
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.manifest import Calibration

WIDTH = 4
LEARNED = {'simulated': True, 'packs': ['farm'], 'videos': [], 'bags': [], 'categories': True,
           'teachers': True}


@pytest.fixture(scope='module')
def items():
    rng = torch.Generator().manual_seed(3)
    return {'image': torch.randint(0, 256, (8, 3, 224, 224), generator=rng, dtype=torch.uint8),
            'spectrogram': torch.randn(8, 1, 257, 200, generator=rng)}


@pytest.fixture(scope='module')
def bundle(tmp_path_factory, items):
    """A bundle of a network whose BatchNorms have statistics and weights of their own."""
    torch.manual_seed(1)
    network = AVOLNet(WIDTH).train()
    for _ in range(3):
        network(scaled(items['image']), items['spectrogram'])
    for name, weight in network.named_parameters():
        if weight.ndim == 1 and 'log_scale' not in name:
            torch.nn.init.uniform_(weight, 0.5, 1.5)
    rng = np.random.default_rng(1)
    directory = tmp_path_factory.mktemp('models') / 'farm'
    export(network.eval(), directory, name='farm', calibration=Calibration(0.5, 1.0), model_card='# Farm\n',
           image=rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32),
           spectrogram=rng.standard_normal((257, 200)).astype(np.float32), training={'learned_from': LEARNED})
    return Bundle.load(directory)


def logits_of(bundle, items):
    found = []
    sessions = {graph: onnxruntime.InferenceSession(str(bundle.graph(graph))) for graph in bundle.graphs}
    for image, spectrogram in zip(scaled(items['image']), items['spectrogram'], strict=True):
        cells, = sessions['vision'].run(None, {'image': image[None].contiguous().numpy()})
        sound, = sessions['sound'].run(None, {'spectrogram': spectrogram[None].numpy()})
        found.append(sessions['head'].run(None, {'cells': cells, 'sound': sound})[0][0, 0])
    return torch.from_numpy(np.stack(found))


@pytest.mark.parametrize('batch_norm', [True, False])
@torch.no_grad()
def test_the_network_computes_what_the_bundle_does(bundle, items, batch_norm):
    network = AVOLNet(WIDTH, batch_norm=batch_norm)
    begin_with_bundle(network, bundle.path, lambda: items)
    expected = logits_of(bundle, items)
    assert expected.std() > 0.1
    for mode in (network.eval(), copy.deepcopy(network).train()):  # of the very batch the statistics are of
        found = mode(scaled(items['image']), items['spectrogram'])
        torch.testing.assert_close(found, expected, atol=2e-3, rtol=2e-3)


@torch.no_grad()
def test_another_kind_of_network_gets_the_towers_alone(bundle, items):
    network, whole = AVENet(WIDTH), AVOLNet(WIDTH)
    heads = copy.deepcopy(network.see.state_dict())
    begin_with_bundle(network, bundle.path, lambda: items)
    begin_with_bundle(whole, bundle.path, lambda: items)
    for tower in ('vision', 'sound'):
        torch.testing.assert_close(getattr(network, tower).state_dict(), getattr(whole, tower).state_dict())
    torch.testing.assert_close(network.see.fc1.weight, heads['fc1.weight'])


def test_another_width_is_refused(bundle, items):
    with pytest.raises(InputError, match=r'another network .*\(4, 3, 3, 3\) there, \(8, 3, 3, 3\) here'):
        begin_with_bundle(AVOLNet(2 * WIDTH), bundle.path, lambda: items)


def test_the_command_goes_on_from_a_bundle(bundle, items, tmp_path, monkeypatch):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    monkeypatch.setattr(stages, 'CHECKED', 4)
    command = ['train', str(tmp_path / 'run'), '--start', str(bundle.path), '--rung', 'label-free', '--width',
               str(WIDTH), '--workers', '0', '--batch', '4', '--stage', 'close-ups=0', '--stage', 'heads=0',
               '--stage', 'avc=1']
    result = CliRunner().invoke(app, [*command, '--rate', '1e-12'])
    assert result.exit_code == 0, result.output
    recipe = json.loads((tmp_path / 'run' / 'recipe.json').read_text())
    assert (recipe['start'], recipe['learned_from']['packs']) == ('farm', ['farm'])
    assert recipe['learned_from']['teachers'] is True
    found, begun = AVOLNet(WIDTH), AVOLNet(WIDTH)
    begin_with(found, tmp_path / 'run' / 'avc' / 'last.ckpt')
    begin_with_bundle(begun, bundle.path, lambda: items)
    torch.testing.assert_close(found.vision[0].weight, begun.vision[0].weight)


def test_a_damaged_bundle_is_refused_at_once(bundle, tmp_path):
    damaged = shutil.copytree(bundle.path, tmp_path / 'damaged')
    (damaged / 'head.onnx').write_bytes(b'odd')
    refused = CliRunner().invoke(app, ['train', str(tmp_path / 'run'), '--start', str(damaged)])
    assert refused.exit_code == 1
    assert 'head.onnx' in refused.output and 'Traceback' not in refused.output
    assert not (tmp_path / 'run').exists()
