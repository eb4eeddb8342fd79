"""Stamps of messages: what can be one, what fits its stream, and when time itself has jumped."""

from __future__ import annotations

from dataclasses import dataclass

from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.windows import JUMP

TOLERANCE = 2 * SECOND
"""How far the delay from stamp to arrival may change at once without being a jump."""

BELIEVED = 3
"""So many messages in a row with the same new delay are a jump of the stream, not a fault of one message."""


@dataclass(frozen=True)
class Verdict:
    """What a `StampGuard` says of a message.

    Attributes
    ----------
    fits
        Whether the message may be used.
    back
        By how many ns time has jumped back with it; 0 if it has not.
    fault
        What was wrong with the messages before it, which did not fit; empty if nothing was.
    """

    fits: bool
    back: int = 0
    fault: str = ''


class StampGuard:
    """Watches the stamps of one stream against the node's clock.

    A stamp that is far from where the stream was does not fit. When the next messages say the same, it
    was the stream (or the clock) that jumped, and they are believed; when they do not, it was a fault.
    """

    def __init__(self) -> None:
        self._delay: int | None = None
        self._newest = 0
        self._doubted: list[int] = []

    def check(self, stamp: int, arrival: int) -> Verdict:
        """Judge the next message by its stamp and its arrival, both ROS time in ns."""
        delay = arrival - stamp
        if self._delay is not None and abs(delay - self._delay) > TOLERANCE and not self._has_jumped(delay):
            return Verdict(fits=False)
        fault = self._fault() if self._doubted and len(self._doubted) < BELIEVED else ''
        self._doubted.clear()
        self._delay = delay
        back = self._newest - stamp
        jumped = self._newest > 0 and back > JUMP
        self._newest = stamp if jumped else max(self._newest, stamp)
        return Verdict(True, back if jumped else 0, fault)

    def _has_jumped(self, delay: int) -> bool:
        if self._doubted and abs(delay - self._doubted[-1]) > TOLERANCE:
            self._doubted.clear()
        self._doubted.append(delay)
        return len(self._doubted) >= BELIEVED

    def _fault(self) -> str:
        assert self._delay is not None
        off = self._doubted[-1] - self._delay
        side = 'before' if off > 0 else 'after'
        return (f'A stamp lay {abs(off) / SECOND:.3f} s {side} where the messages around it say it should '
                'be; it was not believed.')
