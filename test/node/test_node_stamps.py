"""Single wrong stamps, and jumps of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.stamps import StampGuard, Verdict

START = 1_700_000_000 * SECOND
STEP = SECOND // 30


def _stream(guard: StampGuard, count: int, *, start: int = START, lag: int = SECOND // 100) -> None:
    for number in range(count):
        assert guard.check(start + number * STEP, start + number * STEP + lag) == Verdict(True)


@given(st.integers(-10**9, 10**9).filter(lambda seconds: abs(seconds) > 2))
def test_one_wrong_stamp_does_not_fit_and_is_told_with_the_next_good_one(seconds):
    guard = StampGuard()
    _stream(guard, 5)
    assert guard.check(START + 5 * STEP + seconds * SECOND, START + 5 * STEP) == Verdict(False)
    verdict = guard.check(START + 6 * STEP, START + 6 * STEP)
    assert verdict.fits
    assert verdict.back == 0
    assert ('after' if seconds > 0 else 'before') in verdict.fault
    assert f'{abs(seconds)}.' in verdict.fault or abs(seconds) - 1 < float(verdict.fault.split()[3])
    _stream(guard, 3, start=START + 7 * STEP)


def test_a_jump_of_the_stamps_alone_is_believed_at_the_third_message():
    guard = StampGuard()
    _stream(guard, 100)
    now = START + 100 * STEP
    verdicts = [guard.check(START + n * STEP - 50 * SECOND, now + n * STEP) for n in range(4)]
    assert [verdict.fits for verdict in verdicts] == [False, False, True, True]
    assert [verdict.fault for verdict in verdicts] == [''] * 4
    assert [verdict.back > 0 for verdict in verdicts] == [False, False, True, False]
    assert verdicts[2].back == pytest.approx(50 * SECOND + 97 * STEP)


def test_when_the_clock_jumps_too_the_first_message_is_believed():
    guard = StampGuard()
    _stream(guard, 300)
    assert guard.check(START, START + SECOND // 100) == Verdict(True, back=299 * STEP)
    _stream(guard, 5, start=START + STEP)


def test_messages_that_overtake_each_other_are_no_jump():
    guard = StampGuard()
    for number in (0, 2, 1, 4, 3):
        assert guard.check(START + number * STEP, START + number * STEP) == Verdict(True)
