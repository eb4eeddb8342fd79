"""A network learns what several say in the mean: of frames, and of their mirror images."""

import copy
import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.learning.bundling.graphs import Shipped, export
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import Scenes
from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training import stages
from ros2_avloc.learning.training.agreement import Agreement, disagreement
from ros2_avloc.learning.training.checkpoints import network_in
from ros2_avloc.learning.training.loop import Budget, fit, scaled
from ros2_avloc.learning.training.unfolding import network_of
from ros2_avloc.model.manifest import Calibration

ALONE = ['--stage', 'pictures=0', '--stage', 'sounds=0', '--stage', 'heads=0', '--stage', 'avc=0']


def networks(*widths):
    torch.manual_seed(4)
    return [AVOLNet(width, 16).eval() for width in widths]


def weights_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def loss_between(logits, wanted):
    return float(sum(disagreement(logits, wanted).values()))


def test_who_agrees_loses_nothing_and_who_points_elsewhere_loses_most():
    generator = torch.Generator().manual_seed(1)
    wanted = torch.randn(3, 3, 14, 14, generator=generator) - 4
    wanted[:, :, 4, 5] = 6
    assert loss_between(wanted, wanted) == pytest.approx(0, abs=1e-4)
    near, elsewhere = wanted + 0.1 * torch.randn(wanted.shape, generator=generator), wanted.roll(3, dims=3)
    assert 0 < loss_between(near, wanted) < loss_between(elsewhere, wanted) / 10
    assert disagreement(elsewhere, wanted)['best'] == 0


def test_of_what_is_surely_nothing_it_does_not_matter_how_sure_and_where():
    sure, surer = torch.full((2, 2, 14, 14), -12.0), torch.full((2, 2, 14, 14), -20.0)
    surer[:, :, 2, 2] += 4
    assert loss_between(surer, sure) < 0.1


def test_it_learns_what_elders_say_who_stay_as_they_are(world, tmp_path):
    network, wide = networks(4, 6)
    begun, elders = copy.deepcopy(network), [copy.deepcopy(network), wide]
    before = [weights_of(elder) for elder in elders]
    stream = Stream([(Scenes(world, Mixture(), shown=True), 1.0)], seed=2)
    learner = Agreement(network, Budget(60, 4, 3e-3, workers=0), elders, seed=3)
    fit(learner, stream, tmp_path)
    for elder, weights in zip(elders, before, strict=True):
        for name, value in elder.state_dict().items():
            assert torch.equal(value, weights[name]), name
    state = torch.load(tmp_path / 'last.ckpt', weights_only=True)['state_dict']
    assert set(state) == {f'network.{name}' for name in network.state_dict()}
    learned = network_in(tmp_path / 'last.ckpt')
    batch = torch.utils.data.default_collate([stream[number] for number in range(900, 908)])
    images, spectrograms = scaled(batch['image']), batch['shown']
    with torch.no_grad():
        wanted = learner._wanted(images, spectrograms)
        said = [one.heads.compare(one.embed_cells(images), one.embed_sound(spectrograms))
                for one in (begun, learned)]
    was, now = (loss_between(logits, wanted) for logits in said)
    assert now < 0.7 * was
    for name, value in learned.named_buffers():
        assert torch.equal(value, dict(begun.named_buffers())[name]), name


def test_mirrored_frames_are_answered_by_mirrored_maps(world):
    network, = networks(4)
    learner = Agreement(network, Budget(1, 4, 1e-3), [network], seed=1)
    scenes = Scenes(world, Mixture(), shown=True)
    items = torch.utils.data.default_collate([scenes.item(number, np.random.default_rng(number))
                                              for number in range(3)])
    images = scaled(items['image'])
    wanted = learner._wanted(images, items['shown'])
    assert wanted.shape == (3, 3, 14, 14)
    torch.testing.assert_close(learner._wanted(images.flip(-1), items['shown']), wanted.flip(-1))
    assert not torch.allclose(wanted, wanted.flip(-1), atol=1e-3)


@pytest.fixture
def train(monkeypatch):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    monkeypatch.setattr(stages, 'CHECKED', 4)

    def run(out, *options):
        small = ['--steps', '2', '--width', '4', '--workers', '0', '--batch', '4']
        return CliRunner().invoke(app, ['train', str(out), *small, *options])

    return run


def test_the_command_learns_with_other_networks_and_says_so(train, pack, tmp_path):
    one, other, out = tmp_path / 'one', tmp_path / 'other', tmp_path / 'out'
    assert train(one, *ALONE[:-1], 'avc=2').exit_code == 0
    assert train(other, *ALONE[:-1], 'avc=2', '--pack', str(pack)).exit_code == 0
    begun, elder = (str(run / 'avc' / 'last.ckpt') for run in (one, other))
    options = [*ALONE, '--start', begun, '--agree-with', elder]
    result = train(out, *options, '--stage', 'agreement=2')
    assert result.exit_code == 0, result.output
    recipe = json.loads((out / 'recipe.json').read_text())
    assert (recipe['start'], recipe['agree_with']) == ('one/avc/last.ckpt', ['other/avc/last.ckpt'])
    assert recipe['learned_from']['packs'] == [pack.name]
    again = train(out, *options, '--stage', 'agreement=4', '--resume')
    assert again.exit_code == 0, again.output
    whole = train(tmp_path / 'whole', *options, '--stage', 'agreement=4')
    assert whole.exit_code == 0, whole.output
    parts, at_once = (torch.load(run / 'agreement' / 'last.ckpt', weights_only=True)
                      for run in (out, tmp_path / 'whole'))
    assert parts['global_step'] == at_once['global_step'] == 4
    for name, weight in parts['current_model_state'].items():
        torch.testing.assert_close(weight, at_once['current_model_state'][name], rtol=0, atol=1e-4)
    refused = train(out, *ALONE, '--stage', 'agreement=6', '--start', begun, '--resume')
    assert 'begun with --agree-with other/avc/last.ckpt, this' in ' '.join(refused.output.split())


def test_an_elder_may_be_a_bundle_of_another_width(train, tmp_path):
    torch.manual_seed(1)
    wide = _unlike(AVOLNet(6, 24))
    image, heard = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8), torch.randn(2, 1, 257, 200)
    export(wide, tmp_path / 'wide', name='wide', image=scaled(image[:1]).contiguous().numpy(),
           spectrogram=heard[0, 0].numpy(), calibration=Calibration(0.5, 1.0),
           training={'learned_from': SOURCES}, model_card='# Wide\n')
    found, shipped = network_of(tmp_path / 'wide'), Shipped(wide)
    assert (found.width, found.embedding) == (6, 24)
    with torch.no_grad():
        for number in range(2):
            one, sound = scaled(image[number:number + 1]), heard[number:number + 1]
            expected = shipped.head(shipped.vision(one), shipped.sound(sound))
            torch.testing.assert_close(found(one, sound)[None], expected, rtol=1e-4, atol=1e-4)
    assert train(tmp_path / 'small', *ALONE[:-1], 'avc=2').exit_code == 0
    result = train(tmp_path / 'out', *ALONE, '--stage', 'agreement=1', '--agree-with', str(tmp_path / 'wide'),
                   '--start', str(tmp_path / 'small' / 'avc' / 'last.ckpt'))
    assert result.exit_code == 0, result.output
    recipe = json.loads((tmp_path / 'out' / 'recipe.json').read_text())
    assert (recipe['agree_with'], recipe['learned_from']['teachers']) == (['wide'], True)


SOURCES = {'simulated': True, 'packs': [], 'videos': [], 'bags': [], 'categories': False, 'teachers': True}


def _unlike(network):
    """Give the BatchNorms statistics of their own."""
    for module in network.modules():
        if hasattr(module, 'running_mean'):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.8, 1.2)
            torch.nn.init.normal_(module.bias, std=0.1)
    return network.eval()


def test_within_a_run_it_agrees_with_the_stage_before(train, tmp_path):
    result = train(tmp_path, *ALONE[:-1], 'avc=2', '--stage', 'agreement=2')
    assert result.exit_code == 0, result.output
    before, after = (network_in(tmp_path / name / 'last.ckpt') for name in ('avc', 'agreement'))
    assert not torch.equal(before.heads.conv5.weight, after.heads.conv5.weight)
    torch.testing.assert_close(before.heads.conv5.weight, after.heads.conv5.weight, rtol=0, atol=0.01)


@pytest.mark.parametrize(('options', 'sentence'), [
    ([*ALONE, '--stage', 'agreement=2'], 'needs a network that has learned; name one by --start'),
    (['--agree-with', __file__], '--agree-with is for the stage agreement'),
    (['--network', 'ave', '--stage', 'agreement=2'], 'is of the network avol alone'),
    ([*ALONE, '--stage', 'agreement=2', '--start', __file__], 'is no checkpoint of avloc train'),
    (['--stage', 'agreement=2', '--agree-with', './run/avc/last.ckpt'], 'run/avc/last.ckpt cannot be read'),
    ([*ALONE, '--stage', 'agreement=2', '--start', __file__, '--bags', '.'], 'leave --videos and --bags')])
def test_what_cannot_agree_is_said_in_a_sentence(train, options, sentence, tmp_path):
    result = train(tmp_path / 'run', *options)
    assert result.exit_code == 1
    assert sentence in ' '.join(result.output.split())


def test_an_elder_of_another_kind_is_refused(train, tmp_path):
    ave, out = tmp_path / 'ave', tmp_path / 'out'
    short = [*ALONE[:-1], 'avc=2']
    assert train(ave, '--network', 'ave', *short).exit_code == 0
    assert train(tmp_path / 'avol', *short).exit_code == 0
    result = train(out, *ALONE, '--stage', 'agreement=2', '--start', str(tmp_path / 'avol/avc/last.ckpt'),
                   '--agree-with', str(ave / 'avc' / 'last.ckpt'))
    assert result.exit_code == 1
    assert 'holds no AVOL-Net with cells of 16 pixels' in ' '.join(result.output.split())
