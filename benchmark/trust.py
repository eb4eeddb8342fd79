"""Whether what is said to sound with a probability of 0.8 does so eight times in ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.moments import Moment

EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


@dataclass
class Trust:
    """Sources of one or more scenes.

    Attributes
    ----------
    said, true
        Of each source its probability, and whether its middle lies on something that sounds in its second.
    """

    said: list[float] = field(default_factory=list)
    true: list[bool] = field(default_factory=list)

    def add(self, moments: Sequence[Moment], results: Sequence[Result]) -> None:
        """Take in a scene."""
        for moment, result in zip(moments, results, strict=True):
            boxes = [thing.box for thing in moment.things if thing.heard > 0]
            for source in result.sources:
                x, y = source.box[:2]
                self.said.append(source.probability)
                self.true.append(any(abs(x - box[0]) <= box[2] / 2 and abs(y - box[1]) <= box[3] / 2
                                     for box in boxes))

    def bins(self) -> dict[str, str]:
        """Say for each span of probabilities what was said, what is so, and of how many."""
        said, true = np.array(self.said), np.array(self.true)
        told = {}
        for low, high in zip(EDGES, EDGES[1:], strict=False):
            inside = (said >= low) & (said < high)
            count = int(inside.sum())
            told[f'{low:.1f} to {min(high, 1.0):.1f}'] = (
                f'{said[inside].mean():.2f}: {true[inside].mean():.2f} ({count})' if count else '–')
        return told
