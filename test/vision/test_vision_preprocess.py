"""The network's input: geometry, values, and frames that are views of messages."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import BundleError
from ros2_avloc.vision.grid import GRID, cell_to_pixel
from ros2_avloc.vision.preprocess import SIDE, ImageFrontEnd, network_input


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_black_is_minus_one_white_is_nearly_one_and_red_comes_first() -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[..., 0] = 255
    planes = network_input(frame)
    assert planes.shape == (1, 3, SIDE, SIDE) and planes.dtype == np.float32 and planes.flags.c_contiguous
    assert (planes[0, 0] == 1 - 1 / 128).all() and (planes[0, 1:] == -1).all()


def test_a_frame_of_the_networks_size_is_only_scaled_and_that_to_the_last_bit() -> None:
    frame = noise(SIDE, SIDE)
    expected = frame.transpose(2, 0, 1).astype(np.float32) / np.float32(128) - np.float32(1)
    np.testing.assert_array_equal(network_input(frame)[0], expected)


@pytest.mark.parametrize(('down', 'across'), [(2, 2), (4, 4), (4, 2), (1, 2), (3, 1), (1, 5)])
def test_shrinking_by_whole_numbers_is_the_mean_over_the_area(down: int, across: int) -> None:
    frame = noise(down * SIDE, across * SIDE)
    mean = frame.reshape(SIDE, down, SIDE, across, 3).mean((1, 3)).transpose(2, 0, 1)
    # Rounded to whole values at each of at most two steps.
    np.testing.assert_allclose((network_input(frame)[0] + 1) * 128, mean, atol=1.01)


@given(height=st.integers(SIDE, 5 * SIDE), width=st.integers(SIDE, 5 * SIDE), axis=st.integers(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_ramp_stays_where_it_is(height: int, width: int, axis: int) -> None:
    values = [255 * (np.arange(side) + 0.5) / side for side in (height, width)]
    ramp = np.broadcast_to(np.expand_dims(values[axis], 1 - axis), (height, width))
    planes = network_input(np.repeat(ramp[..., None], 3, axis=2).round().astype(np.uint8))
    expected = 255 * (np.arange(SIDE) + 0.5) / SIDE
    seen = (planes[0].mean(axis=(0, 2 - axis)) + 1) * 128
    np.testing.assert_allclose(seen, expected, atol=1.6)


@given(height=st.integers(1, 700), width=st.integers(1, 700))
@settings(max_examples=25, deadline=None)
def test_every_size_keeps_an_even_colour(height: int, width: int) -> None:
    frame = np.full((height, width, 3), (10, 128, 250), np.uint8)
    planes = network_input(frame)
    np.testing.assert_allclose((planes[0].transpose(1, 2, 0) + 1) * 128, np.broadcast_to(
        (10.0, 128.0, 250.0), (SIDE, SIDE, 3)), atol=1e-3)


@pytest.mark.parametrize('size', [(480, 640), (100, 900), (120, 160)])
def test_a_spot_lands_in_the_cell_that_grid_names(size: tuple[int, int]) -> None:
    height, width = size
    (x, y), = cell_to_pixel([(3, 10)], width, height)
    frame = np.zeros((height, width, 3), np.uint8)
    frame[round(y) - 1:round(y) + 2, round(x) - 1:round(x) + 2] = 255
    light = network_input(frame)[0].sum(0).reshape(GRID, 16, GRID, 16).sum((1, 3))
    assert np.unravel_index(light.argmax(), light.shape) == (3, 10)


@pytest.mark.parametrize('size', [(480, 640), (100, 120), (100, 640), (SIDE, SIDE)])
def test_reversed_padded_and_read_only_frames_give_the_same(size: tuple[int, int]) -> None:
    frame = noise(*size)
    reversed_view = frame[..., ::-1].copy()[..., ::-1]
    padded = np.zeros((size[0], size[1] + 5, 3), np.uint8)
    padded[:, :size[1]] = frame
    read_only = np.frombuffer(frame.tobytes(), np.uint8).reshape(frame.shape)
    expected = network_input(frame)
    for view in (reversed_view, padded[:, :size[1]], read_only):
        np.testing.assert_array_equal(network_input(view), expected)


def test_half_precisions_hold_every_pixel_exactly() -> None:
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    planes = network_input(np.kron(every, np.ones((14, 14, 1), np.uint8)))
    assert len(np.unique(planes)) == 256
    np.testing.assert_array_equal(planes.astype(np.float16), planes)
    np.testing.assert_array_equal(planes.view(np.uint32) & 0xFFFF, 0)


def test_the_front_end_survives_json_and_refuses_other_settings() -> None:
    front_end = ImageFrontEnd()
    assert ImageFrontEnd.from_dict(json.loads(json.dumps(front_end.as_dict()))) == front_end
    assert ImageFrontEnd.from_dict({**front_end.as_dict(), 'version': 1}) != front_end
    with pytest.raises(BundleError, match='gamma'):
        ImageFrontEnd.from_dict({**front_end.as_dict(), 'gamma': 2.2})
