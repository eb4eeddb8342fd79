"""What every engine is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EngineIdentity:
    """What runs, as the library itself says it.

    Attributes
    ----------
    name
        ``'tensorrt'``, ``'torch'``, ``'openvino'`` or ``'onnxruntime'``.
    version
        Version of the library.
    device
        What it computes on, e.g. ``'CPU'`` with its name.
    precision
        ``'fp32'``, ``'fp16'`` or ``'bf16'``, read back after loading: the lowest in which anything is done.
    layers
        How many convolutions and matrix products are computed in which precision, as the library says it, in
        words; empty where it says nothing.
    """

    name: str
    version: str
    device: str
    precision: str
    layers: str = ''


class Engine(Protocol):
    """Runs the two towers and the head of AVOL-Net."""

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""

    def embed_sound(self, spectrogram: NDArray[np.float32]) -> Any:
        """Embed one second of sound.

        Parameters
        ----------
        spectrogram
            float32 ``(257, 200)``.

        Returns
        -------
        Any
            The embedding, to be handed to `localize` of the same engine; may live on a device.
        """

    def localize(self, image: NDArray[np.float32], sound: Any) -> NDArray[np.float32]:
        """Compare every cell of an image with a sound.

        Parameters
        ----------
        image
            float32 ``(1, 3, 224, 224)``.
        sound
            What `embed_sound` returned.

        Returns
        -------
        NDArray[np.float32]
            Logits, float32 ``(14, 14)``.
        """

    def close(self) -> None:
        """Free what the engine holds."""
