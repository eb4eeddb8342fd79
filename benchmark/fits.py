"""What some constants of sources and tracks were fitted to: measured where the truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import angle, turns
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.moments import SECOND, Moment
from ros2_avloc.simulation.track_score import NEAR, expected

RATE = 10
"""Frames a second of what is measured."""

Series = NDArray[np.float64]


@dataclass
class Fits:
    """Figures of one or more scenes.

    Attributes
    ----------
    spells
        Of each thing, for as long as it was seen to sound in every frame: the error of its source's bearing
        (turns about y and z, rad) and the log-odds of its probability, float64 ``(n, 3)``.
    rates
        Turns of what sounds in view, as seen from the camera, in the world: rad/s.
    """

    spells: list[Series] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def add(self, moments: Sequence[Moment], results: Sequence[Result]) -> None:
        """Take in a scene."""
        rows: dict[str, dict[int, list[float]]] = {}
        for number, (moment, result) in enumerate(zip(moments, results, strict=True)):
            for name, row in _sightings(moment, result):
                rows.setdefault(name, {})[number] = row
        for of_thing in rows.values():
            numbers = np.array(list(of_thing))
            for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
                self.spells.append(np.array([of_thing[number] for number in run]))
        for before, after in zip(moments, moments[1:], strict=False):
            places = {thing.name: thing.bearing for thing in before.things}
            seconds = (after.stamp - before.stamp) / SECOND
            self.rates += [angle(places[thing.name], thing.bearing) / seconds for thing in expected(after)
                           if thing.name in places]

    @property
    def lasting(self) -> float:
        """Part of the variance of a source's bearing that is still there a second later (`track.LASTING`)."""
        long = [spell[:, :2] for spell in self.spells if len(spell) > RATE]
        later = sum(float((one[RATE:] * one[:-RATE]).sum()) for one in long)
        return later / sum(float((one[RATE:] ** 2 + one[:-RATE] ** 2).sum() / 2) for one in long)

    @property
    def looks(self) -> float:
        """Independent looks in a second, from the log-odds around their mean (`existence.LOOKS`)."""
        long = [spell[:, 2] - spell[:, 2].mean() for spell in self.spells if len(spell) > 2 * RATE]
        variance = sum(float((one ** 2).sum()) for one in long)
        alike = [sum(float((one[lag:] * one[:-lag]).sum()) for one in long) / variance
                 for lag in range(1, RATE + 1)]
        first = next((lag for lag, value in enumerate(alike) if value <= 0), RATE)
        return RATE / (1 + 2 * sum(alike[:first]))

    @property
    def rate(self) -> float:
        """Root mean square of the rate of turn about one axis, degrees a second (`motion.RATE`)."""
        return math.degrees(math.sqrt(float(np.mean(np.square(self.rates))) / 2))


def _sightings(moment: Moment, result: Result) -> Iterator[tuple[str, list[float]]]:
    """Yield what sounds in plain view and has a source near."""
    for thing in expected(moment):
        truth = moment.pose.rotation.T @ thing.bearing
        nearest = min(result.sources, key=lambda source: angle(source.bearing.vector, truth), default=None)
        if nearest is not None and angle(nearest.bearing.vector, truth) <= NEAR:
            odds = nearest.probability / max(1.0 - nearest.probability, 1e-4)
            yield thing.name, [*turns(truth, nearest.bearing.vector).tolist(), math.log(odds)]
