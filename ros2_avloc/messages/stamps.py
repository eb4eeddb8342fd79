"""Stamps of messages as ROS time."""

from __future__ import annotations

from typing import Any

from ros2_avloc.errors import InputError

SECOND = 1_000_000_000


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
