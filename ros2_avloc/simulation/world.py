"""A world with known truth: things that sound, standing round a robot whose camera pans and sways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.background import panorama
from ros2_avloc.simulation.layout import Billboard, choose_kinds, lay_out
from ros2_avloc.simulation.photo import vignette
from ros2_avloc.simulation.pose import Motion
from ros2_avloc.simulation.sprites import put
from ros2_avloc.simulation.surroundings import Surroundings
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

_NEAREST = 0.3
_COARSE = 2


@dataclass(frozen=True)
class ObjectTruth:
    """What is true of one object at one time.

    Attributes
    ----------
    name, kind
        Of the object; names are unique in a world.
    position
        Of its middle in the world, m, float64 ``(3,)``.
    bearing
        Unit vector from the camera to its middle, in the optical frame, float64 ``(3,)``.
    distance
        From the camera, m.
    in_view
        Whether any of it is seen.
    box
        Centre x, centre y, width, height in pixels of what lies within the picture (hidden parts
        included); zeros when it is not in view.
    visible
        Share of it that is seen, 0 to 1: neither outside the picture nor behind something.
    """

    name: str
    kind: str
    position: NDArray[np.float64]
    bearing: NDArray[np.float64]
    distance: float
    in_view: bool
    box: tuple[float, float, float, float]
    visible: float


class World:
    """Things that sound round a robot, and the robot's camera.

    The world is fixed by its seed and never changes; only the camera moves, as a function of time.

    Parameters
    ----------
    seed
        Fixes everything.
    objects
        Kinds of the objects, or how many of random kinds.
    width, height
        Of the picture, pixels.
    hfov
        Horizontal field of view, rad.
    pan_speed
        Fastest turn of the camera's pan, rad/s.
    pan_reach
        Farthest the camera pans to either side, rad.

    Raises
    ------
    InputError
        For an unknown kind, a negative number of objects, or an impossible camera.
    """

    def __init__(
        self,
        seed: int,
        *,
        objects: Sequence[str] | int = 6,
        width: int = 640,
        height: int = 480,
        hfov: float = float(np.deg2rad(75)),
        pan_speed: float = 0.25,
        pan_reach: float = 1.3,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.camera = Camera.from_hfov(width, height, hfov)
        light = rng.uniform(0.8, 1.1) * (1 + rng.normal(0, 0.05) * np.array([1.0, 0.0, -1.0]))
        self.billboards = tuple(lay_out(rng, choose_kinds(rng, objects), light))
        columns = int(min(2 * np.pi * self.camera.focal[0], 4096))
        scene = np.clip(panorama(rng, columns) * light, 0, 255).astype(np.uint8)
        self._surroundings = Surroundings(scene, self.camera)
        self._motion = Motion(pan_speed, pan_reach)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each object, by name."""
        return {thing.name: thing.kind for thing in self.billboards if thing.name}

    def camera_pose(self, t: float, yaw: float | None = None) -> Pose:
        """Give the camera's pose at `t` seconds; a `yaw` (rad) from outside takes the place of the pan."""
        return self._motion.pose(t, yaw)

    def distance(self, name: str, t: float) -> float:
        """Give the metres from the camera to an object at `t` seconds.

        Raises
        ------
        InputError
            If no object has this name.
        """
        return float(np.linalg.norm(self.place(name) - self.camera_pose(t).position))

    def place(self, name: str) -> NDArray[np.float64]:
        """Give where the middle of an object is in the world, m, float64 ``(3,)``.

        Raises
        ------
        InputError
            If no object has this name.
        """
        for thing in self.billboards:
            if thing.name and thing.name == name:
                return thing.position
        known = ', '.join(self.kinds)
        raise InputError(f'There is no object named {name!r} in this world; choose from {known}.')

    def frame(self, t: float) -> NDArray[np.uint8]:
        """Give the picture at `t` seconds, uint8 ``(height, width, 3)``, red first."""
        return self.render(self.camera_pose(t))

    def truth(self, t: float) -> list[ObjectTruth]:
        """Give what is true of every object at `t` seconds, in view or not, in fixed order."""
        return self.look(self.camera_pose(t))

    def render(self, pose: Pose) -> NDArray[np.uint8]:
        """Give the picture from a pose, uint8 ``(height, width, 3)``, red first."""
        picture = self._surroundings.render(pose.rotation)
        for thing in reversed(self._by_depth(pose)):
            put(picture, thing.sprite, self._edges(thing, pose))
        return np.asarray(cv2.multiply(picture, vignette(*picture.shape[:2]), scale=1 / 255), dtype=np.uint8)

    def look(self, pose: Pose) -> list[ObjectTruth]:
        """Give what is true of every object from a pose, in view or not, in fixed order."""
        visible = self._visible_shares(pose)
        return [self._truth_of(thing, pose, visible.get(thing.name, 0.0))
                for thing in self.billboards if thing.name]

    def _by_depth(self, pose: Pose) -> list[Billboard]:
        """Sort what is in front of the camera, nearest first."""
        depths = [((thing.position - pose.position) @ pose.rotation)[2] for thing in self.billboards]
        order = sorted(range(len(depths)), key=lambda index: depths[index])
        return [self.billboards[index] for index in order if depths[index] > _NEAREST]

    def _edges(self, thing: Billboard, pose: Pose) -> NDArray[np.float64]:
        """Left, top, right, bottom on the picture, where the first pixel spans 0 to 1.

        The billboard lies parallel to the image plane, so that its middle is the middle of its picture.
        """
        optical = (thing.position - pose.position) @ pose.rotation
        x, y = self.camera.pixels(optical[None])[0] + 0.5
        w, h = np.array(thing.size) * self.camera.focal / optical[2] / 2
        return np.array([x - w, y - h, x + w, y + h])

    def _visible_shares(self, pose: Pose) -> dict[str, float]:
        """Share of each object in front of the camera that is seen, on a grid of every other pixel."""
        width, height = self.camera.width // _COARSE, self.camera.height // _COARSE
        open_view = np.ones((height, width), np.float32)
        shares = {}
        for thing in self._by_depth(pose):
            edges = self._edges(thing, pose) / _COARSE
            patch, x, y = thing.sprite.patch(edges, width, height)
            if not patch.size:
                continue
            cover = patch[..., 3] / np.float32(255)
            behind = open_view[y : y + patch.shape[0], x : x + patch.shape[1]]
            whole = thing.sprite.levels[-1][..., 3].mean() / 255 * np.prod(edges[2:] - edges[:2])
            shares[thing.name] = min(1.0, float((cover * behind).sum() / max(whole, 1.0)))
            behind *= 1 - cover
        return shares

    def _truth_of(self, thing: Billboard, pose: Pose, visible: float) -> ObjectTruth:
        offset = (thing.position - pose.position) @ pose.rotation
        distance = float(np.linalg.norm(offset))
        box = (0.0, 0.0, 0.0, 0.0)
        if visible > 0:
            limits = 2 * (self.camera.width, self.camera.height)
            left, top, right, bottom = np.clip(self._edges(thing, pose), 0, limits).tolist()
            box = ((left + right - 1) / 2, (top + bottom - 1) / 2, right - left, bottom - top)
        return ObjectTruth(thing.name, thing.kind, thing.position, offset / distance, distance, visible > 0,
                           box, visible)
