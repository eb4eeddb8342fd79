from __future__ import annotations

import numpy as np

from ros2_avloc.attention.attention import Attention, dwelt, exceeds
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.tracker import Track

SECOND = 10**9


def _track(number: int, score: float, *, sounding: bool = True) -> Track:
    bearing = Bearing(np.array([1.0, 0, 0]), np.eye(2))
    return Track(id=number, bearing=bearing, existence=score, probability=1.0, confirmed=True,
                 source=None, first_seen=0, last_seen=0, sightings=3, streak=3, sounding=sounding)


def _choose(attention: Attention, stamp: float, *tracks: tuple[int, float]) -> int | None:
    """Offer tracks (id, score) that sound at `stamp` seconds; return the attended id."""
    at = round(stamp * SECOND)
    chosen = attention.choose(at, [_track(number, score) for number, score in tracks])
    return chosen.id if chosen else None


def test_the_best_is_attended_at_once():
    assert _choose(Attention(min_dwell=2, switch_margin=0.1), 0, (1, 0.5), (2, 0.7)) == 2


def test_a_rival_waits_for_the_dwell_and_must_exceed_the_margin():
    attention = Attention(min_dwell=2, switch_margin=0.1)
    assert _choose(attention, 0, (1, 0.5)) == 1
    rivals = [(1, 0.9), (1.9, 0.9), (2.0, 0.55), (3.0, 0.65), (4.9, 0.3), (4.99, 0.3)]
    attended = [_choose(attention, stamp, (1, 0.5), (2, rival)) for stamp, rival in rivals]
    assert attended == [1, 1, 1, 2, 2, 2]
    assert _choose(attention, 5.1, (1, 0.5), (2, 0.3)) == 1


def test_the_attended_track_falls_silent():
    attention = Attention(min_dwell=2, switch_margin=0.1)
    assert _choose(attention, 0, (1, 0.9)) == 1
    assert attention.choose(1, [_track(1, 0.9, sounding=False)]) is None
    assert attention.choose(2, [_track(1, 0.9, sounding=False), _track(2, 0.3)]).id == 2


def test_nothing_is_not_attended():
    assert Attention(min_dwell=2, switch_margin=0.1).choose(0, []) is None


def test_a_jump_back_in_time_does_not_hold_the_attention():
    attention = Attention(min_dwell=2, switch_margin=0.1)
    assert _choose(attention, 1000, (1, 0.5)) == 1
    assert _choose(attention, 1, (1, 0.5), (2, 0.9)) == 2


def test_settings_may_change_while_it_runs():
    attention = Attention(min_dwell=2, switch_margin=0.1)
    _choose(attention, 0, (1, 0.5))
    attention.min_dwell, attention.switch_margin = 0.5, 0.5
    assert _choose(attention, 1, (1, 0.5), (2, 0.9)) == 1
    attention.switch_margin = 0.1
    assert _choose(attention, 1, (1, 0.5), (2, 0.9)) == 2


def test_each_rule_alone():
    long_enough = [dwelt(round(stamp * SECOND), 10 * SECOND, 2) for stamp in (9, 10, 11.9, 12)]
    assert long_enough == [True, False, False, True]
    assert exceeds(_track(1, 0.71), _track(2, 0.6), 0.1)
    assert not exceeds(_track(1, 0.69), _track(2, 0.6), 0.1)
