"""Words on pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.overlay.lettering import width_of, write

TEXT = '#12  93%  left 14°'


@pytest.mark.parametrize('height', [7.0, 9.5, 14.3])
def test_letters_have_their_height_and_stand_on_the_line(height: float) -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    write(picture, 'E', 10, 40, height, (255, 255, 255))
    rows = np.flatnonzero(picture[..., 0].max(axis=1) > 100)
    assert rows[-1] == pytest.approx(40, abs=1)
    assert rows[-1] - rows[0] + 1 == pytest.approx(height, abs=2)


def test_a_text_is_as_wide_as_is_said_and_of_the_colour_asked_for() -> None:
    picture = np.zeros((40, 300, 3), np.uint8)
    write(picture, TEXT, 20, 25, 10.0, (255, 128, 0))
    columns = np.flatnonzero(picture.any(axis=(0, 2)))
    assert columns[0] >= 20 and columns[-1] < 20 + width_of(TEXT, 10.0) <= columns[-1] + 10
    brightest = picture.reshape(-1, 3)[picture.sum(axis=2).argmax()].astype(int)
    assert brightest == pytest.approx((255, 128, 0), abs=6)


def test_the_degree_sign_is_a_ring_above_the_line() -> None:
    with_sign, without = np.zeros((2, 40, 80, 3), np.uint8)
    write(with_sign, '14°', 5, 30, 16.0, (255, 255, 255))
    write(without, '14', 5, 30, 16.0, (255, 255, 255))
    rows, _ = np.nonzero((with_sign != without).any(-1))
    assert rows.size and rows.max() < 26 and width_of('14°', 16.0) > width_of('14', 16.0)


@given(x=st.integers(-300, 300), baseline=st.integers(-50, 90), height=st.floats(5, 30))
@settings(max_examples=60, deadline=None)
def test_what_does_not_fit_is_cut_off(x: int, baseline: int, height: float) -> None:
    whole = np.zeros((200, 1200, 3), np.uint8)
    write(whole, TEXT, 400 + x, 80 + baseline, height, (9, 200, 70))
    part = np.zeros((40, 200, 3), np.uint8)
    write(part, TEXT, x, baseline, height, (9, 200, 70))
    np.testing.assert_array_equal(part, whole[80:120, 400:600])
