"""What every engine is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import EngineError

Comparison = Callable[[Any], NDArray[np.float32]]
"""Compares an image that was looked at with a sound: takes what `Engine.embed_sound` of the same engine gave,
returns logits, float32 ``(14, 14)``."""


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


def identify(name: str, version: str, device: str, precision: str,
             layers: Mapping[str, int]) -> EngineIdentity:
    """Say what runs, of an engine whose library tells the precision of each convolution and matrix product.

    Parameters
    ----------
    name, version, device
        As the library says it.
    precision
        That was asked for.
    layers
        How many convolutions and matrix products are computed in which precision.

    Raises
    ------
    EngineError
        If the lowest of them is not the precision that was asked for.
    """
    lowest = set(layers) - {'fp32'} or {'fp32'}
    if lowest != {precision}:
        raise EngineError(f'{device} computes in {" and ".join(sorted(lowest))}, not in {precision}')
    in_words = ', '.join(f'{one}: {count}' for one, count in sorted(layers.items()))
    return EngineIdentity(name, version, device, precision, in_words)


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

    def look(self, image: NDArray[np.float32]) -> Comparison:
        """Do with an image what can be done before its sound is there.

        Parameters
        ----------
        image
            float32 ``(1, 3, 224, 224)``, which must not change then.
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
