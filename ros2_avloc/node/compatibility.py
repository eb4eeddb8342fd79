"""Names of rclpy that are found in other places in other ROS distributions, from Humble on."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

__all__ = ['PublisherEventCallbacks', 'SubscriptionEventCallbacks', 'steady_clock']


def steady_clock() -> Clock:
    """Return a clock for timers that also run while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)
