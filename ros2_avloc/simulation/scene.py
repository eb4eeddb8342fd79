"""A scene: a world that is seen, a script of what sounds in it, and a microphone that hears it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.microphone import Audio, Microphone, Room
from ros2_avloc.simulation.script import read_script
from ros2_avloc.simulation.voices import Voices
from ros2_avloc.simulation.world import ObjectTruth, World
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose


@dataclass(frozen=True)
class SceneTruth(ObjectTruth):
    """What is true of one object at one time, with what is heard of it.

    Attributes
    ----------
    sounding
        Whether it sounds at that time; its reverberation afterwards does not count.
    """

    sounding: bool


class Scene:
    """A world with sound, fixed by its seed: what is asked, and in which order, changes nothing.

    Times are seconds of the scene, from 0; sample k of its sound belongs to the time k / 48000.

    Parameters
    ----------
    seed
        Fixes everything, 0 or more.
    objects
        Kinds of the objects, or how many of random kinds.
    width, height
        Of the picture, pixels.
    script
        What sounds when, see `script`.

    Raises
    ------
    InputError
        For a negative seed, an unknown kind, an impossible camera, or a script that cannot be read.
    """

    def __init__(
        self,
        seed: int,
        *,
        objects: Sequence[str] | int = 6,
        width: int = 640,
        height: int = 480,
        script: str = 'turns',
    ) -> None:
        if seed < 0:
            raise InputError(f'the seed of a scene is {seed}; give a whole number from 0')
        self._world = World(seed, objects=objects, width=width, height=height)
        kinds = self._world.kinds
        self._script = read_script(script, seed=seed, names=list(kinds), visible=self._visible)
        # The world draws from the seed itself; what is heard draws from a stream of its own.
        rng = np.random.default_rng([seed, 1])
        self._voices = Voices(seed, kinds, Room.draw(rng), self._world.distance)
        self._microphone = Microphone(rng)

    @property
    def world(self) -> World:
        """What is seen."""
        return self._world

    @property
    def camera(self) -> Camera:
        """The camera's model."""
        return self._world.camera

    def camera_pose(self, t: float, yaw: float | None = None) -> Pose:
        """Give the camera's pose at `t` seconds; a `yaw` (rad) from outside takes the place of the pan."""
        return self._world.camera_pose(t, yaw)

    def frame(self, t: float, yaw: float | None = None) -> NDArray[np.uint8]:
        """Give the picture at `t` seconds, uint8 ``(height, width, 3)``, red first; `yaw` as above."""
        return self._world.render(self.camera_pose(t, yaw))

    def audio(self, start: int, count: int) -> Audio:
        """Give the samples from number `start` on, mono at 48 kHz, float32 ``(count,)`` in [-1, 1]."""
        stop = start + count
        events = self._script.between(start / SAMPLE_RATE - self._voices.tail, stop / SAMPLE_RATE)
        return self._microphone.hear(self._voices.sources(events, start, stop), start, count)

    def sounding(self, t: float) -> frozenset[str]:
        """Give the names of the objects that sound at `t` seconds, in view or not."""
        events = self._script.between(t, float(np.nextafter(t, np.inf)))
        return frozenset(event.name for event in events) & self._world.kinds.keys()

    def truth(self, t: float, yaw: float | None = None) -> list[SceneTruth]:
        """Give what is true of every object at `t` seconds, seen or not, in fixed order; `yaw` as above."""
        sounding = self.sounding(t)
        seen = self._world.look(self.camera_pose(t, yaw))
        return [SceneTruth(**vars(one), sounding=one.name in sounding) for one in seen]

    def _visible(self, t: float) -> dict[str, float]:
        return {seen.name: seen.visible for seen in self._world.truth(t)}
