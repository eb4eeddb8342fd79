"""Things that move, cross, hide and fall silent before a camera that turns: their truth, without pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.moments import LOOKS, SECOND, Box, Moment, Thing, heard_shares
from ros2_avloc.simulation.pose import optical_to_world
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

PAN, PERIOD = math.radians(60.0), 24.0
"""The camera turns so far to either side, and comes back in so many seconds; it lingers in the middle."""

APART, CROSSING = math.radians(36.0), 4.0
"""Two things stand so far apart in the middle, and change places within so many seconds while the camera
lingers there."""

AROUND = 3.5
"""Seconds before and after the middle of a crossing in which both sound and neither hides: nobody could tell
which is which of things that cross unheard."""

SIZES = math.radians(10.0), math.radians(20.0)
SOUND, PAUSE = (3.0, 8.0), (2.0, 6.0)
HIDDEN, OPEN = (1.0, 2.0), (8.0, 14.0)
"""Seconds for which a thing sounds, is silent, hides, and is open to view, from and to."""


@dataclass(frozen=True)
class Spans:
    """Times from and up to which something is so, in seconds, in order."""

    spans: tuple[tuple[float, float], ...]

    def at(self, t: float) -> bool:
        """Whether it is so at `t` seconds."""
        return any(start <= t < end for start, end in self.spans)

    @classmethod
    def draw(cls, rng: np.random.Generator, on: tuple[float, float], off: tuple[float, float], length: float
             ) -> Spans:
        """Draw so many seconds in which spans and pauses take turns, a pause first."""
        spans, t = [], rng.uniform(0, off[1])
        while t < length:
            end = t + rng.uniform(*on)
            spans.append((t, end))
            t = end + rng.uniform(*off)
        return cls(tuple(spans))

    def joined(self, other: Spans) -> Spans:
        """Return when either is so."""
        return Spans((*self.spans, *other.spans))

    def without(self, other: Spans) -> Spans:
        """Return those of the spans that meet none of the other's."""
        return Spans(tuple(one for one in self.spans
                           if all(one[1] <= start or end <= one[0] for start, end in other.spans)))


@dataclass(frozen=True)
class Actor:
    """Something that stands, or crosses to and fro.

    Attributes
    ----------
    name
        Its own.
    azimuth, elevation
        Of its place, or of the middle of its way, rad.
    side
        1 or -1 for one that crosses, by where it begins: to the left or right; 0 for one that stands.
    size
        Its width and height, rad.
    sounds, hides
        When it does.
    """

    name: str
    azimuth: float
    elevation: float
    side: int
    size: float
    sounds: Spans
    hides: Spans

    def bearing(self, t: float) -> NDArray[np.float64]:
        """Return the unit vector to its middle at `t` seconds, in the world, float64 ``(3,)``."""
        azimuth = self.azimuth + self.side * APART / 2 * _place(t)
        flat = math.cos(self.elevation)
        return np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(self.elevation)])


class Stage:
    """Five things round a camera that pans: two in the middle change places, the others stand.

    Parameters
    ----------
    seed
        Fixes everything.
    length
        Seconds that are played.
    """

    def __init__(self, seed: int, length: float = 60.0) -> None:
        rng = np.random.default_rng([seed, 8])
        self.camera = Camera.from_hfov(640, 480, math.radians(75.0))
        crossings = np.arange(PERIOD / 2, length, PERIOD / 2)
        together = Spans(tuple((float(t) - AROUND, float(t) + AROUND) for t in crossings))
        places = enumerate([(-100, 0), (-50, 0), (0, 1), (0, -1), (55, 0)])
        self.actors = tuple(self._actor(rng, number, degrees, side, together, length)
                            for number, (degrees, side) in places)

    @staticmethod
    def _actor(rng: np.random.Generator, number: int, degrees: float, side: int, together: Spans,
               length: float) -> Actor:
        sounds, hides = Spans.draw(rng, SOUND, PAUSE, length), Spans.draw(rng, HIDDEN, OPEN, length)
        if side:
            sounds, hides = sounds.joined(together), hides.without(together)
        azimuth = math.radians(degrees) + (0.0 if side else rng.uniform(-0.1, 0.1))
        return Actor(f'thing {number}', float(azimuth), float(rng.uniform(-0.15, 0.15)), side,
                     float(rng.uniform(*SIZES)), sounds, hides)

    def moments(self, times: Sequence[float]) -> Iterator[Moment]:
        """Yield the truth at times in seconds."""
        for t in times:
            yaw = PAN * math.sin(math.tau * t / PERIOD) ** 3
            pose = Pose(optical_to_world(yaw, 0.0), np.zeros(3))
            yield Moment(round(t * SECOND), pose, tuple(self._thing(actor, t, pose) for actor in self.actors))

    def _thing(self, actor: Actor, t: float, pose: Pose) -> Thing:
        bearing = actor.bearing(t)
        box, share = self._box(pose.rotation.T @ bearing, actor.size)
        second = [frozenset([actor.name] if actor.sounds.at(t - ago) else [])
                  for ago in (np.arange(LOOKS) + 0.5) / LOOKS]
        visible = 0.0 if actor.hides.at(t) else share
        return Thing(actor.name, bearing, box, visible, actor.sounds.at(t), heard_shares(second, actor.name))

    def _box(self, optical: NDArray[np.float64], size: float) -> tuple[Box, float]:
        """Return what lies within the picture, and which share of the whole that is."""
        if optical[2] < 0.1:
            return (0.0, 0.0, 0.0, 0.0), 0.0
        middle = self.camera.pixels(optical[None])[0]
        half = np.array(self.camera.focal) * math.tan(size / 2)
        limits = np.array([self.camera.width, self.camera.height])
        low, high = (np.clip(middle + sign * half + 0.5, 0, limits) - 0.5 for sign in (-1, 1))
        share = float(np.prod((high - low) / (2 * half)))
        box = (*((low + high) / 2).tolist(), *(high - low).tolist()) if share > 0 else (0.0, 0.0, 0.0, 0.0)
        return box, share


def _place(t: float) -> float:
    """Return where between -1 and 1 the one is that begins at 1; the other one is opposite."""
    number = round(t / (PERIOD / 2))
    before = 1.0 if number % 2 else -1.0
    if number == 0:
        return 1.0
    progress = float(np.clip((t - number * PERIOD / 2) / CROSSING + 0.5, 0.0, 1.0))
    return before * (1.0 - 2.0 * progress)
