"""The attended bearing as a controller needs it: in the axes of the body, with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.attention.bearing import azimuth_elevation, direction
from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import SECOND

OPTICAL_TO_BODY = np.array(((0.0, 0.0, 1.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)))
"""Turns vectors of an optical frame (z forward) into one of body axes (x forward, z up), REP-103."""

OLDEST = 2.0
"""Seconds after its picture up to which a bearing counts. Chosen: more than a slow machine needs with windows
around their frame, and less than how far back it is known where a robot faced; older ones were kept or are
played again."""


@dataclass(frozen=True)
class Sighting:
    """Where the attended track was at one time.

    Attributes
    ----------
    stamp
        ROS time in ns.
    vector
        Unit vector in body axes (x forward, y left, z up), float64 ``(3,)``.
    deviation
        Standard deviation of its azimuth, rad.
    """

    stamp: int
    vector: NDArray[np.float64]
    deviation: float

    @property
    def azimuth(self) -> float:
        """Radians to the left of straight ahead."""
        return azimuth_elevation(self.vector)[0]

    def check_age(self, now: int) -> None:
        """Refuse what was so too long ago.

        Parameters
        ----------
        now
            ROS time in ns.

        Raises
        ------
        InputError
            If its stamp lies more than `OLDEST` seconds back.
        """
        age = (now - self.stamp) / SECOND
        if age > OLDEST:
            raise InputError(f'A bearing tells of {age:.1f} s ago, and none older than {OLDEST:.0f} s turns '
                             'anything; look for late pictures, clocks that differ, or an old recording.')


def sight(stamp: int, quaternion: ArrayLike, covariance: ArrayLike,
          rotation: NDArray[np.float64]) -> Sighting:
    """Read the pose of ``~/attended``: its +X axis is the bearing.

    Parameters
    ----------
    stamp
        ROS time in ns.
    quaternion
        x, y, z, w.
    covariance
        36 numbers, row by row, as geometry_msgs/PoseWithCovariance has them: the last three rows and
        columns are of turns about the axes of the pose's frame, rad².
    rotation
        float64 ``(3, 3)``, from the pose's frame into body axes.

    Raises
    ------
    InputError
        If the quaternion is none.
    """
    xyzw = np.asarray(quaternion, np.float64)
    if not abs(float(np.linalg.norm(xyzw)) - 1.0) < 1e-2:
        raise InputError(f'The orientation {xyzw.tolist()} is no unit quaternion; let it be filled in.')
    turns = np.asarray(covariance, np.float64).reshape(6, 6)[3:, 3:]
    about_up = float((rotation @ turns @ rotation.T)[2, 2])
    return Sighting(stamp, rotation @ direction(xyzw), math.sqrt(about_up) if about_up >= 0.0 else math.inf)
