from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.attention.attention import LEAST_INTEREST, Attention, Why, dwelt, exceeds
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.interest import (
    LIVELY_PACE,
    LOUDNESS,
    NOVELTY,
    Hearing,
    Regard,
    grown,
    hear,
    interest,
    loudness_of,
)
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track

SECOND = 10**9


def _track(number: int, score: float, *, sounding: bool = True) -> Track:
    azimuth = math.radians(20 * number)
    bearing = Bearing(np.array([math.cos(azimuth), math.sin(azimuth), 0]), np.eye(2))
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
    assert exceeds(0.71, 0.6, 0.1)
    assert not exceeds(0.69, 0.6, 0.1)


def _sequence(attention: Attention, seconds: float, tracks, hearing: Hearing | None = None, *,
              start: float = 0.0, step: float = 0.1) -> list[tuple[int | None, Why]]:
    """Offer the same tracks for a while; return what is attended, and why, at each step."""
    found = []
    for number in range(round(seconds / step)):
        chosen = attention.choose(round((start + number * step) * SECOND), tracks, hearing or LIVELY)
        found.append((chosen.id if chosen else None, attention.why))
    return found


LIVELY, FAN = Hearing(-20.0, LIVELY_PACE), Hearing(-20.0, 1.0)


def test_a_fan_does_not_hold_the_robot_for_ever_but_a_voice_does_for_longer():
    for hearing, longest in ((FAN, 45), (LIVELY, 150)):
        attention = Attention(min_dwell=1, switch_margin=0.1)
        attended = _sequence(attention, 300, [_track(1, 0.9)], hearing, step=0.5)
        held = sum(id == 1 for id, _ in attended) * 0.5
        assert longest / 2 < held < longest
        assert attended[-1] == (None, Why.USED_TO)


def test_what_one_is_used_to_yields_to_a_newcomer_that_is_no_better():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    _sequence(attention, 10, [_track(1, 0.9)], FAN)
    assert _sequence(attention, 0.1, [_track(1, 0.9), _track(2, 0.9)], FAN, start=10) == [(2, Why.BEST)]


def test_after_a_pause_one_is_no_longer_used_to_it():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    _sequence(attention, 80, [_track(1, 0.9)], FAN)
    _sequence(attention, 60, [_track(1, 0.9, sounding=False)], FAN, start=80)
    assert _sequence(attention, 0.1, [_track(1, 0.9)], FAN, start=140) == [(1, Why.BEST)]


def test_after_a_glance_attention_returns_though_another_is_a_little_better():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    assert _sequence(attention, 8, [_track(1, 0.7), _track(3, 0.6)])[-1][0] == 1
    glance = [_track(1, 0.7), _track(2, 0.95), _track(3, 0.75)]
    assert _sequence(attention, 2, glance, start=8)[-1][0] == 2
    after = _sequence(attention, 1, [_track(1, 0.7), _track(3, 0.75)], start=10)
    assert after[0] == (1, Why.RETURNED)
    assert {id for id, _ in after} == {1}


def test_attention_returns_to_what_the_glance_has_put_out_of_view():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    _sequence(attention, 3, [_track(1, 0.6)])
    out = replace(_track(1, 0.6, sounding=False), in_view=False, sounds=0.7)
    assert _sequence(attention, 1, [_track(2, 0.9), out], start=3)[-1][0] == 2
    assert _sequence(attention, 1, [_track(2, 0.9, sounding=False), out], start=4)[-1] == (1, Why.RETURNED)
    doubtful = replace(out, sounds=0.4)
    assert _sequence(attention, 0.1, [doubtful], start=5) == [(None, Why.SILENT)]


def test_nobody_returns_after_a_long_while():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    _sequence(attention, 3, [_track(1, 0.6)])
    out = replace(_track(1, 0.6, sounding=False), in_view=False, sounds=0.7)
    _sequence(attention, 11, [_track(2, 0.9), out], start=3)
    assert _sequence(attention, 0.1, [out], start=14) == [(None, Why.SILENT)]


def test_why_nothing_is_attended():
    attention = Attention(min_dwell=1, switch_margin=0.1)
    assert _sequence(attention, 0.1, []) == [(None, Why.SILENT)]
    source = Source((0, 0, 1, 1), 0.9, Bearing(np.array([0, 0, 1.0]), np.eye(2)))
    fresh = replace(_track(1, 0.4, sounding=False), source=source)
    assert _sequence(attention, 0.1, [fresh], start=1) == [(None, Why.UNSURE)]


def test_who_turns_turns_while_it_sounds():
    attention, over = Attention(min_dwell=1, switch_margin=0.1), replace(LIVELY, over=True)
    assert _sequence(attention, 1, [_track(1, 0.9)], over)[-1] == (None, Why.OVER)
    assert _sequence(attention, 2, [_track(1, 0.5)], start=1)[-1] == (1, Why.BEST)
    assert _sequence(attention, 1, [_track(1, 0.5), _track(2, 0.9)], over, start=3)[-1][0] == 1
    fallen = [_track(1, 0.5, sounding=False), _track(2, 0.9)]
    assert _sequence(attention, 1, fallen, over, start=4)[-1] == (None, Why.OVER)
    assert _sequence(attention, 0.1, fallen[:1], over, start=4.9)[-1] == (None, Why.SILENT)
    assert _sequence(attention, 1, fallen, start=5)[-1] == (2, Why.BEST)


def test_loud_and_new_count_more():
    track = _track(1, 0.8)
    assert interest(track, Regard(1.0)) == pytest.approx(0.8)
    assert interest(track, Regard(0.0)) == pytest.approx(0.8 * (1 - LOUDNESS))
    assert interest(track, Regard(1.0, stale=1.0)) == pytest.approx(0.8 * (1 - NOVELTY))
    assert interest(track, Regard(1.0, habituation=1.0)) == 0.0
    assert [loudness_of(level) for level in (-90, -60, -40, -20, 0)] == [0, 0, 0.5, 1, 1]


def test_noise_is_even_and_beats_are_lively():
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal(48_240)).astype(np.float32)
    even = hear(noise)
    assert (even.level, even.pace) == (pytest.approx(-20, abs=0.1), 1.0)
    beats = noise * (np.arange(48_240) // 4_800 % 2)
    assert hear(beats.astype(np.float32)).pace == LIVELY_PACE
    assert hear(np.zeros(48_240, np.float32)).level == -120


@pytest.mark.parametrize(('silent', 'floor', 'over'), [(0.5, -60, True), (0.3, -60, False), (0.5, -35, False),
                                                       (1.0, -60, False), (0.0, -60, False)])
def test_a_sound_is_over_when_the_window_ends_in_silence(silent, floor, over):
    noise = np.random.default_rng(0).standard_normal(48_240)
    level = np.where(np.arange(48_240) < (1 - silent) * 48_240, -20.0, float(floor))
    assert hear((noise * 10 ** (level / 20)).astype(np.float32)).over is over


moments = st.tuples(st.booleans(), st.floats(-100, 0), st.floats(0.25, 1), st.floats(0, 30))


@given(st.lists(moments, max_size=30))
def test_regard_stays_between_none_and_all(story):
    regard = None
    for sounds, level, pace, seconds in story:
        regard = grown(regard, sounds=sounds, hearing=Hearing(level, pace), seconds=seconds)
        assert all(0 <= value <= 1 for value in (regard.loudness, regard.stale, regard.habituation))


@given(st.lists(st.tuples(st.floats(0, 5), st.sets(st.integers(1, 4))), max_size=20), st.floats(0, 3),
       st.floats(0, 0.5))
def test_whatever_sounds_attention_dwells(story, min_dwell, margin):
    """Nothing but its own silence takes the attention from a track before its dwell."""
    attention, stamp, attended, since = Attention(min_dwell=min_dwell, switch_margin=margin), 0, None, 0
    for pause, sounding in story:
        stamp += round(pause * SECOND)
        tracks = [_track(number, 0.2 * number, sounding=number in sounding) for number in range(1, 5)]
        chosen = attention.choose(stamp, tracks, LIVELY)
        if attended in sounding and stamp - since < min_dwell * SECOND and attention.why is not Why.USED_TO \
                and interest(tracks[attended - 1], attention._regards[attended]) >= LEAST_INTEREST:
            assert chosen.id == attended
        assert chosen is None or chosen.id in sounding
        if (chosen and chosen.id) != attended:
            attended, since = chosen and chosen.id, stamp
