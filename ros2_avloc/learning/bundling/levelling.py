"""Making one distance mean the same in every world that an AVE-Net is calibrated in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from ros2_avloc.learning.networks import AVENet
from ros2_avloc.learning.networks.ave_net import Embedder
from ros2_avloc.learning.training.checks import Check
from ros2_avloc.learning.training.loop import scaled


@torch.no_grad()
def levelled(network: AVENet, checks: Sequence[Check]) -> AVENet:
    """Take out of the embeddings what tells whole worlds apart.

    Everything drawn is alike in being drawn, so that strangers of the simulated world lie as near as pairs of
    the real one, and no threshold of distance is right in both. The directions in which the mean embeddings
    of the checks differ, of images and of sounds each their own, are projected out before the L2 norm: in
    the weights of fc2, so that the network that runs keeps its layers.

    Parameters
    ----------
    checks
        One for each world, of many categories each, of items that nothing was learned from.

    Returns
    -------
    AVENet
        A copy; of one check it computes what `network` does.
    """
    network = copy.deepcopy(network).eval()
    images = [_mean(network.embed_image, scaled(check.images)) for check in checks]
    sounds = [_mean(network.embed_sound, check.spectrograms) for check in checks]
    for head, means in ((network.see, images), (network.hear, sounds)):
        _project(head, torch.stack(means))
    return network


def _mean(embed: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    return torch.cat([embed(some) for some in torch.split(inputs, 32)]).mean(dim=0)


def _project(head: Embedder, means: Tensor) -> None:
    """Make what `head` gives orthogonal to the differences of `means`."""
    if isinstance(head.norm2, nn.BatchNorm1d):
        head.fc2, head.norm2 = fuse_linear_bn_eval(head.fc2, head.norm2), nn.Identity()
    differences, _ = torch.linalg.qr((means[1:] - means[0]).T)
    for weight in (head.fc2.weight, head.fc2.bias):
        weight.sub_(differences @ (differences.T @ weight))
