"""Where the simulated camera is and how it moves. World axes as in REP-103: x forward, y left, z up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.cylinder import EYE_HEIGHT
from ros2_avloc.vision.pose import Pose


@dataclass(frozen=True)
class Motion:
    """A slow pan back and forth with a little sway, as of a head that looks round.

    Attributes
    ----------
    speed
        Fastest turn of the pan, rad/s.
    reach
        Farthest the pan turns to either side of straight ahead, rad.
    sway
        Farthest the camera moves sideways, m.
    """

    speed: float
    reach: float
    sway: float = 0.15

    def pose(self, t: float, yaw: float | None = None) -> Pose:
        """Give the pose at `t` seconds; a `yaw` (rad, positive to the left) takes the place of the pan."""
        if yaw is None:
            yaw = self.reach * float(np.sin(self.speed * t / self.reach))
        x, y, z = self.sway * np.sin(np.array([0.29, 0.23, 0.41]) * t) * (1.0, 1.0, 0.2)
        return Pose(optical_to_world(yaw, 0.03 * float(np.sin(0.37 * t))), np.array([x, y, EYE_HEIGHT + z]))


def optical_to_world(yaw: float, pitch: float) -> NDArray[np.float64]:
    """Rotation of a camera that looks `yaw` to the left and `pitch` upwards, without roll, ``(3, 3)``."""
    right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    return np.stack([right, np.cross(forward, right), forward], axis=1)
