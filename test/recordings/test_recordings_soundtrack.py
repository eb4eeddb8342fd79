"""Seconds that overlap become one sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.audio.sound import HOP, SOUND_SAMPLES, Sound
from ros2_avloc.recordings.soundtrack import Soundtrack

NS = 1_000_000_000
BEGIN = 7 * NS


def heard(track, sound, until):
    return np.concatenate([np.zeros(0, np.float32), *track.add(sound, until)])


def second(wave, end, epoch=0):
    return Sound(wave[end - SOUND_SAMPLES:end], end, epoch)


@settings(deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.floats(0.9999, 1.0001))
def test_overlapping_seconds_give_every_sample_once(steps, drift):
    wave = np.arange(SOUND_SAMPLES + HOP * (sum(steps) + 1), dtype=np.float32)
    ends = SOUND_SAMPLES + HOP * np.cumsum([0, *steps])
    track = Soundtrack(BEGIN)
    untils = [BEGIN + round((end - HOP) / 48_000 * drift * NS) for end in ends]
    parts = [heard(track, second(wave, int(end)), until) for end, until in zip(ends, untils, strict=True)]
    first = len(parts[0])
    assert abs(first - 48_000) <= 6
    whole = np.concatenate(parts)[first - 47_990:]
    np.testing.assert_array_equal(whole, wave[SOUND_SAMPLES - 47_990:ends[-1]])


@pytest.mark.parametrize('card_rate', [47_976, 48_000, 48_024])
def test_the_sound_of_a_clock_that_drifts_stays_with_the_pictures(card_rate):
    """Half an hour, 500 ppm: what is written is never more than 30 ms from what time says."""
    track, written, wave = Soundtrack(BEGIN), 0, np.ones(SOUND_SAMPLES, np.float32)
    for step in range(10, 18_000):
        end = step * card_rate // 10 // HOP * HOP
        written += len(heard(track, Sound(wave, end, 0), BEGIN + step * NS // 10))
        assert abs(written - 4_800 * step) < 0.03 * 48_000


def test_holes_are_silent_and_what_lies_before_the_beginning_is_left_out():
    wave = np.ones(10 * 48_000, np.float32)
    track = Soundtrack(BEGIN)
    assert len(heard(track, second(wave, SOUND_SAMPLES), BEGIN + NS // 4)) == 12_000
    after = heard(track, second(wave, SOUND_SAMPLES, epoch=1), BEGIN + 3 * NS)
    assert len(after) == 3 * 48_000 - 12_000
    assert not after[:-48_000].any() and after[-48_000:].all()
    assert len(heard(track, second(wave, SOUND_SAMPLES, epoch=2), BEGIN + 3 * NS)) == 0
    assert len(heard(track, second(wave, SOUND_SAMPLES, epoch=3), BEGIN + 2 * NS)) == 0


def test_a_long_hole_is_filled_a_second_at_a_time():
    track = Soundtrack(BEGIN)
    parts = track.add(second(np.ones(SOUND_SAMPLES, np.float32), SOUND_SAMPLES), BEGIN + 3_600 * NS)
    lengths = [len(part) for part in parts]
    assert (max(lengths), sum(lengths)) == (48_000, 3_600 * 48_000)
