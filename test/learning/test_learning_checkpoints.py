"""What is no checkpoint is refused in a sentence, whatever it is."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net
from ros2_avloc.learning.training.checkpoints import FRONT_ENDS, begun_at, load_all, network_in, read_state


def saved(content, path):
    torch.save(content, path)
    return path


def state_of(network):
    return {'state_dict': {f'network.{name}': weight for name, weight in network.state_dict().items()},
            'global_step': 3, 'front_ends': FRONT_ENDS, 'callbacks': {'Keeper': {'seconds': 1.5}}}


@pytest.mark.parametrize('content', [
    [1, 2], None, {}, {'state_dict': [1]}, {'state_dict': {}}, {'state_dict': {}, 'global_step': 'one'},
    {'state_dict': {'network.vision.0.weight': 1}, 'global_step': 1},
    {'state_dict': {3: torch.zeros(1)}, 'global_step': 1}])
def test_other_content_is_refused(content, tmp_path):
    with pytest.raises(InputError, match='is no checkpoint of avloc train'):
        read_state(saved(content, tmp_path / 'last.ckpt'))


@pytest.mark.parametrize('weights', [
    {}, {'network.vision.0.weight': torch.tensor(1.0)}, {'network.vision.0.weight': torch.zeros(2, 3, 3, 3)},
    state_of(AVOLNet(2, 8, stride=8))['state_dict'] | {'network.heads.bias': torch.zeros(3)}])
def test_weights_of_nothing_known_are_refused(weights, tmp_path):
    with pytest.raises(InputError, match='holds no AVOL-Net, AVE-Net or L3-Net'):
        network_in(saved(state_of(AVENet(2, 4)) | {'state_dict': weights}, tmp_path / 'last.ckpt'))


@pytest.mark.parametrize('network', [AVOLNet(2, 8), AVENet(2, 4, batch_norm=False), L3Net(2)])
def test_the_names_of_the_weights_tell_the_network(network, tmp_path):
    found = network_in(saved(state_of(network), tmp_path / 'last.ckpt'))
    assert type(found) is type(network)
    assert not found.training
    assert all(torch.equal(found.state_dict()[name], weight) for name, weight in network.state_dict().items())


@pytest.mark.parametrize(('said', 'stride'), [({'stride': 8}, 8), ({'stride': 32}, 32), ({}, 16)])
def test_the_stride_is_the_one_that_was_saved(said, stride, tmp_path):
    network = AVOLNet(2, 8, stride)
    found = network_in(saved(state_of(network) | said, tmp_path / 'last.ckpt'))
    assert found.stride == stride
    image, heard = torch.rand(1, 3, 224, 224), torch.rand(1, 1, 257, 200)
    with torch.no_grad():
        assert torch.equal(found(image, heard), network.eval()(image, heard))


@pytest.mark.parametrize('stride', ['wide', 0, 12, None, True])
def test_a_stride_that_is_none_is_refused(stride, tmp_path):
    with pytest.raises(InputError, match=r'last\.ckpt is damaged: its stride is'):
        network_in(saved(state_of(AVOLNet(2, 8)) | {'stride': stride}, tmp_path / 'last.ckpt'))


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    return saved(state_of(L3Net(1)), tmp_path_factory.mktemp('whole') / 'last.ckpt').read_bytes()


@settings(max_examples=50)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_whole(data, whole, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / 'damaged.ckpt'
    start = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(max_size=64))
    path.write_bytes(whole[:start] + damage + whole[start + data.draw(st.integers(0, 64)):])
    try:
        state = read_state(path)
    except InputError:
        return
    assert all(isinstance(weight, torch.Tensor) for weight in state['state_dict'].values())


@settings(max_examples=50)
@given(content=st.binary(max_size=200))
def test_any_file_is_refused(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / 'any.ckpt'
    path.write_bytes(content)
    with pytest.raises(InputError, match=r'any\.ckpt is no checkpoint of avloc train, or is damaged'):
        read_state(path)


def test_what_cannot_be_read_is_said(tmp_path):
    for path in (tmp_path, tmp_path / 'nowhere.ckpt'):
        with pytest.raises(InputError, match='cannot be read'):
            read_state(path)


def test_a_stage_goes_on_from_a_whole_checkpoint_alone(tmp_path):
    path = saved(state_of(L3Net(1)), tmp_path / 'last.ckpt')
    assert begun_at(path) == (3, 1.5)
    with pytest.raises(InputError, match=r'other layers \(fc1.bias is missing there, \(128,\) here\)'):
        load_all(L3Net(1), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match='is damaged; remove its directory'):
        begun_at(path)


@pytest.mark.parametrize('learned', [{}, {'front_ends': {'audio': 1, 'image': 2}}, {'front_ends': None}])
def test_what_was_learned_behind_other_front_ends_is_refused(learned, tmp_path):
    state = {name: value for name, value in state_of(AVENet(2, 4)).items() if name != 'front_ends'}
    with pytest.raises(InputError, match=r'other front ends than this version has .*; learn anew'):
        network_in(saved(state | learned, tmp_path / 'last.ckpt'))
