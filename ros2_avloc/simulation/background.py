"""What is behind everything: panoramas of rooms and of the open air, seen from where the robot stands.

A panorama is a picture on a cylinder round the camera. Column ``u`` looks at azimuth
``2π·(0.5 - (u + 0.5)/width)`` (0 is ahead, positive to the left); row ``v`` at the tangent of elevation
``(height/2 - v - 0.5)·2π/width``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.board import cloudy
from ros2_avloc.simulation.cylinder import Cylinder, scaled
from ros2_avloc.simulation.outdoors import open_air
from ros2_avloc.simulation.rooms import room


def panorama(rng: np.random.Generator, width: int) -> NDArray[np.uint8]:
    """Draw random surroundings, two in three of them a room.

    Parameters
    ----------
    rng
        Source of all chance.
    width
        Columns for the full turn.

    Returns
    -------
    numpy.ndarray
        uint8 ``(height, width, 3)`` with ``height = round(HIGHEST / π · width)``.
    """
    cylinder = Cylinder.of_width(width)
    scene = room(rng, cylinder) if rng.random() < 0.67 else open_air(rng, cylinder)
    patches = 1 + rng.uniform(0.0, 0.15) * cloudy(rng, *cylinder.shape, 6, 2)
    towards_floor = np.linspace(1.05, rng.uniform(0.75, 1.0), len(scene))[:, None]
    return scaled(scene, patches * towards_floor)
