"""L3-Net: two towers, and a classifier of both their vectors; the baseline without a common space.

As the re-trained one in "Objects that Sound" (Arandjelović & Zisserman, ECCV 2018, figure 2c); the network
itself is from "Look, Listen and Learn" (ICCV 2017).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ros2_avloc.learning.networks.towers import Tower

HIDDEN = 128


class L3Net(nn.Module):
    """Look, listen and learn: concatenate, fc1, ReLU, fc2.

    Parameters
    ----------
    width
        Channels of the first block of both towers (the paper: 64).
    batch_norm
        After fc1: ours, so that it can be learned as the other two networks are. False: as the paper learns.
    """

    def __init__(self, width: int = 64, batch_norm: bool = True) -> None:
        super().__init__()
        self.width = width
        self.vision, self.sound = Tower(3, width), Tower(1, width)
        self.fc1 = nn.Linear(2 * 8 * width, HIDDEN)
        self.norm1 = nn.BatchNorm1d(HIDDEN) if batch_norm else nn.Identity()
        self.fc2 = nn.Linear(HIDDEN, 2)

    def pool_image(self, image: Tensor) -> Tensor:
        """Describe frames: ``(n, 3, 224, 224)`` to ``(n, 8 * width)``."""
        return self.vision(image).amax(dim=(2, 3))  # type: ignore[no-any-return]

    def pool_sound(self, spectrogram: Tensor) -> Tensor:
        """Describe seconds of sound: ``(n, 1, 257, 200)`` to ``(n, 8 * width)``."""
        return self.sound(spectrogram).amax(dim=(2, 3))  # type: ignore[no-any-return]

    def compare(self, images: Tensor, sounds: Tensor) -> Tensor:
        """Compare every frame with every sound.

        fc1 of a concatenation is the sum of two products, so that each vector is multiplied once.

        Parameters
        ----------
        images, sounds
            Pooled vectors, ``(n, 8 * width)`` and ``(m, 8 * width)``.

        Returns
        -------
        Tensor
            Log-odds ``(n, m)`` of the second of fc2's outputs; 1 = corresponds.
        """
        see, hear = self.fc1.weight.chunk(2, dim=1)
        sums = (images @ see.T)[:, None] + (sounds @ hear.T)[None] + self.fc1.bias
        return self._log_odds(sums.flatten(0, 1)).reshape(len(images), len(sounds))

    def forward(self, image: Tensor, spectrogram: Tensor) -> Tensor:
        """Return the log-odds ``(n,)`` of frames, each with its own sound."""
        both = torch.cat([self.pool_image(image), self.pool_sound(spectrogram)], dim=1)
        return self._log_odds(self.fc1(both))

    def _log_odds(self, sums: Tensor) -> Tensor:
        outputs: Tensor = self.fc2(self.norm1(sums).relu()).float()
        return outputs[:, 1] - outputs[:, 0]
