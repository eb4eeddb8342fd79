"""What a camera sees sound and what an array of microphones hears, put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import Bearing, angle, covariance_at, rotate, spread
from ros2_avloc.attention.heard import LEAST_CONTRAST, SECOND, Heard, find_heard
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import in_view
from ros2_avloc.audio.array import PowerMap
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import GRID, cell_to_pixel
from ros2_avloc.vision.pose import Pose

DISTANCE = 2.0
"""Metres at which a source is taken to be where array and camera are not in one place.
Chosen: as across a room."""

WEIGHT = 5.0
"""Log-probability that a cell loses as the power from there falls from that of a second peak to the mean of
all. A thing as wide as 16° keeps half of its probability at its edges, where an array of 10 cm hears it."""

LEAST_BELIEF = 0.01
"""What remains of a cell's probability at least: of a hundred directions from the array, one is false."""

ONE = math.radians(15.0)
"""A direction closer than this to a source that is seen is that source.
Chosen: what a small array and a box are wide together."""

MOST_HEARD = 3

_NOWHERE = Pose(np.eye(3), np.zeros(3))

Vectors = NDArray[np.float64]
Heatmap = NDArray[np.float32]


def fuse(heatmap: Heatmap, power: PowerMap, camera: Camera, mounting: Pose) -> Heatmap:
    """Doubt what is seen to sound where nothing is heard from there.

    What is seen makes the sound if it looks like it, which the network says, and if the sound comes from
    there, which the array says: the probabilities are multiplied. A sum of logits would not do: of two alike
    things the network is certain of both. The array only takes away, for that something is heard from a
    direction does not say that it is what is seen there.

    Parameters
    ----------
    heatmap
        Probabilities, float32 ``(14, 14)``.
    power
        What the array has heard in the same second. Where it does not stand out it says nothing.
    camera
        Of the frame.
    mounting
        Pose of the camera in the array's frame.

    Returns
    -------
    float32 ``(14, 14)``
        Probabilities, none greater than before.
    """
    if power.contrast < LEAST_CONTRAST:
        return heatmap
    towards = _towards(_cell_rays(camera), power, mounting)
    relative = power.towards(np.nan_to_num(towards)).reshape(GRID, GRID)
    belief = np.clip(np.exp(WEIGHT * (relative / SECOND - 1.0)), LEAST_BELIEF, 1.0)
    fused: Heatmap = (heatmap * belief).astype(np.float32)
    return fused


def hear_out_of_view(power: PowerMap, sources: Sequence[Source], camera: Camera, mounting: Pose
                     ) -> list[Heard]:
    """Find what is heard outside the camera's view.

    Parameters
    ----------
    power
        What the array has heard.
    sources
        What is seen to sound; what is heard within `ONE` of it is the same.
    camera, mounting
        As for `fuse`.

    Returns
    -------
    list[Heard]
        In the camera's optical frame, best first.
    """
    heard = [_from_camera(one, power, mounting) for one in find_heard(power, MOST_HEARD)]
    return [one for one in heard if not in_view(one.bearing, _NOWHERE, camera)
            and all(angle(one.bearing.vector, source.bearing.vector) > ONE for source in sources)]


def _towards(rays: Vectors, power: PowerMap, mounting: Pose) -> Vectors:
    """Directions from the array to what lies at `DISTANCE` along rays of the camera."""
    ways = DISTANCE * rays @ mounting.rotation.T + _offset(power, mounting)
    directions: Vectors = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
    return directions


def _from_camera(heard: Heard, power: PowerMap, mounting: Pose) -> Heard:
    """Tell a direction from the array as one from the camera."""
    offset = _offset(power, mounting)
    way = DISTANCE * heard.bearing.vector - offset
    vector = way / np.linalg.norm(way)
    # Between half of the distance and infinity, parallax is wrong by up to the angle that it has at it.
    parallax = (float(np.linalg.norm(offset)) / DISTANCE / 2) ** 2 * np.eye(2)
    bearing = Bearing(vector, covariance_at(vector, spread(heard.bearing)) + parallax)
    return Heard(heard.probability, rotate(bearing, mounting.rotation.T))


def _offset(power: PowerMap, mounting: Pose) -> Vectors:
    offset: Vectors = mounting.position - power.array.centre
    return offset


@lru_cache(maxsize=4)
def _cell_rays(camera: Camera) -> Vectors:
    """Rays of the middles of all cells, row by row, float64 ``(196, 3)``."""
    cells = np.indices((GRID, GRID)).reshape(2, -1).T
    return camera.rays(cell_to_pixel(cells, camera.width, camera.height))
