"""From the bytes of a sensor_msgs/CompressedImage to RGB."""

from __future__ import annotations

import struct

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.vision.encodings import Buffer

MAX_PIXELS = 2 ** 26
"""Larger images are refused before they are decoded: a damaged header must not take the memory."""

_PNG_START = b'\x89PNG\r\n\x1a\n'
_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'
_FILLING = b'\0\xff'
"""What UVC cameras leave behind the end of a JPEG."""
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of the JPEG segment that holds the size (ITU-T T.81, table B.1)."""


def decode_compressed(data: Buffer, format: str) -> NDArray[np.uint8]:
    """Return a JPEG or PNG (grey or colour, 8 or 16 bits) as uint8 ``(H, W, 3)``, red first.

    The bytes say what they are; of `format` only the end counts: image_transport writes
    ``'<encoding>; <codec> compressed <order>'``, and with an order of ``rgb8`` red and blue are exchanged in
    the file. An orientation in EXIF is ignored, because CameraInfo describes the image as the sensor gives
    it. A JPEG that was cut off is refused: older OpenCV would fill the rest with grey.

    Raises
    ------
    InputError
        If the data are damaged, no image, or an image of more than `MAX_PIXELS`.
    """
    octets = np.frombuffer(data, np.uint8)
    where = f'A compressed image of format {format!r} and {octets.size} bytes'
    pixels = _count_pixels(octets.tobytes())
    if pixels > MAX_PIXELS:
        raise InputError(f'{where} claims to have {pixels} pixels; at most {MAX_PIXELS} are read.')
    image = _decode(octets) if pixels else None
    if image is None:
        raise InputError(f'{where} is damaged or neither JPEG nor PNG; '
                         'publish what image_transport calls "compressed".')
    return image if 'compressed rgb' in format else image[..., ::-1]


def _count_pixels(data: bytes) -> int:
    """Read width × height from the header; 0 if the data are no whole JPEG or PNG."""
    if data.startswith(_PNG_START):
        width, height = _png_size(data)
    elif data.startswith(_JPEG_START) and data.rstrip(_FILLING).endswith(_JPEG_END):
        width, height = _jpeg_size(data)
    else:
        return 0
    return width * height


def _png_size(data: bytes) -> tuple[int, int]:
    """Walk from chunk to chunk, as OpenCV allocates what a chunk claims; (0, 0) if the end is not there."""
    place = len(_PNG_START)
    while place + 12 <= len(data):
        length, name = struct.unpack_from('>I4s', data, place)
        place += 12 + length
        if name == b'IEND' and 24 <= place <= len(data):
            width, height = struct.unpack_from('>II', data, 16)
            return width, height
    return 0, 0


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk from segment to segment until one tells width and height; (0, 0) if none does."""
    place = len(_JPEG_START)
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from('>HH', data, place + 5)
            return width, height
        # A marker may be preceded by any number of 0xFF.
        place += 1 if marker == 0xFF else 2 + int(struct.unpack_from('>H', data, place + 2)[0])
    return 0, 0


def _decode(octets: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    try:
        image = cv2.imdecode(octets, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)
