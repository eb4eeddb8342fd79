"""A scene: a world that is seen, a script of what sounds in it, and a microphone that hears it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.ears import Ears
from ros2_avloc.simulation.microphone import Audio, Microphone, Room, Source
from ros2_avloc.simulation.pose import optical_to_world
from ros2_avloc.simulation.script import read_script
from ros2_avloc.simulation.shoebox import Images, Shoebox, from_all_around
from ros2_avloc.simulation.voices import Voices
from ros2_avloc.simulation.world import ObjectTruth, World
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

OPTICAL_TO_LINK = optical_to_world(yaw=0.0, pitch=0.0)


@dataclass(frozen=True)
class Setup:
    """An array of microphones on the camera, and the room that it is in.

    Attributes
    ----------
    microphones
        Their places in the camera's body frame (x forward, y left, z up), m, float64 ``(c, 3)``.
    rt60
        Seconds in which a sound decays by 60 dB.
    yaw
        Where the camera looks at a time in seconds, where it does not look round by itself.
    """

    microphones: NDArray[np.float64]
    rt60: float = 0.3
    yaw: Callable[[float], float | None] = lambda t: None


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
    setup
        The microphones, where they are more than one.

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
        setup: Setup | None = None,
    ) -> None:
        if seed < 0:
            raise InputError(f'the seed of a scene is {seed}; give a whole number from 0')
        self._world = World(seed, objects=objects, width=width, height=height)
        kinds = self._world.kinds
        self._script = read_script(script, seed=seed, names=list(kinds), visible=self._visible)
        # The world draws from the seed itself; what is heard draws from a stream of its own.
        rng = np.random.default_rng([seed, 1])
        room = Room.draw(rng) if setup is None else Room.none()
        self._voices = Voices(seed, kinds, room, self._world.distance)
        self._microphone = Microphone(rng)
        self._ears = None if setup is None else self._make_ears(np.random.default_rng([seed, 2]), setup)

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
        """Give the samples from number `start` on, at 48 kHz, float32 in [-1, 1].

        They are mono, ``(count,)``; of an array ``(count, c)``.
        """
        if self._ears is not None:
            return self._ears.hear(start, count)
        return self._microphone.hear(self._sources(start, start + count), start, count)

    def sounding(self, t: float) -> frozenset[str]:
        """Give the names of the objects that sound at `t` seconds, in view or not."""
        events = self._script.between(t, float(np.nextafter(t, np.inf)))
        return frozenset(event.name for event in events) & self._world.kinds.keys()

    def truth(self, t: float, yaw: float | None = None) -> list[SceneTruth]:
        """Give what is true of every object at `t` seconds, seen or not, in fixed order; `yaw` as above."""
        sounding = self.sounding(t)
        seen = self._world.look(self.camera_pose(t, yaw))
        return [SceneTruth(**vars(one), sounding=one.name in sounding) for one in seen]

    def _sources(self, start: int, stop: int) -> Iterable[Source]:
        events = self._script.between(start / SAMPLE_RATE - self._voices.tail, stop / SAMPLE_RATE)
        return self._voices.sources(events, start, stop)

    def _make_ears(self, rng: np.random.Generator, setup: Setup) -> Ears:
        walls = np.append(rng.uniform(4.6, 5.6, 4), rng.uniform(2.6, 3.4))
        room = Shoebox(np.append(-walls[:2], 0.0), walls[2:], setup.rt60)
        around = from_all_around(rng, self.camera_pose(0.0).position)

        def images(name: str) -> Images:
            return room.images(self._world.place(name)) if name in self._world.kinds else around

        def microphones(t: float) -> NDArray[np.float64]:
            pose = self.camera_pose(t, setup.yaw(t))
            return pose.position + setup.microphones @ (pose.rotation @ OPTICAL_TO_LINK.T).T

        return Ears(rng, room, images, microphones, self._sources)

    def _visible(self, t: float) -> dict[str, float]:
        return {seen.name: seen.visible for seen in self._world.truth(t)}
