"""Keeps the levels of the diagnostics from flickering."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus

HOLD = 3.0
"""Seconds for which a status stays bad after it has become well."""


@dataclass(frozen=True)
class _Bad:
    level: bytes
    message: str
    last: float


class Steadiness:
    """Believes at once that something is bad, and only after `HOLD` seconds that it is well again.

    Nothing is held where the node is stopped: then a status is stale, and what was before is over.

    Parameters
    ----------
    clock
        Steady, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bad: dict[str, _Bad] = {}

    def settle(self, status: DiagnosticStatus) -> DiagnosticStatus:
        """Hold back a change to OK; the message then says both, what is and what was."""
        now = self._clock()
        if status.level in (DiagnosticStatus.WARN, DiagnosticStatus.ERROR):
            self._bad[status.name] = _Bad(status.level, status.message, now)
        elif status.level == DiagnosticStatus.STALE:
            self._bad.pop(status.name, None)
        else:
            self._hold(status, now)
        return status

    def _hold(self, status: DiagnosticStatus, now: float) -> None:
        bad = self._bad.get(status.name)
        if bad is None:
            return
        if now - bad.last >= HOLD:
            del self._bad[status.name]
            return
        status.level = bad.level
        status.message = f'{status.message}; {now - bad.last:.0f} s ago: {bad.message}'
