"""What is true at one moment, for whoever measures: where things are, and whether they sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.scene import Scene
from ros2_avloc.vision.pose import Pose

SECOND = 1_000_000_000
"""In ns: the length of a window too."""

LOOKS = 20
"""So many looks at the last second tell for how much of it a thing sounded."""

Box = tuple[float, float, float, float]
"""Centre x, centre y, width and height in pixels."""


@dataclass(frozen=True)
class Thing:
    """Something that can sound.

    Attributes
    ----------
    name
        Its own.
    bearing
        Unit vector in the world, as seen from the camera, float64 ``(3,)``.
    box
        Of what lies within the picture; zeros when it is not in view.
    visible
        Share of it that is seen, 0 to 1.
    sounding
        Whether it sounds at this moment.
    heard
        Share of the last second in which it sounded.
    """

    name: str
    bearing: NDArray[np.float64]
    box: Box
    visible: float
    sounding: bool
    heard: float


@dataclass(frozen=True)
class Moment:
    """One frame's truth.

    Attributes
    ----------
    stamp
        ns.
    pose
        Of the camera in the world.
    things
        In fixed order.
    """

    stamp: int
    pose: Pose
    things: tuple[Thing, ...]


def heard_shares(sounding: Sequence[frozenset[str]], name: str) -> float:
    """Share of looks at the last second in which `name` is among what sounds."""
    return sum(name in names for names in sounding) / len(sounding)


def moments_of(scene: Scene, times: Sequence[float]) -> Iterator[Moment]:
    """Yield the truth of a scene at times in seconds."""
    for t in times:
        pose = scene.camera_pose(t)
        second = [scene.sounding(t - ago) for ago in (np.arange(LOOKS) + 0.5) / LOOKS]
        things = (Thing(seen.name, pose.rotation @ seen.bearing, seen.box, seen.visible, seen.sounding,
                        heard_shares(second, seen.name)) for seen in scene.truth(t))
        yield Moment(round(t * SECOND), pose, tuple(things))
