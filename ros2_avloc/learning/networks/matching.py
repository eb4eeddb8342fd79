"""What the three networks have in common: pictures and sounds are described apart, then compared in pairs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed

from ros2_avloc.learning.networks import AVENet, AVOLNet, L3Net

Network = AVOLNet | AVENet | L3Net

KINDS = {'avol': AVOLNet, 'ave': AVENet, 'l3': L3Net}
"""Networks by the names that ``avloc train`` knows."""


def made(kind: str, width: int, embedding: int, *, batch_norm: bool) -> Network:
    """Return a new network of one of `KINDS`; L3-Net has no embeddings."""
    if kind == 'l3':
        return L3Net(width, batch_norm)
    return (AVOLNet if kind == 'avol' else AVENet)(width, embedding, batch_norm=batch_norm)


def describe_maps(network: Network, maps: Tensor) -> Tensor:
    """Return what a network compares of pictures, from its vision tower's maps ``(n, channels, r, c)``."""
    if isinstance(network, AVOLNet):
        return network.heads.embed_maps(maps)
    pooled = maps.amax(dim=(2, 3))
    return network.see(pooled) if isinstance(network, AVENet) else pooled


def describe_sounds(network: Network, spectrograms: Tensor) -> Tensor:
    """Return what a network compares of sounds ``(n, 1, 257, 200)``."""
    return describe_pooled(network, network.sound(spectrograms).amax(dim=(2, 3)))


def describe_pooled(network: Network, pooled: Tensor) -> Tensor:
    """Return what a network compares of sounds, from its sound tower's pooled vectors ``(n, channels)``."""
    if isinstance(network, L3Net):
        return pooled
    described: Tensor = (network.heads.embed_pooled if isinstance(network, AVOLNet) else network.hear)(pooled)
    return described


def logits_of_pairs(network: Network, pictures: Tensor, sounds: Tensor, *, all_cells: bool = False) -> Tensor:
    """Return the logits ``(n, m)`` that pictures and sounds, as described, correspond.

    Of a network with cells these are the best cell's or, with `all_cells`, the mean.
    """
    if isinstance(network, AVOLNet):
        cells = network.heads.compare(pictures, sounds)
        return cells.mean(dim=(2, 3)) if all_cells else cells.amax(dim=(2, 3))
    return network.compare(pictures, sounds)


def gathered(values: Tensor) -> Tensor:
    """Return what all processes hold, one after another, along dimension 0; gradients find their way back.

    Each process computes the whole loss of what was gathered, and gradients of weights are averaged over
    processes: that is the gradient of one process with the whole batch.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return values
    gathered_values: Tensor = _Gather.apply(values)  # type: ignore[no-untyped-call]
    return gathered_values


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.count = len(values)
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format)
                 for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        first = distributed.get_rank() * ctx.count
        return total[first:first + ctx.count]
