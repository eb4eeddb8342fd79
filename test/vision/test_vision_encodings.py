"""Every encoding against pixels that are laid out by hand here, without OpenCV."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.vision import encodings
from ros2_avloc.vision.encodings import knows, to_rgb
from ros2_avloc.vision.preprocess import network_input

HEIGHT, WIDTH = 12, 20
RIGHT, DOWN = np.linspace(30, 220, WIDTH // 2), np.linspace(60, 180, HEIGHT // 2)
RED, BLUE = np.meshgrid(RIGHT, DOWN)
SCENE = np.stack([RED, RED[:, ::-1], BLUE], -1).round().astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
"""Blocks of 2×2 pixels, so that chroma of lower resolution loses nothing.

Red grows to the right, green to the left, blue downwards: no two channels can be mistaken.
"""

ALPHA = np.full((HEIGHT, WIDTH, 1), 7, np.uint8)
GREY = SCENE[..., :1]


def yuv(rgb: np.ndarray) -> np.ndarray:
    """ITU-R BT.601-7, section 2.5: luma from 16 to 235, chroma from 16 to 240."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64) / 255, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402]
    return np.stack(planes, -1).round().astype(np.uint8)


def packed(rgb: np.ndarray, order: str) -> np.ndarray:
    """Two pixels in four bytes, in the order that the letters say."""
    planes = yuv(rgb)
    left, right = planes[:, ::2], planes[:, 1::2]
    parts = {'y': left[..., 0], 'Y': right[..., 0], 'u': left[..., 1], 'v': left[..., 2]}
    return np.stack([parts[letter] for letter in order], -1).reshape(HEIGHT, -1)


def semi_planar(rgb: np.ndarray, second: list[int]) -> np.ndarray:
    planes = yuv(rgb)
    chroma = planes[::2, ::2][..., second].reshape(HEIGHT // 2, WIDTH)
    return np.concatenate([planes[..., 0], chroma])


def mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    """What a sensor sees whose filters, from the top left in reading order, are those of the pattern."""
    seen = np.empty(rgb.shape[:2], rgb.dtype)
    for position, letter in enumerate(pattern):
        row, column = divmod(position, 2)
        seen[row::2, column::2] = rgb[row::2, column::2, 'rgb'.index(letter)]
    return seen


def rows(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(pixels.shape[0], -1)


LAYOUTS: dict[str, Callable[[], np.ndarray]] = {
    'rgb8': lambda: rows(SCENE),
    'bgr8': lambda: rows(SCENE[..., ::-1]),
    '8UC3': lambda: rows(SCENE[..., ::-1]),
    'rgba8': lambda: rows(np.concatenate([SCENE, ALPHA], -1)),
    'bgra8': lambda: rows(np.concatenate([SCENE[..., ::-1], ALPHA], -1)),
    '8UC4': lambda: rows(np.concatenate([SCENE[..., ::-1], ALPHA], -1)),
    'mono8': lambda: rows(GREY),
    '8UC1': lambda: rows(GREY),
    'uyvy': lambda: packed(SCENE, 'uyvY'),
    'yuv422': lambda: packed(SCENE, 'uyvY'),
    'yuyv': lambda: packed(SCENE, 'yuYv'),
    'yuv422_yuy2': lambda: packed(SCENE, 'yuYv'),
    'nv12': lambda: semi_planar(SCENE, [1, 2]),
    'nv21': lambda: semi_planar(SCENE, [2, 1]),
}
SIXTEEN_BITS = {'rgb16': 'rgb8', 'bgr16': 'bgr8', 'rgba16': 'rgba8', 'bgra16': 'bgra8', 'mono16': 'mono8',
                '16UC1': 'mono8'}
BAYER = [f'bayer_{pattern}' for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')]
YUV = {'uyvy', 'yuv422', 'yuyv', 'yuv422_yuy2', 'nv12', 'nv21'}
MONO = {'mono8', '8UC1', 'mono16', '16UC1'}


def sixteen_bits(lines: np.ndarray, big_endian: bool) -> np.ndarray:
    """Samples of 16 bits whose high byte is the given one."""
    return (lines.astype(np.uint16) * 256 + 99).astype('>u2' if big_endian else '<u2').view(np.uint8)


def message(encoding: str, *, padding: int = 0, big_endian: bool = False) -> tuple[bytes, int]:
    """The data and the step of SCENE in an encoding."""
    if encoding in SIXTEEN_BITS:
        lines = sixteen_bits(LAYOUTS[SIXTEEN_BITS[encoding]](), big_endian)
    else:
        lines = LAYOUTS[encoding]()
    lines = np.pad(lines, ((0, 0), (0, padding)), constant_values=255)
    return lines.tobytes(), lines.shape[1]


def assert_seen(rgb: np.ndarray, encoding: str) -> None:
    assert rgb.shape == SCENE.shape and rgb.dtype == np.uint8
    expected = np.broadcast_to(GREY, SCENE.shape) if encoding in MONO else SCENE
    assert np.abs(rgb.astype(int) - expected).max() <= (2 if encoding in YUV else 0)


@pytest.mark.parametrize('padding', [0, 4])
@pytest.mark.parametrize('encoding', [*LAYOUTS, *SIXTEEN_BITS])
def test_every_encoding_gives_the_scene(encoding: str, padding: int) -> None:
    data, step = message(encoding, padding=padding)
    rgb = to_rgb(data, encoding=encoding, height=HEIGHT, width=WIDTH, step=step, big_endian=False)
    assert_seen(rgb, encoding)


@pytest.mark.parametrize('encoding', SIXTEEN_BITS)
def test_big_endian_samples(encoding: str) -> None:
    data, step = message(encoding, big_endian=True)
    rgb = to_rgb(data, encoding=encoding, height=HEIGHT, width=WIDTH, step=step, big_endian=True)
    assert_seen(rgb, encoding)


def test_the_tests_cover_the_table() -> None:
    bayer = {name + bits for name in BAYER for bits in ('8', '16')}
    assert {*LAYOUTS, *SIXTEEN_BITS, *bayer} == set(encodings._ENCODINGS)


@pytest.mark.parametrize('colour', [(250, 10, 60), (10, 250, 60), (10, 60, 250)])
@pytest.mark.parametrize('name', BAYER)
def test_an_even_colour_through_each_bayer_pattern(name: str, colour: tuple[int, int, int]) -> None:
    scene = np.full((8, 10, 3), colour, np.uint8)
    seen = mosaic(scene, name.removeprefix('bayer_'))
    for lines, bits, big_endian in [(seen, '8', False), (sixteen_bits(seen, False), '16', False),
                                    (sixteen_bits(seen, True), '16', True)]:
        rgb = to_rgb(lines.tobytes(), encoding=name + bits, height=8, width=10, step=lines.shape[1],
                     big_endian=big_endian)
        np.testing.assert_array_equal(rgb, scene)


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', '8UC3'])
@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview, lambda data: array('B', data),
                                  lambda data: np.frombuffer(data, np.uint8)])
def test_three_bytes_per_pixel_are_a_read_only_view(encoding: str, kind: Callable[[bytes], bytes]) -> None:
    data, step = message(encoding, padding=3)
    held = kind(data)
    rgb = to_rgb(held, encoding=encoding, height=HEIGHT, width=WIDTH, step=step, big_endian=False)
    np.testing.assert_array_equal(rgb, SCENE)
    assert np.shares_memory(rgb, np.frombuffer(held, np.uint8)) and not rgb.flags.writeable


def test_bgr_and_rgb_are_the_same_to_the_network() -> None:
    inputs = []
    for encoding in ('rgb8', 'bgr8'):
        data, step = message(encoding)
        rgb = to_rgb(data, encoding=encoding, height=HEIGHT, width=WIDTH, step=step, big_endian=False)
        inputs.append(network_input(rgb))
    np.testing.assert_array_equal(*inputs)


def test_the_last_row_needs_no_padding() -> None:
    data, step = message('rgb8', padding=5)
    rgb = to_rgb(data[:-5], encoding='rgb8', height=HEIGHT, width=WIDTH, step=step, big_endian=False)
    np.testing.assert_array_equal(rgb, SCENE)


@pytest.mark.parametrize(('change', 'words'), [
    ({'encoding': '32FC1'}, "640×480 pixels has the unknown encoding '32FC1'; known are rgb8, bgr8"),
    ({'encoding': ''}, "unknown encoding ''"),
    ({'data': b''}, 'encoding rgb8, 640×480 pixels.* 921600 bytes but has 0'),
    ({'data': bytes(921599)}, '921600 bytes but has 921599; was the message cut off'),
    ({'step': 1919}, 'rows of 1919 bytes must have rows of at least 1920'),
    ({'step': 0}, 'at least 1920'),
    ({'height': 0}, '640×0 pixels.* is empty'),
    ({'width': 0}, '0×480 pixels.* is empty'),
    ({'height': 2**32 - 1}, 'was the message cut off'),
    ({'encoding': 'uyvy', 'width': 639}, 'even width'),
    ({'encoding': 'nv12', 'height': 301}, 'even height'),
])
def test_what_cannot_be_read_is_said_in_one_sentence(change: dict[str, object], words: str) -> None:
    image = {'data': bytes(921600), 'encoding': 'rgb8', 'height': 480, 'width': 640, 'step': 1920,
             'big_endian': False, **change}
    with pytest.raises(InputError, match=words) as caught:
        to_rgb(**image)
    assert '\n' not in str(caught.value)


def test_names_are_known_in_upper_and_lower_case() -> None:
    assert knows('rgb8') and knows('8UC3') and knows('8uc3') and knows('YUYV') and not knows('32FC1')


@given(encoding=st.sampled_from(sorted(encodings._ENCODINGS)),
       height=st.integers(0, 9), width=st.integers(0, 9), step=st.integers(0, 80),
       data=st.binary(max_size=800), big_endian=st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_message_gives_a_frame_or_an_input_error(encoding: str, height: int, width: int, step: int,
                                                     data: bytes, big_endian: bool) -> None:
    try:
        rgb = to_rgb(data, encoding=encoding, height=height, width=width, step=step, big_endian=big_endian)
    except InputError:
        return
    assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8


def test_the_same_as_cv_bridge() -> None:
    cv_bridge = pytest.importorskip('cv_bridge')
    image_type = pytest.importorskip('sensor_msgs.msg').Image
    bayer = {f'{name}8': mosaic(SCENE, name.removeprefix('bayer_')) for name in BAYER}
    messages = {name: message(name) for name in [*LAYOUTS, *SIXTEEN_BITS]}
    messages |= {name: (lines.tobytes(), WIDTH) for name, lines in bayer.items()}
    compared = []
    for encoding, (data, step) in messages.items():
        sizes = {'encoding': encoding, 'height': HEIGHT, 'width': WIDTH, 'step': step}
        try:
            theirs = cv_bridge.CvBridge().imgmsg_to_cv2(image_type(data=data, **sizes), 'rgb8')
        except cv_bridge.CvBridgeError:
            continue
        ours = to_rgb(data, **sizes, big_endian=False)
        # cv_bridge rounds 16-bit samples where to_rgb keeps the high byte.
        assert np.abs(theirs.astype(int) - ours).max() <= (1 if encoding in SIXTEEN_BITS else 0), encoding
        compared.append(encoding)
    assert {'rgb8', 'bgr8', 'mono8', 'mono16', 'bayer_rggb8', 'yuv422'} <= set(compared)
