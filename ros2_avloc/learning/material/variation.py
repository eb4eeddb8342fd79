"""How a moment is varied: another crop, mirrored, other light, another loudness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.vision.preprocess import stretch

Rng = np.random.Generator


@dataclass(frozen=True)
class Variation:
    """What is done to one frame and one second of sound.

    Attributes
    ----------
    left, top, width, height
        Of the crop, as shares of the frame. Width and height are drawn apart, so that frames of other
        aspects are seen too.
    mirrored
        Whether left and right are exchanged.
    brightness, saturation
        Factors.
    loudness
        Factor of the whole second ("clip-level", up to 10 % as in L3-Net).
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    mirrored: bool = False
    brightness: float = 1.0
    saturation: float = 1.0
    loudness: float = 1.0

    @classmethod
    def draw(cls, rng: Rng) -> Variation:
        """Draw one; at most a quarter of either side is cut off."""
        width, height = rng.uniform(0.75, 1.0, 2)
        return cls(rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height, rng.random() < 0.5,
                   rng.uniform(0.75, 1.25), rng.uniform(0.6, 1.4), rng.uniform(0.9, 1.1))

    def picture(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a frame, uint8 ``(H, W, 3)``, as uint8 ``(224, 224, 3)``: cropped, stretched, re-lit."""
        height, width = rgb.shape[:2]
        top, left = int(self.top * height), int(self.left * width)
        bottom, right = top + max(1, round(self.height * height)), left + max(1, round(self.width * width))
        small = stretch(rgb[top:bottom, left:right])
        if self.mirrored:
            small = small[:, ::-1]
        grey = np.full((3, 3), (1 - self.saturation) / 3)
        matrix = self.brightness * (grey + self.saturation * np.eye(3))
        return np.asarray(cv2.transform(np.ascontiguousarray(small), matrix), np.uint8)

    def sound(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return samples louder or softer, float32 in [-1, 1]."""
        return np.clip(np.float32(self.loudness) * samples, -1, 1)

