"""Frames and their audio, with the real timeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.windows import MAX_UNHEARD, MAX_WAITING, Drop, RateLimit, Windows

T0 = 1_700_000_000_000_000_000
CHUNK = 0.02


def at(seconds: float) -> int:
    """ROS time of a moment of the test."""
    return T0 + round(seconds * 1e9)


class World:
    """A microphone that hears an impulse at each of `impulses`, and the windows behind it."""

    def __init__(self, *impulses: float, alignment: str = 'trailing', max_rate: float = 0.0,
                 timeout: float = 0.5) -> None:
        self.hearing = Hearing()
        self.windows: Windows[object] = Windows(self.hearing.timeline, alignment=alignment, max_rate=max_rate,
                                                timeout=timeout)
        self.impulses = impulses

    def hear(self, begin: float, end: float) -> None:
        """Hear from one moment to another, in chunks of 20 ms."""
        for number in range(round(begin / CHUNK), round(end / CHUNK)):
            time = number * CHUNK
            samples = np.zeros(round(CHUNK * SAMPLE_RATE), np.float32)
            for impulse in self.impulses:
                place = round((impulse - time) * SAMPLE_RATE)
                if 0 <= place < samples.size:
                    samples[place] = 0.5
            pcm = AudioFormat('pcm', 'F32LE', SAMPLE_RATE, 1)
            self.hearing.hear(Chunk(samples.tobytes(), pcm, at(time), at(time + CHUNK)))

    def offer(self, *times: float, late: float = 0.0) -> None:
        for time in times:
            self.windows.offer(at(time), time, at(time + late))

    def take(self, now: float) -> object:
        """The item of the window that is there, or None."""
        window = self.windows.take(at(now))
        return None if window is None else window.item

    @property
    def drops(self) -> dict[Drop, int]:
        return dict(self.windows.drops)


@pytest.mark.parametrize(('alignment', 'impulse'), [('trailing', 1.75), ('centered', 2.25)])
def test_the_sound_is_that_of_the_moment(alignment: str, impulse: float) -> None:
    world = World(impulse, alignment=alignment)
    world.hear(0, 3)
    world.offer(2.0)
    window = world.windows.take(at(2.0))
    assert window is not None and window.stamp == at(2.0) and window.item == 2.0
    end = 2.5 if alignment == 'centered' else 2.0
    heard = end - (len(window.sound.samples) - np.argmax(window.sound.samples)) / SAMPLE_RATE
    assert heard == pytest.approx(impulse, abs=0.006)


def test_a_frame_waits_for_its_audio() -> None:
    world = World()
    world.hear(0, 1.9)
    world.offer(2.0)
    assert world.take(2.0) is None and world.windows.waiting == 1
    world.hear(1.9, 2.02)
    assert world.take(2.02) == 2.0 and world.take(2.02) is None
    assert world.drops == {} and world.windows.waiting == 0


def test_the_newest_complete_frame_wins_and_newer_ones_wait_on() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(1.80, 1.87, 1.94, 2.01)
    assert world.take(2.01) == 1.94
    assert world.drops == {Drop.BUSY: 2}
    world.hear(2.0, 2.1)
    assert world.take(2.1) == 2.01


def test_the_frame_that_the_next_sound_will_complete_is_upcoming() -> None:
    world = World()
    world.offer(1.95)
    assert world.windows.upcoming() is None
    world.hear(0, 2)
    world.offer(1.99)
    assert world.take(2.0) == 1.99 and world.windows.upcoming() is None
    world.hear(2, 2.02)
    assert world.windows.upcoming() is None
    world.offer(2.035)
    assert world.take(2.04) is None and world.windows.upcoming() == 2.035
    world.offer(2.06)  # for the sound after the next one
    assert world.windows.upcoming() == 2.035
    world.hear(2.02, 2.04)
    assert world.take(2.05) == 2.035
    assert world.windows.upcoming() == 2.06


def test_no_frame_is_upcoming_that_another_one_will_pass_over() -> None:
    world = World()
    world.hear(0, 2)
    assert world.windows.upcoming() is None
    world.hear(2, 2.02)
    world.offer(2.017)
    assert world.take(2.02) == 2.017
    world.offer(2.025)  # the next one is there at 2.033, and its sound until 2.04
    assert world.take(2.03) is None and world.windows.upcoming() is None
    world.offer(2.033)
    assert world.take(2.035) is None and world.windows.upcoming() == 2.033


def test_a_frame_that_the_rate_limit_will_drop_passes_no_other_over() -> None:
    world = World(max_rate=15)
    world.hear(0, 1.98)
    assert world.windows.upcoming() is None
    world.hear(1.98, 2.06)
    world.offer(2.017, 2.05, 2.083)  # at thirty a second; every other one is admitted
    assert world.take(2.06) == 2.017
    assert world.windows.upcoming() == 2.083  # when there is sound until 2.14, that of 2.117 was dropped


def test_of_frames_that_wait_for_the_half_second_after_them_the_first_is_upcoming() -> None:
    world = World(alignment='centered')
    world.hear(0, 2)
    world.windows.upcoming()
    world.hear(2, 2.02)
    world.offer(1.53, 1.56, 1.59)
    assert world.take(2.02) is None and world.windows.upcoming() == 1.53


def test_without_audio_frames_are_given_up_after_the_timeout() -> None:
    world = World()
    world.offer(2.0, 2.1)
    assert world.take(2.5) is None and world.drops == {}
    assert world.take(2.55) is None and world.drops == {Drop.NO_AUDIO: 1}
    assert world.take(2.65) is None and world.drops == {Drop.NO_AUDIO: 2}


def test_a_frame_from_before_the_first_second_of_audio_is_given_up_at_once() -> None:
    world = World()
    world.hear(0, 1.0)
    world.offer(0.9)
    assert world.take(1.0) is None
    assert world.drops == {Drop.NO_AUDIO: 1}


def test_a_hole_in_the_second() -> None:
    world = World()
    world.hear(0, 2.0)
    world.hear(2.1, 4.0)
    world.offer(2.5)
    assert world.take(4.0) is None and world.drops == {Drop.HOLE_IN_AUDIO: 1}
    world.offer(3.5)
    assert world.take(4.0) == 3.5


@pytest.mark.parametrize(('alignment', 'patience'), [('trailing', 0.5), ('centered', 1.0)])
def test_audio_that_stops_is_waited_for_until_the_timeout(alignment: str, patience: float) -> None:
    world = World(alignment=alignment)
    world.hear(0, 2.0)
    world.offer(3.0)
    assert world.take(3.0 + patience) is None and world.drops == {}
    assert world.take(3.01 + patience) is None and world.drops == {Drop.AUDIO_LATE: 1}


def test_stamps_of_another_time_than_the_clock() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(2.01, late=1e8)
    assert world.take(2.1 + 1e8) is None and world.drops == {}
    world.hear(2.0, 2.1)
    assert world.take(2.2 + 1e8) == 2.01


def test_before_the_first_audio_the_newest_few_frames_wait() -> None:
    world = World(timeout=1e3)
    times = np.arange(90) / 30
    world.offer(*times)
    assert world.windows.waiting == MAX_UNHEARD
    assert world.drops == {Drop.NO_AUDIO: 90 - MAX_UNHEARD}
    world.hear(0, 2.76)
    assert world.take(3.0) == times[-MAX_UNHEARD]
    world.hear(2.76, 3.0)
    assert world.take(3.0) == times[-1]


def test_without_need_no_frame_is_dropped_for_memory() -> None:
    world = World(timeout=1e3)
    world.hear(0, 2.0)
    times = 2.01 + np.arange(MAX_WAITING) / 30
    world.offer(*times)
    assert world.windows.waiting == MAX_WAITING and world.drops == {}


def test_audio_that_is_later_than_memory_lasts_makes_windows_rarer_but_stops_none() -> None:
    world, late, taken = World(timeout=4.0), 3.0, []
    world.hear(0, 2.0)
    for number in range(round(12 * 30)):
        now = 2.0 + late + number / 30
        world.offer(now)
        world.hear(round((now - late) / CHUNK) * CHUNK, round((now - late + 1 / 30) / CHUNK) * CHUNK)
        taken.append(world.take(now))
        assert world.windows.waiting <= MAX_WAITING
    windows = [item for item in taken if item is not None]
    assert windows[0] < 2.0 + late + 0.5 and windows[-1] > 2.0 + 12 - 0.5
    assert np.diff(windows).max() < 0.4
    assert len(windows) > 0.6 * MAX_WAITING / late * 9
    assert set(world.drops) == {Drop.AUDIO_LATE}


def test_a_bag_that_starts_anew() -> None:
    world = World()
    for _ in range(2):
        world.hear(0, 3.0)
        world.offer(2.0)
        assert world.take(3.0) == 2.0
        world.offer(3.1)
    assert world.drops == {Drop.AUDIO_LATE: 1} and world.windows.waiting == 1


def test_a_clock_that_jumps_back_clears_what_waits() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(2.5)
    world.take(-5)
    assert world.drops == {Drop.AUDIO_LATE: 1} and world.windows.waiting == 0


def test_frames_out_of_order() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(1.9, 1.8, 1.7)
    assert world.take(2.0) == 1.9
    world.offer(1.85, 1.9)
    assert world.take(2.0) is None
    assert world.drops == {Drop.BUSY: 4}


def test_frames_that_were_asked_for_in_vain_keep_their_order() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(2.02, 2.04, 2.06)
    assert world.take(2.0) is None
    world.hear(2.0, 2.1)
    assert world.take(2.1) == 2.06


def test_a_jump_back_is_told_from_the_newest_frame() -> None:
    world = World()
    world.hear(0, 2.0)
    world.offer(5.0, 4.4, 3.8)
    assert world.windows.waiting == 1 and world.drops == {Drop.AUDIO_LATE: 2}


def test_an_absurd_stamp_stops_nothing() -> None:
    world = World()
    world.hear(0, 2.0)
    for absurd in (0, -5, 2**62):
        world.windows.offer(absurd, 'absurd', at(1.9))
        world.offer(1.9)
        assert world.take(2.0) == 1.9
        assert world.windows.waiting == 0
    assert world.windows.drops.total() == 3


def test_the_alignment_may_change_while_frames_wait() -> None:
    world = World()
    world.hear(0, 2.2)
    world.offer(2.1)
    world.windows.alignment = 'centered'
    assert world.take(2.2) is None
    world.windows.alignment = 'trailing'
    assert world.take(2.2) == 2.1


def test_the_rate_may_be_limited_while_running() -> None:
    world = World()
    world.hear(0, 4.0)
    world.offer(2.0, 2.01)
    world.windows.max_rate = 10.0
    world.offer(2.02, 2.05, 2.13)
    assert world.windows.max_rate == 10.0
    assert world.take(4.0) == 2.13
    assert world.drops == {Drop.RATE_LIMIT: 1, Drop.BUSY: 3}


@pytest.mark.parametrize(('offered', 'limit', 'admitted'), [
    (15.01, 15, 15), (14.99, 15, 14.99), (15, 15, 15), (30, 15, 15), (29.97, 15, 14.985), (20, 15, 15),
    (30, 20, 20), (60, 7, 7), (10, 15, 10), (30, 0, 30)])
@pytest.mark.parametrize('jitter', [0.0, 0.003])
def test_the_rate_that_a_limit_leaves(offered: float, limit: float, admitted: float, jitter: float) -> None:
    late = np.random.default_rng(3).uniform(0, jitter, round(100 * offered))
    rate_limit = RateLimit(limit)
    count = sum(rate_limit.admits(at(place / offered + late[place])) for place in range(late.size))
    assert count / 100 == pytest.approx(admitted, rel=0.02)


def test_half_the_rate_is_every_second_frame() -> None:
    rate_limit = RateLimit(15)
    jitter = np.random.default_rng(4).uniform(-0.005, 0.005, 300)
    admitted = [rate_limit.admits(at(place / 30 + late)) for place, late in enumerate(jitter)]
    assert admitted == [True, False] * 150


def test_a_pause_gives_no_right_to_a_burst() -> None:
    rate_limit = RateLimit(10)
    times = [0, 0.1, 5.0, 5.02, 5.04, 5.06, 5.1]
    assert [rate_limit.admits(at(time)) for time in times] == [True, True, True, False, False, False, True]


STEPS = st.lists(st.one_of(
    st.tuples(st.just('hear'), st.sampled_from([0.1, 0.5, 1.2])),
    st.tuples(st.just('lose'), st.sampled_from([0.02, 0.1, 0.5])),
    st.tuples(st.just('frame'), st.sampled_from([-3.0, -0.4, -0.1, 0.0, 0.3, 50.0])),
    st.tuples(st.just('take'), st.just(0.0)),
    st.tuples(st.just('wait'), st.sampled_from([0.05, 0.7])),
    st.tuples(st.just('jump'), st.sampled_from([-4.0, -0.5, 30.0])),
    st.tuples(st.just('align'), st.sampled_from(['trailing', 'centered'])),
    st.tuples(st.just('limit'), st.sampled_from([0.0, 5.0])),
), max_size=60)


@given(steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_every_frame_ends_as_one_window_or_one_drop(steps: list[tuple[str, object]]) -> None:
    world, now, offered, taken = World(), 10.0, 0, []
    for step, value in steps:
        if step == 'hear':
            world.hear(now, now + value)
        if step in ('hear', 'lose', 'wait', 'jump'):
            now = round(now + value, 2)
        elif step == 'frame':
            world.windows.offer(at(now + value), offered, at(now))
            offered += 1
        elif step == 'take':
            taken.append(world.take(now))
        elif step == 'align':
            world.windows.alignment = value
        else:
            world.windows.max_rate = value
        windows = [item for item in taken if item is not None]
        assert offered == len(windows) + world.windows.drops.total() + world.windows.waiting
        assert len(set(windows)) == len(windows)
    world.take(now + 10)
    assert world.take(now + 12) is None and world.windows.waiting == 0
