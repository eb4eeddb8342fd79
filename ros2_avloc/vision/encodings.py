"""From the bytes of a sensor_msgs/Image to RGB, by a table of encodings.

The names are those of sensor_msgs/image_encodings.hpp. What they leave open is settled here:

- ``8UC3`` and ``8UC4`` are taken for BGR and BGRA, OpenCV's order; ``8UC1`` and ``16UC1`` for grey.
- Of 16-bit samples the high byte is kept.
- YUV is ITU-R BT.601 with 16 … 235 for luma, as UVC cameras send it.
- For nv12 and nv21 ``height`` is that of the luma plane; the chroma plane follows it without a gap, with rows
  of ``step`` bytes too, as in Video4Linux.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError

Buffer: TypeAlias = 'bytes | bytearray | memoryview | array[int] | NDArray[np.generic]'
"""What holds a message's bytes."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Encoding:
    """How an image lies in memory, and how it becomes RGB.

    `convert` gets uint8 ``(rows, width, channels)``, or ``(rows, width)`` for one channel; the rows of chroma
    planes come below those of luma.
    """

    convert: Callable[[Pixels], Pixels]
    channels: int = 1
    sample_bytes: int = 1
    rows_per_row: float = 1.0


def _cvt_color(code: int) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _as_it_is(pixels: Pixels) -> Pixels:
    return pixels


def _reversed(pixels: Pixels) -> Pixels:
    return pixels[..., ::-1]


_GREY = _cvt_color(cv2.COLOR_GRAY2RGB)
_BGRA = _cvt_color(cv2.COLOR_BGRA2RGB)
_RGBA = _cvt_color(cv2.COLOR_RGBA2RGB)
_UYVY = _Encoding(_cvt_color(cv2.COLOR_YUV2RGB_UYVY), channels=2)
_YUYV = _Encoding(_cvt_color(cv2.COLOR_YUV2RGB_YUY2), channels=2)
# ROS names a Bayer pattern by its first four pixels, OpenCV by the second and third of the second row.
_BAYER = {'rggb': cv2.COLOR_BayerBG2RGB, 'bggr': cv2.COLOR_BayerRG2RGB,
          'gbrg': cv2.COLOR_BayerGR2RGB, 'grbg': cv2.COLOR_BayerGB2RGB}

_ENCODINGS: dict[str, _Encoding] = {
    'rgb8': _Encoding(_as_it_is, channels=3),
    'bgr8': _Encoding(_reversed, channels=3),
    '8UC3': _Encoding(_reversed, channels=3),
    'rgba8': _Encoding(_RGBA, channels=4),
    'bgra8': _Encoding(_BGRA, channels=4),
    '8UC4': _Encoding(_BGRA, channels=4),
    'rgb16': _Encoding(_as_it_is, channels=3, sample_bytes=2),
    'bgr16': _Encoding(_reversed, channels=3, sample_bytes=2),
    'rgba16': _Encoding(_RGBA, channels=4, sample_bytes=2),
    'bgra16': _Encoding(_BGRA, channels=4, sample_bytes=2),
    'mono8': _Encoding(_GREY),
    '8UC1': _Encoding(_GREY),
    'mono16': _Encoding(_GREY, sample_bytes=2),
    '16UC1': _Encoding(_GREY, sample_bytes=2),
    'uyvy': _UYVY, 'yuv422': _UYVY,
    'yuyv': _YUYV, 'yuv422_yuy2': _YUYV,
    'nv12': _Encoding(_cvt_color(cv2.COLOR_YUV2RGB_NV12), rows_per_row=1.5),
    'nv21': _Encoding(_cvt_color(cv2.COLOR_YUV2RGB_NV21), rows_per_row=1.5),
    **{f'bayer_{pattern}8': _Encoding(_cvt_color(code)) for pattern, code in _BAYER.items()},
    **{f'bayer_{pattern}16': _Encoding(_cvt_color(code), sample_bytes=2) for pattern, code in _BAYER.items()},
}
_BY_NAME = {name.lower(): encoding for name, encoding in _ENCODINGS.items()}


def knows(encoding: str) -> bool:
    """Say whether `to_rgb` can read the encoding (upper and lower case are the same)."""
    return encoding.lower() in _BY_NAME


def to_rgb(data: Buffer, *, encoding: str, height: int, width: int, step: int, big_endian: bool) -> Pixels:
    """Return the pixels of an image message as uint8 ``(height, width, 3)``, red first.

    rgb8, bgr8 and 8UC3 are not copied: the result is a read-only view of `data` (for BGR with the last axis
    reversed), whose rows may be padded.

    Parameters
    ----------
    data
        Any object with the buffer protocol.
    encoding, height, width, step, big_endian
        As in sensor_msgs/Image; `step` is the length of a row in bytes.

    Raises
    ------
    InputError
        If the encoding is not known, or sizes, step and length of the data do not fit together.
    """
    layout = _BY_NAME.get(encoding.lower())
    if layout is None:
        raise InputError(f'An image of {width}×{height} pixels has the unknown encoding {encoding!r}; '
                         f'known are {", ".join(_ENCODINGS)}.')
    where = f'An image of encoding {encoding}, {width}×{height} pixels, rows of {step} bytes'
    try:
        return layout.convert(_pixels(layout, data, height, width, step, big_endian, where))
    except cv2.error as error:
        raise InputError(f'{where} cannot be converted: YUV must have an even width, nv12 and nv21 also '
                         'an even height.') from error


def _pixels(layout: _Encoding, data: Buffer, height: int, width: int, step: int, big_endian: bool,
            where: str) -> Pixels:
    """View the data as 8-bit pixels; of 16-bit samples keep the high byte."""
    if height <= 0 or width <= 0:
        raise InputError(f'{where} is empty; check the camera driver.')
    row = width * layout.channels * layout.sample_bytes
    if step < row:
        raise InputError(f'{where} must have rows of at least {row} bytes; check the camera driver.')
    rows = int(np.ceil(height * layout.rows_per_row))
    needed, octets = (rows - 1) * step + row, np.frombuffer(data, np.uint8)
    if octets.size < needed:
        raise InputError(f'{where} must have {needed} bytes but has {octets.size}; was the message cut off?')
    lines: Pixels = np.ndarray((rows, row), np.uint8, octets, strides=(step, 1))
    lines.flags.writeable = False
    if layout.sample_bytes == 2:
        samples = lines.reshape(rows, -1, 2)
        lines = np.asarray(cv2.extractChannel(samples, 0 if big_endian else 1), np.uint8)
    return lines if layout.channels == 1 else lines.reshape(rows, width, layout.channels)
