"""AVOL-Net: two towers, and a head that compares every cell of a frame with a second of sound.

Layer for layer as in "Objects that Sound" (Arandjelović & Zisserman, ECCV 2018, figures 2 and 4).
The width of the towers and the size of the embeddings are settings; 64 and 128 are the paper's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ros2_avloc.learning.networks.towers import STRIDE, Tower


class Heads(nn.Module):
    """What follows the towers: embeddings of cells and of sounds, and their comparison.

    The embeddings are not L2-normalised, so that background can answer weakly. BatchNorm in the heads
    is ours: without it the contrastive loss does not leave chance. It is folded at export, so that the
    network that runs is the paper's either way.

    Parameters
    ----------
    seen, heard
        Channels of the maps of a frame, and length of the vector of a sound.
    embedding
        Length of the embeddings.
    batch_norm
        False: as the paper learns.
    """

    def __init__(self, seen: int, heard: int, embedding: int, batch_norm: bool = True) -> None:
        super().__init__()
        norm2d, norm1d = (nn.BatchNorm2d, nn.BatchNorm1d) if batch_norm else (nn.Identity, nn.Identity)
        self.conv5 = nn.Conv2d(seen, embedding, 1)
        self.norm5 = norm2d(embedding)
        self.conv6 = nn.Conv2d(embedding, embedding, 1)
        self.norm6 = norm2d(embedding)
        self.fc1 = nn.Linear(heard, embedding)
        self.norm1 = norm1d(embedding)
        self.fc2 = nn.Linear(embedding, embedding)
        self.norm2 = norm1d(embedding)
        # conv7: w > 0 and b < 0, else anti-aligned embeddings would be an equally good solution.
        # These values put the best of 196 random cells at about 0.
        self.log_scale = nn.Parameter(torch.tensor(-math.log(embedding) / 2))
        self.bias = nn.Parameter(torch.tensor(-3.0))

    @property
    def scale(self) -> Tensor:
        """Weight of conv7, positive at all times."""
        return self.log_scale.exp()

    def embed_maps(self, maps: Tensor) -> Tensor:
        """Embed every cell: ``(n, seen, 14, 14)`` to ``(n, embedding, 14, 14)``."""
        hidden: Tensor = self.norm5(self.conv5(maps))
        return self.norm6(self.conv6(hidden.relu()))  # type: ignore[no-any-return]

    def embed_pooled(self, pooled: Tensor) -> Tensor:
        """Embed sounds: ``(n, heard)`` to ``(n, embedding)``."""
        hidden: Tensor = self.norm1(self.fc1(pooled))
        return self.norm2(self.fc2(hidden.relu()))  # type: ignore[no-any-return]

    def compare(self, cells: Tensor, sounds: Tensor) -> Tensor:
        """Compare every frame with every sound.

        Parameters
        ----------
        cells
            ``(n, embedding, 14, 14)``.
        sounds
            ``(m, embedding)``.

        Returns
        -------
        Tensor
            Logits ``(n, m, 14, 14)``: conv7 of the scalar products; 1 = corresponds.
        """
        # Sums of products that nothing normalises need all digits.
        with torch.autocast(cells.device.type, enabled=False):
            products = torch.einsum('nerc,me->nmrc', cells.float(), sounds.float())
            return self.scale * products + self.bias


class AVOLNet(nn.Module):
    """Audio-Visual Object Localisation network.

    Parameters
    ----------
    width
        Channels of the first block of both towers (the paper: 64).
    embedding
        Length of the embeddings (the paper: 128).
    stride
        Pixels per cell of the grid, see `Tower` (the paper: 16, which makes 14×14 cells).
    batch_norm
        In the heads, see `Heads` (the paper: none).
    """

    def __init__(self, width: int = 64, embedding: int = 128, stride: int = STRIDE,
                 batch_norm: bool = True) -> None:
        super().__init__()
        self.width, self.embedding, self.stride = width, embedding, stride
        self.vision, self.sound = Tower(3, width, stride), Tower(1, width)
        self.heads = Heads(8 * width, 8 * width, embedding, batch_norm)

    def embed_cells(self, image: Tensor) -> Tensor:
        """Embed every cell of frames: ``(n, 3, 224, 224)`` to ``(n, embedding, 14, 14)``."""
        return self.heads.embed_maps(self.vision(image))

    def embed_sound(self, spectrogram: Tensor) -> Tensor:
        """Embed seconds of sound: ``(n, 1, 257, 200)`` to ``(n, embedding)``."""
        return self.heads.embed_pooled(self.sound(spectrogram).amax(dim=(2, 3)))

    def forward(self, image: Tensor, spectrogram: Tensor) -> Tensor:
        """Return the logits ``(n, 14, 14)`` of frames, each with its own sound."""
        cells, sounds = self.embed_cells(image), self.embed_sound(spectrogram)
        with torch.autocast(cells.device.type, enabled=False):
            products = torch.einsum('nerc,ne->nrc', cells.float(), sounds.float())
            return self.heads.scale * products + self.heads.bias
