"""Layer for layer the network of the paper, with the signs that make its loss mean what it says."""

import pytest
import torch
from torch import nn

from ros2_avloc.learning.networks import AVOLNet, Heads


def convolution_weights(tower):
    return sum(layer.weight.numel() for layer in tower if isinstance(layer, nn.Conv2d))


def parameters(*modules):
    return sum(weight.numel() for module in modules for weight in module.parameters())


def test_has_as_many_weights_as_the_paper():
    network = AVOLNet()
    assert convolution_weights(network.vision) == 4_683_456
    assert convolution_weights(network.sound) == 4_682_304
    assert parameters(network.vision) - convolution_weights(network.vision) == 3_840
    assert parameters(network.sound) - convolution_weights(network.sound) == 3_840
    assert parameters(network.heads.conv5, network.heads.conv6) == 82_176
    assert parameters(network.heads.fc1, network.heads.fc2) == 82_176


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
