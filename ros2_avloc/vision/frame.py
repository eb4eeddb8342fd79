"""One camera image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """One camera image.

    Attributes
    ----------
    rgb
        uint8 ``(H, W, 3)``, red first. May be a read-only view of the message (for bgr8 with a
        negative stride along the last axis); never written to.
    stamp
        Capture time, ns of the ROS clock.
    frame_id
        The camera's optical frame.
    """

    rgb: NDArray[np.uint8]
    stamp: int
    frame_id: str
