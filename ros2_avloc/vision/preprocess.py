"""From a frame to the input of the vision tower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import BundleError

SIDE = 224
"""Height and width of the network's input (Objects that Sound, section 2)."""

DIVISOR = 128
"""Of a pixel's value; by a power of two, bfloat16 and float16 hold what comes out exactly."""

_SCALED = np.arange(256, dtype=np.float32) / np.float32(DIVISOR) - np.float32(1)
"""What becomes of each value of a pixel."""


@dataclass(frozen=True)
class ImageFrontEnd:
    """What `network_input` does to a frame, as a bundle records it. A network fits its own front end only.

    The paper leaves open how a frame of another shape becomes a square. Here the whole frame is stretched:
    nothing is cut off, all 196 cells see the scene, and both axes keep their full angular resolution,
    which a letterbox would lose. ``shrink`` names how `stretch` makes large frames small. The weights that
    ship learned from pictures composed at 224×224, which nothing shrinks.
    """

    version: int = 3
    height: int = SIDE
    width: int = SIDE
    fit: str = 'stretch'
    shrink: str = 'halve'
    enlarge: str = 'linear'
    colour: str = 'rgb'
    divide_by: float = DIVISOR
    subtract: float = 1.0

    def as_dict(self) -> dict[str, object]:
        """Return the settings as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, object]) -> ImageFrontEnd:
        """Read settings that `as_dict` wrote; raise BundleError if a name is missing or unknown."""
        names = {field.name for field in fields(cls)}
        if set(settings) != names:
            odd = ', '.join(sorted(names ^ set(settings)))
            raise BundleError('The image front end of the bundle differs from that of this ros2_avloc in: '
                              f'{odd}; export the bundle again.')
        return cls(**settings)  # type: ignore[arg-type]


def network_input(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Stretch a frame to 224×224 and scale it to [-1, 1).

    Parameters
    ----------
    rgb
        uint8 ``(H, W, 3)``, red first, of any size; padded rows and a reversed last axis
        (`vision.encodings.to_rgb` of bgr8) cost no copy of the whole frame.

    Returns
    -------
    float32 ``(1, 3, 224, 224)``, contiguous; value / 128 - 1.
    """
    small = stretch(rgb)
    mirrored = small.strides[-1] < 0
    channels = cv2.split(small[..., ::-1])[::-1] if mirrored else cv2.split(small)
    planes = np.empty((1, 3, SIDE, SIDE), np.float32)
    for channel, plane in zip(channels, planes[0], strict=True):
        cv2.LUT(channel, _SCALED, plane)
    return planes


def stretch(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale to 224×224.

    Both axes are halved, by means of 2×2, while that leaves enough: far cheaper than one mean over the area.
    If either is still more than twice too long, axes that shrink do so by the mean over the area. The rest is
    linear.

    Parameters
    ----------
    rgb
        As of `network_input`.

    Returns
    -------
    uint8 ``(224, 224, 3)``
        With the order of `rgb`; the last axis may be reversed in memory.
    """
    return _stretch(rgb[..., ::-1])[..., ::-1] if rgb.strides[-1] < 0 else _stretch(rgb)


def _stretch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    while min(height, width) >= 2 * SIDE and height % 2 == width % 2 == 0:
        height, width = height // 2, width // 2
        image = _resize(image, width, height, cv2.INTER_AREA)
    if max(height, width) > 2 * SIDE:
        image = _resize(image, min(width, SIDE), min(height, SIDE), cv2.INTER_AREA)
    return _resize(image, SIDE, SIDE, cv2.INTER_LINEAR)


def _resize(image: NDArray[np.uint8], width: int, height: int, interpolation: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
