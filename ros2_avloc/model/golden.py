"""The golden input and output of a bundle: what every engine must compute."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import BundleError

_SHAPES = {'image': (1, 3, 224, 224), 'spectrogram': (257, 200), 'logits': (14, 14)}


@dataclass(frozen=True)
class Golden:
    """One input, and what the network made of it where it was learned.

    Attributes
    ----------
    image
        float32 ``(1, 3, 224, 224)``.
    spectrogram
        float32 ``(257, 200)``.
    logits
        float32 ``(14, 14)``.
    """

    image: NDArray[np.float32]
    spectrogram: NDArray[np.float32]
    logits: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                raise BundleError(f'The golden {name} must be finite float32 {shape}, '
                                  f'not {array.dtype} {array.shape}.')


def golden_to_bytes(golden: Golden) -> bytes:
    """Pack as the content of ``golden.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, image=golden.image, spectrogram=golden.spectrogram, logits=golden.logits)
    return buffer.getvalue()


def golden_from_bytes(content: bytes) -> Golden:
    """Unpack the content of ``golden.npz``.

    Raises
    ------
    BundleError
        If it holds something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Golden(**{name: arrays[name] for name in _SHAPES})
    except (KeyError, ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BundleError(f'golden.npz is not the golden input and output of a bundle ({error}); '
                          'export the model again.') from None
