"""How turns are judged, and the plot of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ros2_avloc.following.record import Record, turns
from ros2_avloc.following.response import respond
from ros2_avloc.simulation.turn_plot import ATTENDED, FACES, MISSED, TRUE, draw

SECOND = 10**9


def test_a_turn_is_settled_when_it_stays_in_the_middle():
    response = respond([10.0, 11.0, 12.0, 13.0, 14.0], [0.5, 0.01, -0.2, 0.05, -0.05], 0.1)
    assert (response.start, response.settled, response.overshoot) == (0.5, 3.0, 0.2)
    assert response.rest == pytest.approx(0.05)


def test_the_wrong_way_counts_from_where_the_turn_began():
    response = respond([0.0, 1.0, 2.0], [-0.5, -0.6, 0.02], 0.1)
    assert response.astray == pytest.approx(0.1) and response.overshoot == pytest.approx(0.02)


def test_a_turn_that_never_settles_says_so():
    response = respond([0.0, 1.0], [-0.5, -0.4], 0.1)
    assert response.settled == math.inf and math.isnan(response.rest) and response.overshoot == 0.0


@pytest.fixture
def record():
    """Ten seconds, 10 Hz: a thing 0.5 rad to the left sounds from 2 to 5 s and is faced within a second."""
    record = Record()
    for number in range(100):
        t, stamp = number / 10, 7 * SECOND + number * SECOND // 10
        yaw = 0.5 * min(max(t - 2.2, 0.0), 1.0)
        record.yaws[stamp] = yaw
        record.truth[stamp] = [0.5 - yaw] if 2 <= t < 5 else []
        if 2.2 <= t < 5:
            record.attended[stamp] = 0.5 - yaw
    return record


def test_a_turn_begins_when_the_source_is_first_attended_to(record):
    [turn] = turns(record)
    assert (turn.sounds, turn.begin) == pytest.approx((2.0, 2.2))
    assert turn.settled == pytest.approx(0.2 + 0.9)
    assert turn.response.start == pytest.approx(0.5)
    assert turn.response.settled == pytest.approx(0.9)
    assert turn.response.overshoot == pytest.approx(0.0, abs=1e-12)


def test_what_is_never_attended_to_is_not_faced(record):
    record.attended.clear()
    [turn] = turns(record)
    assert turn.sounds == pytest.approx(2.0) and turn.response.start == pytest.approx(0.5)
    assert turn.begin == turn.settled == turn.response.settled == math.inf


def test_what_is_ahead_already_is_no_turn():
    ahead = Record(truth={0: [0.1], SECOND: [0.1]}, attended={0: 0.1}, yaws={0: 0.0, SECOND: 0.0})
    assert turns(ahead) == []


def test_the_plot_shows_all_three(record):
    picture = draw(record, turns(record), 'a test')
    plot = picture[60:]
    for colour in (TRUE, ATTENDED, FACES):
        assert np.all(plot == colour, axis=2).any(), colour
    assert not np.all(plot == MISSED, axis=2).any()
    record.attended.clear()
    assert np.all(draw(record, turns(record), 'a test')[60:] == MISSED, axis=2).any()
