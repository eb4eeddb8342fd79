"""Places on a picture for words that must not cover each other."""

from __future__ import annotations

from collections.abc import Sequence

_OUTWARDS = sorted(range(-20, 21), key=abs)
"""Steps that something is moved, the fewest first."""

Rectangle = tuple[int, int, int, int]
"""Left, top, right and bottom, the latter two beyond it."""


class Places:
    """Knows which parts of a picture are taken.

    Parameters
    ----------
    width, height
        Of what may be written on.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._taken: list[Rectangle] = []

    def take(self, wanted: Rectangle, step: int, avoid: Sequence[Rectangle] = ()) -> tuple[int, int]:
        """Take the place nearest to `wanted`, above or below it, that is free.

        Parameters
        ----------
        wanted
            Where it would be best.
        step
            Pixels by which it is moved at a time.
        avoid
            What it may cover, but should not.

        Returns
        -------
        int, int
            The top left corner; where nothing is free, that of `wanted`. Within the picture, where it fits.
        """
        moved = [self._within(wanted, number * step) for number in _OUTWARDS]
        good = [place for place in moved if not _covers(place, self._taken)] or moved
        best = next((place for place in good if not _covers(place, avoid)), good[0])
        self._taken.append(best)
        return best[:2]

    def _within(self, wanted: Rectangle, down: int) -> Rectangle:
        width, height = wanted[2] - wanted[0], wanted[3] - wanted[1]
        left = min(max(wanted[0], 0), max(self._width - width, 0))
        top = min(max(wanted[1] + down, 0), max(self._height - height, 0))
        return left, top, left + width, top + height


def _covers(place: Rectangle, others: Sequence[Rectangle]) -> bool:
    left, top, right, bottom = place
    return any(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
               for other in others)
