"""Stamps of messages: what can be one, what fits its stream, and when time itself has jumped."""

from __future__ import annotations

from typing import Any

from ros2_avloc.errors import InputError

SECOND = 1_000_000_000

TOLERANCE = 2 * SECOND
"""How far the delay from stamp to arrival may change at once without being a jump."""

BELIEVED = 3
"""So many messages in a row with the same new delay are a jump of the stream, not a fault of one message."""

BACK = SECOND
"""Stamps that go back by more than this have jumped; by less, messages have overtaken each other."""


def to_nanoseconds(stamp: Any) -> int:
    """ROS time in ns of a builtin_interfaces/Time.

    Raises
    ------
    InputError
        If it is before the epoch or its nanoseconds are more than a second.
    """
    if stamp.sec < 0 or stamp.nanosec >= SECOND:
        raise InputError(f'The stamp (sec {stamp.sec}, nanosec {stamp.nanosec}) is no time; '
                         'the driver has to be repaired.')
    return int(stamp.sec) * SECOND + int(stamp.nanosec)


class StampGuard:
    """Watches the stamps of one stream against the node's clock.

    A single stamp that is far from where the stream was is refused. When the next messages say the
    same, it was the stream (or the clock) that jumped, and they are believed.
    """

    def __init__(self) -> None:
        self._delay: int | None = None
        self._newest = 0
        self._doubted: list[int] = []

    def check(self, stamp: int, arrival: int) -> int:
        """Judge the next message of the stream.

        Parameters
        ----------
        stamp, arrival
            ROS time in ns of its stamp, and of its arrival by the node's clock.

        Returns
        -------
        int
            By how many ns time has jumped back with this message; 0 if it has not.

        Raises
        ------
        InputError
            If the stamp is far from where the stream was.
        """
        delay = arrival - stamp
        if self._delay is not None and abs(delay - self._delay) > TOLERANCE:
            self._doubt(delay, delay - self._delay)
        self._delay = delay
        self._doubted.clear()
        back = self._newest - stamp
        self._newest = stamp if back > BACK else max(self._newest, stamp)
        return back if back > BACK else 0

    def _doubt(self, delay: int, change: int) -> None:
        if self._doubted and abs(delay - self._doubted[-1]) > TOLERANCE:
            self._doubted.clear()
        self._doubted.append(delay)
        if len(self._doubted) < BELIEVED:
            side = 'before' if change > 0 else 'after'
            raise InputError(f'The stamp is {abs(change) / SECOND:.3f} s {side} where it should be by the '
                             'messages that came earlier; this message is left out.')
