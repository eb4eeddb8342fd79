"""What stands where in a simulated world: upright pictures round the robot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.cylinder import EYE_HEIGHT
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.objects import draw
from ros2_avloc.simulation.sprites import Sprite
from ros2_avloc.simulation.stands import draw_stand

_DRAWN_SIZE = 320
_LOWEST_STAND = 0.3
"""Metres; what would stand lower stands on the floor."""


@dataclass(frozen=True)
class Billboard:
    """A picture that always turns its face to the camera.

    Attributes
    ----------
    name
        The object's name; empty for what has no sound.
    kind
        The object's kind; empty for what has no sound.
    position
        Of its middle in the world, m, ``(3,)``.
    size
        Width and height, m.
    sprite
        What is seen.
    """

    name: str
    kind: str
    position: NDArray[np.float64]
    size: tuple[float, float]
    sprite: Sprite


def choose_kinds(rng: np.random.Generator, objects: Sequence[str] | int) -> list[str]:
    """Kinds as asked for, or so many random ones, all different while they last.

    Raises
    ------
    InputError
        For an unknown kind or a negative number.
    """
    if isinstance(objects, int):
        if objects < 0:
            raise InputError(f'A world cannot hold {objects} objects; ask for 0 or more.')
        rounds = -(-objects // len(KINDS))
        return [str(kind) for _ in range(rounds) for kind in rng.permutation(KINDS)][:objects]
    unknown = sorted(set(objects) - set(KINDS))
    if unknown:
        raise InputError(f'There is no kind of object named {unknown[0]!r}; choose from {", ".join(KINDS)}.')
    return list(objects)


def name_objects(kinds: Sequence[str]) -> list[str]:
    """Names that tell objects apart: the kind, and a number from the second of a kind on."""
    seen: Counter[str] = Counter()
    names = []
    for kind in kinds:
        seen[kind] += 1
        names.append(kind if seen[kind] == 1 else f'{kind}_{seen[kind]}')
    return names


def lay_out(rng: np.random.Generator, kinds: Sequence[str], light: NDArray[np.float64]) -> list[Billboard]:
    """Place an object of each kind and what it stands on round the robot, 1.5 to 4 m away.

    Parameters
    ----------
    rng
        Source of all chance.
    kinds
        Kinds in order of azimuth, evenly spread with some chance.
    light
        Red, green and blue of the light, ``(3,)``.

    Returns
    -------
    list of Billboard
        Objects and stands.
    """
    spacing = 2 * np.pi / max(1, len(kinds))
    start = rng.uniform(-np.pi, np.pi)
    board = []
    for place, (kind, name) in enumerate(zip(kinds, name_objects(kinds), strict=True)):
        azimuth = start + spacing * (place + rng.uniform(-0.25, 0.25))
        sprite = Sprite.from_drawing(draw(kind, rng, _DRAWN_SIZE)).lit(light * rng.uniform(0.85, 1.05))
        thing = _place(rng, name, kind, float(azimuth), sprite)
        board.append(thing)
        if thing.position[2] - thing.size[1] / 2 > _LOWEST_STAND:
            board.append(_stand_under(rng, thing, light))
        board.append(_shadow_under(thing))
    return board


def _place(rng: np.random.Generator, name: str, kind: str, azimuth: float, sprite: Sprite) -> Billboard:
    distance = rng.uniform(1.5, 4.0)
    longer = rng.uniform(0.3, 0.52) * distance
    width, height = longer * min(sprite.aspect, 1), longer / max(sprite.aspect, 1)
    z = EYE_HEIGHT + rng.uniform(-0.2, 0.1) * distance
    if z - height / 2 < _LOWEST_STAND:
        z = height / 2
    position = np.array([distance * np.cos(azimuth), distance * np.sin(azimuth), z])
    return Billboard(name, kind, position, (float(width), float(height)), sprite)


def _stand_under(rng: np.random.Generator, thing: Billboard, light: NDArray[np.float64]) -> Billboard:
    height = float(thing.position[2] - 0.48 * thing.size[1])
    width = float(max(0.3, thing.size[0] * rng.uniform(0.6, 1.0)))
    position = np.append(thing.position[:2] * 1.01, height / 2)
    sprite = Sprite.from_drawing(draw_stand(rng, _DRAWN_SIZE)).lit(light)
    return Billboard('', '', position, (width, height), sprite)


def _shadow_under(thing: Billboard) -> Billboard:
    """Make the soft shadow on the floor, as wide as the thing, behind it and its stand."""
    x, y = thing.position[:2] * 1.02
    width = 1.1 * thing.size[0]
    height = min(0.3, 0.5 * EYE_HEIGHT / float(np.hypot(x, y))) * width
    return Billboard('', '', np.array([x, y, 0.0]), (width, height), _shadow())


@lru_cache(maxsize=1)
def _shadow() -> Sprite:
    v, u = np.mgrid[-1:1:48j, -1:1:96j]
    rgba = np.zeros((48, 96, 4), np.uint8)
    rgba[..., 3] = 110 * np.clip(1.2 - np.hypot(u, v) * 1.2, 0, 1)
    return Sprite((rgba,))
