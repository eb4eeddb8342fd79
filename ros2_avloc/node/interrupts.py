"""How a node takes Ctrl-C."""

from __future__ import annotations

import signal


def hold_interrupts() -> None:
    """Let Ctrl-C end the context, as SIGTERM does, without a KeyboardInterrupt; call it before `rclpy.init`.

    The handler that `rclpy.init` installs shuts the context down and then calls the one that it found.
    Python's own would raise in whatever is under way, in a constructor or destructor of rclpy too.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
