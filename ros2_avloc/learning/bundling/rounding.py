"""What it costs that the weights of a bundle are rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

from ros2_avloc.learning.bundling.graphs import Shipped
from ros2_avloc.learning.networks import AVENet, AVOLNet
from ros2_avloc.learning.training.checks import Check, logits_of
from ros2_avloc.learning.training.loop import scaled
from ros2_avloc.model.manifest import Calibration

SCENES = 100
"""Of each check."""


@torch.no_grad()
def cost_of_rounding(network: AVOLNet | AVENet, checks: Sequence[Check],
                     calibration: Calibration) -> dict[str, Any]:
    """Compare what a network says of scenes with what the same one says whose weights are rounded.

    Parameters
    ----------
    checks
        The first `SCENES` of each are looked at, half of which have a sound of something in view.

    Returns
    -------
    dict
        ``scenes``; ``largest`` and ``median`` change of a scene's probability (AVOL-Net: of the cell that
        changes most); ``crossed``, the scenes that are on the other side of the threshold; of AVOL-Net
        ``moved``, the scenes whose peak is in another cell.
    """
    shipped, before, after = Shipped(network), [], []
    for check in checks:
        images, sounds = check.images[:SCENES], check.spectrograms[:SCENES]
        before.append(_exact(network, images, sounds))
        after.append(torch.cat([_rounded(shipped, image, sound) for image, sound in
                                zip(images[:, None], sounds[:, None], strict=True)]))
    whole, rounded = (calibration.probability(torch.cat(some).flatten(1).numpy()) for some in (before, after))
    changes = np.abs(whole - rounded).max(axis=1)
    cost = {'scenes': len(changes), 'largest': float(changes.max()), 'median': float(np.median(changes)),
            'crossed': _count(_found(whole, calibration) != _found(rounded, calibration))}
    if isinstance(network, AVENet):
        return cost
    return cost | {'moved': _count(whole.argmax(axis=1) != rounded.argmax(axis=1))}


def _exact(network: AVOLNet | AVENet, images: Tensor, sounds: Tensor) -> Tensor:
    """Return what the calibration takes: logits ``(n, 14, 14)``, or distances ``(n, 1)``."""
    if isinstance(network, AVOLNet):
        return logits_of(network, images, sounds)
    parts = zip(torch.split(images, 32), torch.split(sounds, 32), strict=True)
    return torch.cat([_distances(network.embed_image(scaled(some)), network.embed_sound(heard))
                      for some, heard in parts])


def _rounded(shipped: Shipped, image: Tensor, sound: Tensor) -> Tensor:
    """Return the same of one scene, by a network as it ships."""
    seen, heard = shipped.vision(scaled(image)), shipped.sound(sound)
    if shipped.head is None:
        return _distances(nnf.normalize(seen), nnf.normalize(heard))
    logits: Tensor = shipped.head(seen, heard)
    return logits[:, 0]


def _distances(images: Tensor, sounds: Tensor) -> Tensor:
    distances: Tensor = torch.linalg.vector_norm(images - sounds, dim=1, keepdim=True)
    return distances


def _found(probabilities: NDArray[np.float32], calibration: Calibration) -> NDArray[np.bool_]:
    return np.asarray(probabilities.max(axis=1) >= calibration.threshold)


def _count(flags: NDArray[np.bool_]) -> int:
    return int(flags.sum())


def rounding_text(cost: Mapping[str, Any]) -> str:
    """Say what `cost_of_rounding` found."""
    peaks = f', moves the peak in {cost["moved"]}' if 'moved' in cost else ''
    return (f'The weights are rounded to bfloat16. On {cost["scenes"]} scenes set aside, in float32, that '
            f'changes a probability by at most {cost["largest"]:.4f} ({cost["median"]:.4f} in the median '
            f'scene){peaks}, and takes {cost["crossed"]} to the other side of the threshold.')
