from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_avloc.audio.ring import Ring


@given(st.lists(st.integers(0, 25), min_size=1, max_size=20))
def test_reads_what_was_written(lengths: list[int]) -> None:
    ring, written = Ring(10), np.empty(0, np.float32)
    for length in lengths:
        block = np.arange(len(written), len(written) + length, dtype=np.float32)
        ring.write(block)
        written = np.concatenate((written, block))
        assert ring.end == len(written) and ring.begin == max(0, len(written) - 10)
        for begin in range(ring.begin, ring.end):
            assert np.array_equal(ring.read(begin, ring.end), written[begin:])
            assert ring.read(begin, begin + 1).tolist() == [begin]


def test_read_is_a_copy() -> None:
    ring = Ring(10)
    ring.write(np.ones(10, np.float32))
    kept = ring.read(0, 10)
    ring.write(np.zeros(10, np.float32))
    assert (kept == 1).all()


@pytest.mark.parametrize(('begin', 'end', 'hit'), [
    (0, 5, False), (0, 6, True), (5, 8, True), (7, 9, True), (8, 10, False)])
def test_hole_is_where_it_was_marked(begin: int, end: int, hit: bool) -> None:
    ring = Ring(10)
    ring.mark_hole(5, 8)
    ring.write(np.zeros(10, np.float32))
    assert ring.has_hole(begin, end) is hit


def test_old_holes_are_forgotten() -> None:
    ring = Ring(10)
    for start in range(0, 1000, 5):
        ring.mark_hole(start, start + 1)
        ring.write(np.zeros(5, np.float32))
    assert len(ring._holes) <= 3
