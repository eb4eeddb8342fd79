"""Compressed images: what is in the file comes out, and damage is said."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.vision.compressed import decode_compressed

SCENE = np.zeros((48, 64, 3), np.uint8)
SCENE[:, :32], SCENE[:, 32:], SCENE[:16] = (220, 30, 60), (20, 60, 200), (40, 180, 90)


def encoded(rgb: np.ndarray, extension: str) -> bytes:
    return cv2.imencode(extension, rgb[..., ::-1])[1].tobytes()


JPEG, PNG = encoded(SCENE, '.jpg'), encoded(SCENE, '.png')
EXIF_UPSIDE_DOWN = b'\xff\xe1' + struct.pack('>H', 34) + b'Exif\0\0' + b'MM\0*' + struct.pack(
    '>IHHHIHHI', 8, 1, 0x0112, 3, 1, 3, 0, 0)


@pytest.mark.parametrize('form', ['jpeg', '', 'rgb8; jpeg compressed bgr8', 'bgr8; jpeg compressed bgr8'])
def test_jpeg(form: str) -> None:
    rgb = decode_compressed(JPEG, form)
    assert rgb.shape == SCENE.shape and rgb.dtype == np.uint8
    inside = np.s_[24:40, 4:24], np.s_[24:40, 40:60], np.s_[2:12]
    for region in inside:
        assert np.abs(rgb[region].astype(int) - SCENE[region]).max() <= 6


@pytest.mark.parametrize('form', ['png', 'rgb8; png compressed bgr8', 'bgr16; png compressed bgr16'])
@pytest.mark.parametrize('scene', [SCENE, SCENE.astype(np.uint16) * 256 + 99])
def test_png_of_8_and_16_bits(form: str, scene: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_compressed(encoded(scene, '.png'), form), SCENE)


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_grey(extension: str) -> None:
    grey = np.full((48, 64), 130, np.uint8)
    rgb = decode_compressed(cv2.imencode(extension, grey)[1].tobytes(), 'mono8; jpeg compressed ')
    np.testing.assert_array_equal(rgb, np.full((48, 64, 3), 130))


def test_a_file_with_red_and_blue_exchanged() -> None:
    data = encoded(SCENE[..., ::-1], '.png')
    np.testing.assert_array_equal(decode_compressed(data, 'rgb8; png compressed rgb8'), SCENE)


def test_the_orientation_in_exif_is_ignored() -> None:
    turned = JPEG[:2] + EXIF_UPSIDE_DOWN + JPEG[2:]
    assert not np.array_equal(cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)[..., ::-1],
                              decode_compressed(JPEG, 'jpeg'))
    np.testing.assert_array_equal(decode_compressed(turned, 'jpeg'), decode_compressed(JPEG, 'jpeg'))


def test_filling_behind_the_end_of_a_jpeg() -> None:
    filled = decode_compressed(JPEG + bytes(1000), 'jpeg')
    np.testing.assert_array_equal(filled, decode_compressed(JPEG, 'jpeg'))


DAMAGED = {
    'empty': b'',
    'one byte': b'\xff',
    'start only': b'\xff\xd8',
    'zeros': bytes(5000),
    'jpeg without end': JPEG[:-2],
    'half a jpeg': JPEG[:len(JPEG) // 2],
    'jpeg without start': JPEG[2:],
    'jpeg without segments': b'\xff\xd8\xff\xd9',
    'png without end': PNG[:-12],
    'png of start and end': PNG[:8] + PNG[-12:],
    'half a png': PNG[:len(PNG) // 2],
    'compressedDepth': bytes(12) + PNG,
}


@pytest.mark.parametrize('data', DAMAGED.values(), ids=DAMAGED.keys())
def test_damage_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match=f"format 'jpeg' and {len(data)} bytes is damaged"):
        decode_compressed(data, 'jpeg')


def test_a_header_that_claims_too_much_is_refused_before_decoding() -> None:
    header = struct.pack('>IIBBBBB', 30000, 30000, 8, 2, 0, 0, 0)
    png = PNG[:8] + b'\0\0\0\x0dIHDR' + header + struct.pack('>I', zlib.crc32(b'IHDR' + header)) + PNG[33:]
    start = JPEG.index(b'\xff\xc0') + 5
    jpeg = JPEG[:start] + struct.pack('>HH', 30000, 30000) + JPEG[start + 4:]
    for data in (png, jpeg):
        with pytest.raises(InputError, match='900000000 pixels'):
            decode_compressed(data, 'png')


@given(data=st.sampled_from([JPEG, PNG]), place=st.floats(0, 1, exclude_max=True), junk=st.binary(max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_frame_or_an_input_error(data: bytes, place: float, junk: bytes) -> None:
    start = int(place * len(data))
    try:
        rgb = decode_compressed(data[:start] + junk + data[start + len(junk):], 'jpeg')
    except InputError:
        return
    assert rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.dtype == np.uint8
