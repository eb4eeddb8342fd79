"""Image messages to frames, and arrays to image messages."""

from __future__ import annotations

from array import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.vision.compressed import decode_compressed
from ros2_avloc.vision.encodings import knows, to_rgb
from ros2_avloc.vision.frame import Frame


def stamp_of_image(message: Any) -> int:
    """ROS time in ns of an Image or CompressedImage.

    Raises
    ------
    InputError
        If it has none.
    """
    stamp = to_nanoseconds(message.header.stamp)
    if stamp == 0:
        raise InputError('The image has no stamp, so its sound cannot be found; '
                         'let the camera driver stamp it.')
    return stamp


def to_frame(message: Any) -> Frame:
    """Decode an Image or CompressedImage.

    Raises
    ------
    InputError
        If its content cannot be read.
    """
    if hasattr(message, 'format'):
        rgb = decode_compressed(message.data, message.format)
    elif knows(message.encoding):
        rgb = _by_table(message)
    else:
        rgb = _by_cv_bridge(message)
    return Frame(rgb, stamp_of_image(message), message.header.frame_id)


def to_image(pixels: NDArray[np.generic], encoding: str, header: Header) -> Image:
    """Make an Image of an array ``(H, W)`` or ``(H, W, channels)`` whose dtype and order fit the encoding."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return Image(header=header, height=height, width=width, encoding=encoding, is_bigendian=0,
                 step=pixels.nbytes // height, data=_octets(pixels.reshape(-1).view(np.uint8)))


def to_jpeg(bgr: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Make a CompressedImage of a uint8 array ``(H, W, 3)``, blue first."""
    _, jpeg = cv2.imencode('.jpg', bgr, (cv2.IMWRITE_JPEG_QUALITY, 85))
    return CompressedImage(header=header, format='bgr8; jpeg compressed bgr8', data=_octets(jpeg))


def _octets(octets: NDArray[Any]) -> array[int]:
    content = array('B')  # the only type that rclpy sends without looking at every byte
    content.frombytes(octets.reshape(-1).data)
    return content


def _by_table(message: Any) -> NDArray[np.uint8]:
    return to_rgb(message.data, encoding=message.encoding, height=message.height, width=message.width,
                  step=message.step, big_endian=bool(message.is_bigendian))


def _by_cv_bridge(message: Any) -> NDArray[np.uint8]:
    """Let the ROS installation's cv_bridge read an encoding that the own table lacks."""
    try:
        from cv_bridge import CvBridge, CvBridgeError
    except ImportError:
        return _by_table(message)  # which refuses it, and says what it knows
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(message, 'rgb8'), np.uint8)
    except (CvBridgeError, ValueError, TypeError, KeyError, cv2.error) as error:
        raise InputError(f'The image encoding {message.encoding!r} can be read neither by ros2_avloc nor by '
                         f'cv_bridge ({error}); let the camera driver send rgb8.') from None
