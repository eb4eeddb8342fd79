"""AVE-Net: two towers, and embeddings of whole frames and sounds whose distance says what belongs together.

Layer for layer as in "Objects that Sound" (Arandjelović & Zisserman, ECCV 2018, figure 2d).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from ros2_avloc.learning.networks.towers import Tower

SLOPE = 8.0
"""How fast the initial log-odds fall with distance: as unequal for random pairs as AVOL-Net's logits are."""

NEAREST = 1e-6
"""Least squared distance that is told apart: the root has no slope at 0."""


class Embedder(nn.Module):
    """fc1 and fc2 of one modality, and the L2 norm: ``(n, inputs)`` to ``(n, embedding)``.

    Parameters
    ----------
    inputs, embedding
        Lengths of the vectors.
    batch_norm
        After fc1 and fc2: ours, see `AVENet`.
    """

    def __init__(self, inputs: int, embedding: int, batch_norm: bool) -> None:
        super().__init__()
        norm = nn.BatchNorm1d if batch_norm else nn.Identity
        self.fc1, self.norm1 = nn.Linear(inputs, embedding), norm(embedding)
        self.fc2, self.norm2 = nn.Linear(embedding, embedding), norm(embedding)

    def forward(self, pooled: Tensor) -> Tensor:
        """Embed pooled vectors; the result is float32 and has length 1."""
        hidden: Tensor = self.norm1(self.fc1(pooled))
        return nnf.normalize(self.norm2(self.fc2(hidden.relu())).float())


class AVENet(nn.Module):
    """Audio-Visual Embedding network.

    BatchNorm in the heads is ours, as in AVOL-Net's: without it a contrastive loss does not leave chance.
    It is folded at export, so that the network that runs is the paper's either way.

    Parameters
    ----------
    width
        Channels of the first block of both towers (the paper: 64).
    embedding
        Length of the embeddings (the paper: 128).
    batch_norm
        False: as the paper learns.
    """

    def __init__(self, width: int = 64, embedding: int = 128, batch_norm: bool = True) -> None:
        super().__init__()
        self.width, self.embedding = width, embedding
        self.vision, self.sound = Tower(3, width), Tower(1, width)
        self.see = Embedder(8 * width, embedding, batch_norm)
        self.hear = Embedder(8 * width, embedding, batch_norm)
        # Small distance = corresponds, else anti-aligned embeddings would be an equally good solution.
        # What has nothing in common is √2 apart, and even odds are where learning begins.
        self.fc3 = nn.Linear(1, 2)
        with torch.no_grad():
            self.fc3.weight.copy_(torch.tensor([[SLOPE / 2], [-SLOPE / 2]]))
            self.fc3.bias.copy_(torch.tensor([-SLOPE / math.sqrt(2), SLOPE / math.sqrt(2)]))

    def embed_image(self, image: Tensor) -> Tensor:
        """Embed frames: ``(n, 3, 224, 224)`` to ``(n, embedding)``, of length 1."""
        embeddings: Tensor = self.see(self.vision(image).amax(dim=(2, 3)))
        return embeddings

    def embed_sound(self, spectrogram: Tensor) -> Tensor:
        """Embed seconds of sound: ``(n, 1, 257, 200)`` to ``(n, embedding)``, of length 1."""
        embeddings: Tensor = self.hear(self.sound(spectrogram).amax(dim=(2, 3)))
        return embeddings

    @property
    def slope(self) -> Tensor:
        """How the log-odds change with distance: the difference of fc3's two weights."""
        return (self.fc3.weight[1] - self.fc3.weight[0])[0]

    @property
    def offset(self) -> Tensor:
        """Log-odds at distance 0: the difference of fc3's two biases."""
        return self.fc3.bias[1] - self.fc3.bias[0]

    def compare(self, images: Tensor, sounds: Tensor) -> Tensor:
        """Compare every frame with every sound.

        Parameters
        ----------
        images, sounds
            Embeddings, ``(n, embedding)`` and ``(m, embedding)``.

        Returns
        -------
        Tensor
            Log-odds ``(n, m)`` of the second of fc3's outputs; 1 = corresponds.
        """
        with torch.autocast(images.device.type, enabled=False):
            return self._log_odds(images.float() @ sounds.float().T)

    def forward(self, image: Tensor, spectrogram: Tensor) -> Tensor:
        """Return the log-odds ``(n,)`` of frames, each with its own sound."""
        images, sounds = self.embed_image(image), self.embed_sound(spectrogram)
        with torch.autocast(images.device.type, enabled=False):
            return self._log_odds((images * sounds).sum(dim=1))

    def _log_odds(self, cosines: Tensor) -> Tensor:
        distances = (2 - 2 * cosines).clamp_min(NEAREST).sqrt()
        return self.slope * distances + self.offset
