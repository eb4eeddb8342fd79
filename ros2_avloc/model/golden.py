"""The golden input and output of a bundle: what every engine must compute."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import BundleError

IMAGE, SPECTROGRAM, LOGITS = (1, 3, 224, 224), (257, 200), (14, 14)


@dataclass(frozen=True)
class Golden:
    """One input, and what AVOL-Net made of it where it was learned.

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
        _check('image', self.image, IMAGE)
        _check('spectrogram', self.spectrogram, SPECTROGRAM)
        _check('logits', self.logits, LOGITS)


@dataclass(frozen=True)
class GoldenEmbeddings:
    """One input, and what AVE-Net made of it where it was learned.

    Attributes
    ----------
    image, spectrogram
        As in `Golden`.
    seen, heard
        Embeddings of both, float32 ``(1, embedding)``, of length 1.
    """

    image: NDArray[np.float32]
    spectrogram: NDArray[np.float32]
    seen: NDArray[np.float32]
    heard: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check('image', self.image, IMAGE)
        _check('spectrogram', self.spectrogram, SPECTROGRAM)
        for name, embedding in (('seen', self.seen), ('heard', self.heard)):
            _check(name, embedding, (1, self.seen.size))
            if abs(np.linalg.norm(embedding) - 1) > 1e-3:
                raise BundleError(f'The golden {name} must have length 1.')


AnyGolden = TypeVar('AnyGolden', Golden, GoldenEmbeddings)


def _check(name: str, array: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
        raise BundleError(f'The golden {name} must be finite float32 {shape}, '
                          f'not {array.dtype} {array.shape}.')


def golden_to_bytes(golden: Golden | GoldenEmbeddings) -> bytes:
    """Pack as the content of ``golden.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{field.name: getattr(golden, field.name) for field in fields(golden)})
    return buffer.getvalue()


def golden_from_bytes(content: bytes, kind: type[AnyGolden]) -> AnyGolden:
    """Unpack the content of ``golden.npz``.

    Raises
    ------
    BundleError
        If it holds something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return kind(**{field.name: arrays[field.name] for field in fields(kind)})
    except (KeyError, ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BundleError(f'golden.npz is not the golden input and output of a bundle ({error}); '
                          'export the model again.') from None
