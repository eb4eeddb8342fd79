from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.attention.attention import BELIEVED
from ros2_avloc.attention.existence import (
    MOST_SURE,
    SILENT,
    SOUNDS,
    STAYS,
    Presence,
    first,
    pass_time,
    seen,
    unseen,
)

probabilities = st.floats(0.0, 1.0)


@st.composite
def presences(draw) -> Presence:
    existence = draw(probabilities)
    return Presence(sounds := existence * draw(probabilities), existence - sounds)


def valid(presence: Presence) -> bool:
    return min(presence.sounds, presence.silent) >= -1e-12 and presence.existence <= 1 + 1e-9


@given(presences(), probabilities, probabilities, st.floats(0, 100))
def test_probabilities_stay_probabilities(presence, probability, correspondence, seconds):
    for after in (pass_time(presence, seconds), seen(presence, probability, seconds),
                  unseen(presence, correspondence, seconds), first(probability)):
        assert valid(after)


@given(presences(), st.floats(0, 50))
def test_time_takes_nothing_from_what_may_be_out_of_view(presence, seconds):
    assert pass_time(presence, seconds).existence == pytest.approx(presence.existence)


@given(presences(), st.floats(0, 20), st.floats(0, 20))
def test_time_passes_alike_in_one_step_or_two(presence, one, other):
    once, twice = pass_time(presence, one + other), pass_time(pass_time(presence, one), other)
    assert (once.sounds, once.silent) == (pytest.approx(twice.sounds), pytest.approx(twice.silent))


def test_what_is_out_of_view_is_believed_to_sound_for_longer():
    sounding = Presence(MOST_SURE, 0.1)
    assert pass_time(sounding, 3.0).sounds < BELIEVED < pass_time(sounding, 8.0, in_view=False).sounds
    assert pass_time(sounding, 12.0, in_view=False).sounds < BELIEVED


def test_after_long_the_state_is_that_of_rest():
    rest = pass_time(Presence(0.8, 0.0), 1000)
    assert rest.sounds == pytest.approx(0.8 * SOUNDS / (SOUNDS + SILENT))


def test_what_is_seen_gains_and_no_more_than_may_be():
    presence, gained = first(0.8), [first(0.8).existence]
    for _ in range(30):
        presence = seen(pass_time(presence, 0.1), 0.8, 0.1)
        gained.append(presence.existence)
    assert gained == sorted(gained) and gained[-1] > 0.99
    assert presence.sounds == pytest.approx(MOST_SURE)


def test_a_second_of_frames_says_the_same_at_any_rate():
    def after(rate: int) -> Presence:
        presence = Presence(0.3, 0.1)
        for _ in range(rate):
            presence = seen(presence, 0.55, 1 / rate)
        return presence

    assert after(60).sounds == pytest.approx(after(10).sounds, rel=1e-6)


def test_silence_in_view_takes_the_sound_soon_and_existence_slowly():
    presence = Presence(0.9, 0.05)
    for _ in range(5):
        presence = unseen(pass_time(presence, 0.1), 0.02, 0.1)
    assert presence.sounds < 0.1 and presence.existence > 0.5
    kept = unseen(Presence(0.0, 0.8), 0.02, STAYS)
    assert kept.existence == pytest.approx(0.8 / 2.718281828)


def test_a_heatmap_that_is_dark_says_more_than_one_that_is_bright_elsewhere():
    before = Presence(0.8, 0.1)
    assert unseen(before, 0.02, 0.1).sounds < unseen(before, 0.9, 0.1).sounds < before.sounds
