"""Where a camera is and where it looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pose:
    """A camera's place in another frame: the target frame of the node, or the simulated world.

    Attributes
    ----------
    rotation
        float64 ``(3, 3)``, turns vectors of the optical frame (x right, y down, z forward) into the other's.
    position
        float64 ``(3,)`` in metres.
    """

    rotation: NDArray[np.float64]
    position: NDArray[np.float64]

    def within(self, other: Pose) -> Pose:
        """Return this place in the other's frame, both being told in the same one."""
        back = other.rotation.T
        return Pose(back @ self.rotation, back @ (self.position - other.position))
