"""Networks for retrieval are read as what they are, and stand in one table."""

import hashlib
import json
import re

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.measures.retrieval import DIRECTIONS
from ros2_avloc.learning.measuring.comparison import compare, comparison_table, read_retriever
from ros2_avloc.learning.measuring.embedders import of_others
from ros2_avloc.learning.measuring.machine import machine
from ros2_avloc.learning.networks import AVENet, L3Net
from ros2_avloc.learning.report.finds import QUERIES
from ros2_avloc.learning.training.checkpoints import FRONT_ENDS


def save(network, path):
    path.parent.mkdir(parents=True)
    state = {f'network.{name}': weight for name, weight in network.state_dict().items()}
    torch.save({'state_dict': state, 'global_step': 0, 'front_ends': FRONT_ENDS}, path)
    return path


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    return [save(AVENet(2, 8), root / 'ave' / 'avc' / 'last.ckpt'),
            save(L3Net(2, batch_norm=False), root / 'l3' / 'avc' / 'last.ckpt')]


def test_a_checkpoint_tells_its_network(checkpoints):
    ave, l3 = map(read_retriever, checkpoints)
    assert isinstance(ave, AVENet)
    assert isinstance(l3, L3Net)
    assert not ave.training


def test_another_file_is_refused(tmp_path):
    path = tmp_path / 'other.ckpt'
    torch.save({'state_dict': {}, 'global_step': 0, 'front_ends': FRONT_ENDS}, path)
    with pytest.raises(InputError, match='holds no AVOL-Net, AVE-Net or L3-Net'):
        read_retriever(path)


def test_networks_without_knowledge_are_at_chance_side_by_side(checkpoints, monkeypatch):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    report = compare(checkpoints, None, scenes=40).report
    assert set(report) == {'schema', 'machine', 'date', 'scenes', 'checkpoints', 'networks'}
    assert (report['machine'], report['scenes']) == (machine(), 40)
    assert report['checkpoints'] == {f'{run}/avc/last.ckpt': hashlib.sha256(path.read_bytes()).hexdigest()
                                     for run, path in zip(('ave', 'l3'), checkpoints, strict=True)}
    assert list(report['networks']) == ['AVE-Net (ave)', 'L3-Net (l3)', 'L3-Net + CCA (l3)',
                                        'L3-Net + CCA, chosen (l3)']
    for name, network in report['networks'].items():
        one = network['simulated']
        assert set(one) == {'avc', *DIRECTIONS, *(('components', 'ridge') if 'CCA' in name else ())}
        assert one['avc']['value'] == pytest.approx(0.5, abs=0.2)
        for direction in ('image_audio', 'audio_image'):
            assert one[direction]['ndcg']['value'] < one[direction]['chance']['value'] + 0.25
    lines = comparison_table(report).splitlines()
    assert lines[0].startswith('| simulated: nDCG@30 | image → image')
    assert len(lines) == 7
    assert lines[5].startswith('| L3-Net + CCA (l3): 16 components, ridge 0.01 |')
    assert ' components, ridge ' in lines[6]


def test_the_command_writes_table_json_and_page(checkpoints, monkeypatch, tmp_path):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    names = [option for path in checkpoints for option in ('--checkpoint', str(path))]
    written = ['--json', str(tmp_path / 'figures.json')]
    result = CliRunner().invoke(app, ['evaluate', *names, '--scenes', '12', *written])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / 'figures.json').read_text())
    html = (tmp_path / 'figures.html').read_text()
    rows = re.findall(r'<tr><td>(.*?)</td>', html)
    assert rows == ['a random order', *report['networks']]
    for network in report['networks'].values():
        assert f'{100 * network["simulated"]["image_audio"]["ndcg"]["value"]:.1f} %' in html
    assert html.count('<svg') == 4 + 2 * len(report['networks'])
    assert html.count('class="gallery found"') == QUERIES * len(DIRECTIONS) * len(report['networks'])


def test_scenes_of_one_category_are_refused():
    with pytest.raises(InputError, match='All scenes are of one category'):
        of_others(np.array(['dog', 'dog']), 0)
    assert of_others(np.array(['dog', 'cat']), 0) == [1, 0]


@pytest.mark.parametrize(('options', 'sentence'), [
    (['--bundle', './some'], 'ask for one of them'),
    (['--videos', 'boxes.json'], 'leave --videos'),
    (['--microphone-rate', '16000'], 'leave --videos'),
    (['--no-simulated'], 'nothing to measure on'),
    (['--json', '/nowhere/figures.json'], 'cannot be written'),
    (['--report', '.'], 'cannot be written'),
])
def test_what_cannot_be_compared_is_said_in_a_sentence(checkpoints, options, sentence):
    result = CliRunner().invoke(app, ['evaluate', '--checkpoint', str(checkpoints[0]), *options])
    assert result.exit_code == 1
    assert sentence in ' '.join(result.output.split())
