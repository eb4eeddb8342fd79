"""Pictures of things that sound, drawn by code: each call makes another individual of its kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.objects import (
    alarms,
    animals,
    household,
    keyboard,
    machines,
    percussion,
    wind_and_strings,
)
from ros2_avloc.simulation.objects.canvas import Canvas

# Kind: (drawing, largest turn either way in rad, may be mirrored).
_DRAWINGS: dict[str, tuple[Callable[[Canvas, np.random.Generator], None], float, bool]] = {
    'bell': (percussion.bell, 0.3, True),
    'drum': (percussion.drum, 0.12, True),
    'siren': (alarms.siren, 0.08, True),
    'alarm_clock': (alarms.alarm_clock, 0.12, False),
    'telephone': (household.telephone, 0.1, True),
    'kettle': (household.kettle, 0.08, True),
    'engine': (machines.engine, 0.1, True),
    'bird': (animals.bird, 0.2, True),
    'guitar': (wind_and_strings.guitar, 0.9, True),
    'flute': (wind_and_strings.flute, 0.25, True),
    'robot': (machines.robot, 0.08, True),
    'loudspeaker': (machines.loudspeaker, 0.06, True),
    'dog': (animals.dog, 0.08, True),
    'piano': (keyboard.piano, 0.04, True),
}


def draw(kind: str, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Draw one individual of a kind, of random form, material, colour and pose.

    Parameters
    ----------
    kind
        One of `KINDS`.
    rng
        Source of all chance; the same state draws the same picture.
    size
        Pixels along the longer side, at least 8.

    Returns
    -------
    numpy.ndarray
        uint8 ``(h, w, 4)``: red, green, blue, straight alpha with smooth edges; ``max(h, w) == size``.

    Raises
    ------
    InputError
        For an unknown kind or a size below 8.
    """
    if kind not in _DRAWINGS:
        raise InputError(f'There is no kind of object named {kind!r}; choose from {", ".join(KINDS)}.')
    if size < 8:
        raise InputError(f'An object of {size} px is too small to draw; ask for at least 8 px.')
    drawing, largest_turn, mirrored = _DRAWINGS[kind]
    canvas = Canvas(size, edge=rng.uniform(0.012, 0.03) if rng.random() < 0.4 else 0.0)
    drawing(canvas, rng)
    return canvas.picture(
        size,
        angle=float(rng.uniform(-largest_turn, largest_turn)),
        mirror=bool(mirrored and rng.random() < 0.5),
        squeeze=float(rng.uniform(0.88, 1.1)),
    )
