"""A room with six plain walls, by the image sources of Allen & Berkley.

J. B. Allen & D. A. Berkley, "Image method for efficiently simulating small-room acoustics", J. Acoust. Soc.
Am. 65(4), 1979: a wall's reflection is a further source, its mirror image behind the wall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.array import SPEED_OF_SOUND
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import InputError

Vectors = NDArray[np.float64]

NEAREST = 0.3
"""Distance in metres below which a source gets no louder."""


@dataclass(frozen=True)
class Images:
    """Where sound comes from that reaches the microphones: a source and its reflections.

    Attributes
    ----------
    positions
        In the world, m, float64 ``(n, 3)``.
    gains
        Their pressure at 1 m as a part of the source's, float64 ``(n,)``.
    """

    positions: Vectors
    gains: Vectors

    def response(self, microphones: Vectors, length: int) -> NDArray[np.float32]:
        """Impulse responses float32 ``(c, length)`` from the source to microphones ``(c, 3)``.

        The sound of an image falls with its distance and is late by it; a delay between two samples goes to
        both, by how near they are.
        """
        responses = [self._response(microphone, length) for microphone in microphones]
        return np.stack(responses).astype(np.float32)

    def _response(self, microphone: Vectors, length: int) -> Vectors:
        distances = np.linalg.norm(self.positions - microphone, axis=1)
        late = distances * (SAMPLE_RATE / SPEED_OF_SOUND)
        heard = late < length - 1
        late, strength = late[heard], (self.gains / np.maximum(distances, NEAREST))[heard]
        before = late.astype(np.intp)
        part = late - before
        response: Vectors = np.zeros(length)
        response += np.bincount(before, strength * (1 - part), length)
        response += np.bincount(before + 1, strength * part, length)
        return response


@dataclass(frozen=True)
class Shoebox:
    """A room from one corner to the opposite one, whose walls are all alike.

    Attributes
    ----------
    low, high
        Corners in the world, m, float64 ``(3,)``.
    rt60
        Seconds in which a sound decays by 60 dB, by Sabine's formula. Plain walls scatter nothing, and the
        sound between two of them lasts longer: up to 1.4 times that is measured.

    Raises
    ------
    InputError
        If no walls give so short a reverberation.
    """

    low: Vectors
    high: Vectors
    rt60: float

    def __post_init__(self) -> None:
        if not 0 < self._absorption <= 1:
            raise InputError(f'The room of {self._volume:.0f} m³ cannot reverberate for {self.rt60:g} s; '
                             f'let rt60 be at least {self.rt60 * self._absorption:.2f} s.')

    @property
    def length(self) -> int:
        """Samples of the room's impulse responses."""
        return round(self.rt60 * SAMPLE_RATE)

    def images(self, position: Vectors) -> Images:
        """Return a source in the room and its reflections, for as long as the room reverberates."""
        reach = self.rt60 * SPEED_OF_SOUND
        axes = [_mirrored(*place, reach) for place in zip(position, self.low, self.high, strict=True)]
        places = np.stack(np.meshgrid(*(axis[0] for axis in axes), indexing='ij'), axis=-1).reshape(-1, 3)
        reflections = np.add.outer(np.add.outer(axes[0][1], axes[1][1]), axes[2][1]).reshape(-1)
        near = np.linalg.norm(places - position, axis=1) < reach
        return Images(places[near], math.sqrt(1 - self._absorption) ** reflections[near])

    @property
    def _volume(self) -> float:
        return float(np.prod(self.high - self.low))

    @property
    def _absorption(self) -> float:
        """Part of the energy that a wall takes (W. C. Sabine)."""
        x, y, z = self.high - self.low
        surface = 2 * (x * y + y * z + z * x)
        return float(24 * math.log(10) * self._volume / (SPEED_OF_SOUND * surface * self.rt60))


def _mirrored(place: float, low: float, high: float, reach: float) -> tuple[Vectors, NDArray[np.intp]]:
    """Return mirror images along one axis, and how often each is reflected."""
    size = high - low
    times = np.arange(-math.ceil(reach / size) - 1, math.ceil(reach / size) + 2)
    straight = place + times * size
    flipped = low + high - place + times * size
    return np.where(times % 2 == 0, straight, flipped), np.abs(times)


def from_all_around(rng: np.random.Generator, centre: Vectors, count: int = 300) -> Images:
    """Return what makes a sound without a place: it comes from all directions, 15 to 90 ms late."""
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = rng.uniform(0.015, 0.09, count) * SPEED_OF_SOUND
    gains = rng.choice([-1.0, 1.0], count) * distances / math.sqrt(count)
    return Images(centre + directions * distances[:, None], gains)
