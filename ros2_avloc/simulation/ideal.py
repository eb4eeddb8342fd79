"""Heatmaps as of a network that errs in stated ways, so that errors of the tracker show alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ros2_avloc.simulation.moments import SECOND, Moment, Thing
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import GRID, pixel_to_cell

BACKGROUND = -5.0
PEAK = 2.5
"""Logits of a cell where nothing sounds, and of the middle of what sounds."""

FAINT = 0.25
"""Share of the second for which a thing must sound to count fully."""

LEAST_VISIBLE = 0.3
"""Of a thing less of which is seen, nothing is found."""

LEAST_WIDTH = 0.8
"""Standard deviation of the smallest blob, in cells."""

CELL_NOISE = 0.4
"""Standard deviation of each cell's logit, new in each frame."""

STRENGTH_NOISE = 1.0
"""Standard deviation of a thing's logit, over `MEMORY`."""

OFFSET = 0.06
"""Standard deviation of a blob's middle from the thing's, over `MEMORY`, as a part of each of its sides."""

MEMORY = 0.5
"""Seconds in which strength and offset fall to 1/e of what they were: windows share their sound."""

MISSED, FALSE = 0.03, 0.03
"""How often a second a thing begins to be missed, and something begins to be seen where nothing sounds."""

BURST = 0.4
"""Seconds that each lasts."""

Cells = NDArray[np.float64]


@dataclass
class _Errors:
    """What is wrong with one thing: drawn from the normal distribution, and till when it is missed (ns)."""

    drift: NDArray[np.float64]
    missed_until: int = 0


@dataclass
class IdealNetwork:
    """Heatmaps of known truth with noise that its seed decides.

    Parameters
    ----------
    camera
        Of the frames.
    rng
        Source of all chance.
    """

    camera: Camera
    rng: np.random.Generator
    _errors: dict[str, _Errors] = field(default_factory=dict)
    _ghost: tuple[NDArray[np.float64], int] = (np.zeros(2), 0)
    _stamp: int | None = None

    def heatmaps(self, moments: Iterable[Moment]) -> Iterator[NDArray[np.float32]]:
        """Yield the heatmap of each moment, in the order of time, float32 ``(14, 14)``."""
        for moment in moments:
            seconds = 0.0 if self._stamp is None else (moment.stamp - self._stamp) / SECOND
            self._stamp = moment.stamp
            yield self._heatmap(moment, seconds)

    def _heatmap(self, moment: Moment, seconds: float) -> NDArray[np.float32]:
        rise: Cells = np.zeros((GRID, GRID))
        for thing in moment.things:
            rise = np.maximum(rise, self._of_thing(thing, moment.stamp, seconds))
        rise = np.maximum(rise, self._of_ghost(moment.stamp, seconds))
        logits = BACKGROUND + rise + self.rng.normal(0, CELL_NOISE, rise.shape)
        return expit(logits).astype(np.float32)

    def _of_thing(self, thing: Thing, stamp: int, seconds: float) -> Cells:
        errors = self._errors.setdefault(thing.name, _Errors(self.rng.normal(size=3)))
        kept = math.exp(-seconds / MEMORY)
        errors.drift = kept * errors.drift + math.sqrt(1 - kept**2) * self.rng.normal(size=3)
        if self.rng.random() < MISSED * seconds:
            errors.missed_until = stamp + round(BURST * SECOND)
        share = min(1.0, thing.heard / FAINT)
        if share == 0 or thing.visible < LEAST_VISIBLE or stamp < errors.missed_until:
            return np.zeros((GRID, GRID))
        x, y, width, height = thing.box
        at = np.array([x + OFFSET * width * errors.drift[0], y + OFFSET * height * errors.drift[1]])
        sides = np.array([height / self.camera.height, width / self.camera.width]) * GRID
        strength = PEAK - BACKGROUND + STRENGTH_NOISE * errors.drift[2]
        rise: Cells = share * strength * self._blob(at, np.maximum(sides / 2, LEAST_WIDTH))
        return rise

    def _of_ghost(self, stamp: int, seconds: float) -> Cells:
        place, until = self._ghost
        if self.rng.random() < FALSE * seconds:
            place = self.rng.uniform((0, 0), (self.camera.width, self.camera.height))
            until = stamp + round(BURST * SECOND)
            self._ghost = place, until
        if stamp >= until:
            return np.zeros((GRID, GRID))
        return (PEAK - BACKGROUND) * self._blob(place, np.full(2, 2 * LEAST_WIDTH))

    def _blob(self, pixel: NDArray[np.float64], width: NDArray[np.float64]) -> Cells:
        """Rise from 0 to 1 around a pixel; `width` in cells, by row and column."""
        row, column = pixel_to_cell(pixel[None], self.camera.width, self.camera.height)[0]
        rows, columns = np.indices((GRID, GRID))
        blob: Cells = np.exp(-(((rows - row) / width[0])**2 + ((columns - column) / width[1])**2) / 2)
        return blob
