"""Stamps as ROS time."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import SECOND, to_nanoseconds


@given(st.integers(0, 2**31 - 1), st.integers(0, SECOND - 1))
def test_a_time_of_ros_is_its_nanoseconds(sec, nanosec):
    assert to_nanoseconds(Time(sec=sec, nanosec=nanosec)) == sec * SECOND + nanosec


@pytest.mark.parametrize('stamp', [Time(sec=-1), Time(sec=1, nanosec=SECOND), Time(sec=-(2**31))])
def test_what_is_no_time_is_refused(stamp):
    with pytest.raises(InputError, match='is no time'):
        to_nanoseconds(stamp)
