"""Layer for layer the network of the paper, with the signs that make its loss mean what it says."""

import math

import pytest
import torch
from torch import nn

from ros2_avloc.learning.networks import AVENet, AVOLNet, Heads, L3Net, Tower


def convolution_weights(tower):
    return sum(layer.weight.numel() for layer in tower if isinstance(layer, nn.Conv2d))


def parameters(*modules):
    return sum(weight.numel() for module in modules for weight in module.parameters())


@pytest.mark.parametrize('kind', [AVOLNet, AVENet, L3Net])
def test_towers_have_as_many_weights_as_the_paper_has(kind):
    network = kind()
    assert convolution_weights(network.vision) == 4_683_456
    assert convolution_weights(network.sound) == 4_682_304
    assert parameters(network.vision) - convolution_weights(network.vision) == 3_840
    assert parameters(network.sound) - convolution_weights(network.sound) == 3_840


def test_heads_have_as_many_weights_as_the_paper_has():
    heads = AVOLNet(batch_norm=False).heads
    assert parameters(heads.conv5, heads.conv6) == parameters(heads.fc1, heads.fc2) == 82_176
    assert parameters(heads) == 2 * 82_176 + 2
    network = AVENet(batch_norm=False)
    assert parameters(network.see) == parameters(network.hear) == 82_176
    assert parameters(network.fc3) == 4
    network = L3Net(batch_norm=False)
    assert parameters(network.fc1, network.fc2) == 1024 * 128 + 128 + 128 * 2 + 2
    assert parameters(network) == parameters(network.vision, network.sound, network.fc1, network.fc2)


VISION = [(112, 64), (112, 64), (56, 64), (56, 128), (56, 128), (28, 128), (28, 256), (28, 256), (14, 256),
          (14, 512), (14, 512)]
SOUND = [((129, 100), 64), ((129, 100), 64), ((64, 50), 64), ((64, 50), 128), ((64, 50), 128),
         ((32, 25), 128), ((32, 25), 256), ((32, 25), 256), ((16, 12), 256), ((16, 12), 512), ((16, 12), 512)]


def shapes(tower, maps):
    found = []
    for layer in tower.eval():
        maps = layer(maps)
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            found.append((tuple(maps.shape[2:]), maps.shape[1]))
    return found


@torch.no_grad()
def test_layers_have_the_shapes_of_the_paper():
    network = AVOLNet()
    assert shapes(network.vision, torch.zeros(1, 3, 224, 224)) == [((side, side), n) for side, n in VISION]
    assert shapes(network.sound, torch.zeros(1, 1, 257, 200)) == SOUND


def test_checkpoints_of_the_shipped_layout_still_fit():
    names = set(AVOLNet(4).state_dict())
    assert {'vision.0.weight', 'vision.1.running_var', 'sound.24.weight', 'heads.log_scale', 'heads.bias',
            'heads.conv5.weight', 'heads.norm6.bias', 'heads.fc1.bias', 'heads.norm2.running_mean'} <= names
    assert len(names) == 2 * 8 * 6 + 4 * 2 + 4 * 5 + 2
    assert not any('norm' in name for name in AVOLNet(4, batch_norm=False).state_dict())


@pytest.mark.parametrize(('stride', 'cells'), [(8, 28), (16, 14), (32, 7)])
@torch.no_grad()
def test_the_stride_of_the_grid_is_a_setting(stride, cells):
    assert Tower(3, 2, stride).eval()(torch.zeros(1, 3, 224, 224)).shape == (1, 16, cells, cells)
    network = AVOLNet(2, 8, stride).eval()
    assert network(torch.zeros(1, 3, 224, 224), torch.zeros(1, 1, 257, 200)).shape == (1, cells, cells)


@pytest.mark.parametrize(('width', 'embedding'), [(4, 128), (8, 16)])
@torch.no_grad()
def test_width_and_embedding_are_settings(width, embedding):
    network = AVOLNet(width, embedding).eval()
    assert network.embed_cells(torch.zeros(2, 3, 224, 224)).shape == (2, embedding, 14, 14)
    assert network.embed_sound(torch.zeros(3, 1, 257, 200)).shape == (3, embedding)
    assert network(torch.zeros(2, 3, 224, 224), torch.zeros(2, 1, 257, 200)).shape == (2, 14, 14)


@torch.no_grad()
def test_aligned_embeddings_correspond_and_weak_ones_do_not():
    heads = Heads(32, 32, 8)
    sound = torch.randn(1, 8)
    cells = torch.zeros(1, 8, 14, 14)
    cells[0, :, 3, 5], cells[0, :, 7, 7] = 2 * sound[0], -2 * sound[0]
    logits = heads.compare(cells, sound)[0, 0]
    assert heads.scale > 0 > heads.bias
    assert divmod(int(logits.argmax()), 14) == (3, 5)
    assert divmod(int(logits.argmin()), 14) == (7, 7)
    assert logits[0, 0] == heads.bias


def test_scale_stays_positive_whatever_is_learned():
    heads = Heads(32, 32, 8)
    heads.log_scale.data.fill_(-9.0)
    assert heads.scale > 0


@torch.no_grad()
def test_forward_compares_each_frame_with_its_own_sound():
    network = AVOLNet(4, 8).eval()
    images, sounds = torch.randn(2, 3, 224, 224), torch.randn(2, 1, 257, 200)
    every = network.heads.compare(network.embed_cells(images), network.embed_sound(sounds))
    torch.testing.assert_close(network(images, sounds), every[[0, 1], [0, 1]])


@torch.no_grad()
def test_cells_are_not_normalised():
    heads = Heads(32, 32, 8, batch_norm=False)
    heads.conv5.bias.zero_()
    heads.conv6.bias.zero_()
    maps = torch.rand(1, 32, 14, 14)
    lengths = heads.embed_maps(maps).norm(dim=1)
    assert lengths.std() > 0.01
    torch.testing.assert_close(heads.embed_maps(9 * maps).norm(dim=1), 9 * lengths)


@pytest.mark.parametrize('batch_norm', [True, False])
@torch.no_grad()
def test_embeddings_of_ave_net_have_length_one_even_in_bfloat16(batch_norm):
    network = AVENet(4, 16, batch_norm).eval()
    with torch.autocast('cpu', torch.bfloat16):
        seen = network.embed_image(torch.randn(3, 3, 224, 224))
        heard = network.embed_sound(torch.randn(2, 1, 257, 200))
        odds = network.compare(seen, heard)
    assert (seen.shape, heard.shape, odds.shape) == ((3, 16), (2, 16), (3, 2))
    assert seen.dtype == heard.dtype == odds.dtype == torch.float32
    torch.testing.assert_close(torch.cat([seen, heard]).norm(dim=1), torch.ones(5))


@torch.no_grad()
def test_near_corresponds_and_opposite_does_not():
    network, seen = AVENet(2, 4), torch.eye(4)[:1]
    same, across, opposite = network.compare(seen, torch.stack([seen[0], torch.eye(4)[1], -seen[0]]))[0]
    assert same > 5 > across > -0.01 > -3 > opposite
    assert abs(across) < 1e-4
    assert network.slope < 0 < network.offset


@torch.no_grad()
def test_the_second_output_says_that_it_corresponds():
    network, seen = AVENet(2, 8), nn.functional.normalize(torch.randn(3, 8))
    heard = nn.functional.normalize(torch.randn(5, 8))
    outputs = network.fc3(torch.cdist(seen, heard)[..., None])
    torch.testing.assert_close(network.compare(seen, heard).sigmoid(), outputs.softmax(dim=2)[..., 1])


def test_identical_embeddings_can_be_learned_from():
    network = AVENet(2, 4)
    seen = torch.eye(4)[:1].requires_grad_()
    network.compare(seen, torch.eye(4)[:1]).sum().backward()
    assert seen.grad.isfinite().all()


@pytest.mark.parametrize('batch_norm', [True, False])
@torch.no_grad()
def test_l3_net_classifies_the_concatenation(batch_norm):
    network = L3Net(4, batch_norm).eval()
    seen, heard = torch.rand(3, 32), torch.rand(2, 32)
    odds = network.compare(seen, heard)
    for row in range(3):
        for column in range(2):
            both = torch.cat([seen[row], heard[column]])
            outputs = network.fc2(network.norm1(network.fc1(both)[None]).relu())[0]
            assert math.isclose(odds[row, column].sigmoid(), outputs.softmax(dim=0)[1], rel_tol=1e-5)


@pytest.mark.parametrize('network', [AVENet(4, 16), L3Net(4)])
@torch.no_grad()
def test_forward_is_the_diagonal_of_all_pairs(network):
    network.eval()
    images, sounds = torch.randn(3, 3, 224, 224), torch.randn(3, 1, 257, 200)
    if isinstance(network, AVENet):
        every = network.compare(network.embed_image(images), network.embed_sound(sounds))
    else:
        every = network.compare(network.pool_image(images), network.pool_sound(sounds))
    torch.testing.assert_close(network(images, sounds), every.diagonal(), atol=1e-4, rtol=1e-4)
