"""Networks for retrieval are read as what they are, and stand in one table."""

import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.measures.retrieval import DIRECTIONS
from ros2_avloc.learning.measuring.comparison import compare, comparison_table, read_retriever
from ros2_avloc.learning.networks import AVENet, L3Net


def save(network, path):
    path.parent.mkdir(parents=True)
    torch.save({'state_dict': {f'network.{name}': weight for name, weight in network.state_dict().items()}},
               path)
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
    torch.save({'state_dict': {}}, path)
    with pytest.raises(InputError, match='no checkpoint of an AVE-Net or L3-Net'):
        read_retriever(path)


def test_networks_without_knowledge_are_at_chance_side_by_side(checkpoints, monkeypatch):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    report = compare(checkpoints, None, scenes=40)
    assert list(report['networks']) == ['AVE-Net (ave)', 'L3-Net (l3)', 'L3-Net + CCA (l3)']
    for network in report['networks'].values():
        one = network['simulated']
        assert set(one) == {'avc', *DIRECTIONS}
        assert one['avc']['value'] == pytest.approx(0.5, abs=0.2)
        for direction in ('image_audio', 'audio_image'):
            assert one[direction]['ndcg']['value'] < one[direction]['chance']['value'] + 0.25
    lines = comparison_table(report).splitlines()
    assert lines[0].startswith('| simulated: nDCG@30 | image → image')
    assert len(lines) == 6
