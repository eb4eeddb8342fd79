from __future__ import annotations

import numpy as np
import pytest

from ros2_avloc.audio.channels import mix
from ros2_avloc.errors import InputError

FOUR = np.array([[1, 2, 4, 8], [0, 0, 0, 4]], np.float32) / 8


@pytest.mark.parametrize(('select', 'expected'), [
    ((), [15 / 32, 1 / 8]), ((1,), [1 / 4, 0]), ((0, 3), [9 / 16, 1 / 4]), ((3, 3, 0), [17 / 24, 1 / 3])])
def test_mean_of_the_selected(select: tuple[int, ...], expected: list[float]) -> None:
    got = mix(FOUR, select)
    assert got.dtype == np.float32
    assert np.allclose(got, expected)


def test_one_channel_is_not_copied() -> None:
    mono = FOUR[:, :1]
    assert np.shares_memory(mix(mono), mono) and np.shares_memory(mix(mono, (0,)), mono)


@pytest.mark.parametrize('select', [(4,), (0, -1)])
def test_channel_that_is_not_there_is_named(select: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=f'channel {select[-1]}, but the audio has 4 channels, 0 to 3'):
        mix(FOUR, select)
