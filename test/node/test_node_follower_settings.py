"""The follower's table of parameters, and that file and page say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ros2_avloc.errors import AvlocError
from ros2_avloc.following.aiming import HeadLimits
from ros2_avloc.following.steering import Limits
from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.parameter_files import markdown, parameter_file
from ros2_avloc.node.settings import entries

ROOT = Path(__file__).parents[2]


def test_the_shipped_file_is_the_table():
    text = (ROOT / 'config' / 'follower.yaml').read_text(encoding='utf-8')
    assert text == parameter_file('follower')
    values = yaml.safe_load(text)['/**']['ros__parameters']
    assert FollowerSettings.from_values(values) == FollowerSettings()
    assert list(values) == [entry.name for entry in entries(FollowerSettings)]


def test_the_page_of_parameters_is_the_table():
    assert (ROOT / 'docs' / 'follower-parameters.md').read_text(encoding='utf-8') == markdown('follower')


def test_defaults_are_those_of_the_control_laws():
    assert FollowerSettings().limits() == Limits()
    assert FollowerSettings().head_limits() == HeadLimits()


def test_a_tilt_joint_that_lifts_has_its_limits_turned_over():
    given = {'head.tilt_min': -0.2, 'head.tilt_max': 0.7, 'head.tilt_up': True}
    assert FollowerSettings.from_values(given).head_limits().tilt == (-0.7, 0.2)


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(AvlocError, match='head.pan_min must not be above head.pan_max.'):
        FollowerSettings.from_values({'head.pan_min': 2.0})
