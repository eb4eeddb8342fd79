"""Image messages to frames and back, and calibration."""

from __future__ import annotations

from array import array

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from ros2_avloc.errors import InputError
from ros2_avloc.node.calibration import Calibration
from ros2_avloc.node.images import stamp_of_image, to_frame, to_image, to_jpeg
from ros2_avloc.vision.camera import Camera

HEAD = Header(frame_id='eye', stamp=Time(sec=3, nanosec=4))


def picture(height=30, width=40):
    y, x = np.mgrid[:height, :width]
    return np.stack([5 * x, 7 * y, 255 - 5 * x], axis=2).astype(np.uint8)


@pytest.mark.parametrize(('encoding', 'pixels'), [
    ('rgb8', picture()), ('bgr8', picture()[..., ::-1]), ('mono8', picture()[..., 0])])
def test_what_was_sent_is_seen(encoding, pixels):
    frame = to_frame(to_image(pixels, encoding, HEAD))
    expected = picture() if encoding != 'mono8' else np.repeat(pixels[..., None], 3, axis=2)
    np.testing.assert_array_equal(frame.rgb, expected)
    assert (frame.stamp, frame.frame_id) == (3_000_000_004, 'eye')


def test_heatmaps_are_sent_bit_by_bit():
    heatmap = np.random.default_rng(0).random((14, 14), np.float32)
    message = to_image(heatmap, '32FC1', HEAD)
    assert (message.height, message.width, message.step) == (14, 14, 56)
    np.testing.assert_array_equal(np.frombuffer(message.data, np.float32).reshape(14, 14), heatmap)


def test_jpeg_there_and_back():
    message = to_jpeg(np.ascontiguousarray(picture()[..., ::-1]), HEAD)
    assert message.header == HEAD
    assert np.abs(to_frame(message).rgb.astype(int) - picture()).mean() < 5


def test_png_is_read_without_loss():
    png = cv2.imencode('.png', picture()[..., ::-1])[1].tobytes()
    frame = to_frame(CompressedImage(header=HEAD, format='rgb8; png compressed bgr8', data=array('B', png)))
    np.testing.assert_array_equal(frame.rgb, picture())


def test_an_image_without_stamp_and_an_encoding_that_nobody_knows():
    with pytest.raises(InputError, match='has no stamp'):
        stamp_of_image(Image())
    with pytest.raises(InputError, match="'infrared7'"):
        to_frame(to_image(picture(), 'infrared7', HEAD))


def info(focal=500.0, **changes):
    fields = {'width': 640, 'height': 480, 'distortion_model': 'plumb_bob', 'd': [0.1, -0.05, 0.0, 0.0, 0.0],
              'k': [focal, 0.0, 319.5, 0.0, focal, 239.5, 0.0, 0.0, 1.0]}
    return CameraInfo(**(fields | changes))


def test_without_camera_info_the_field_of_view_counts():
    calibration = Calibration(1.2)
    assert calibration.camera(320, 240) == Camera.from_hfov(320, 240, 1.2)
    assert 'there is no camera_info' in calibration.describe()


def test_camera_info_counts_and_fits_the_frame():
    calibration = Calibration(1.2)
    calibration.learn(info())
    expected = Camera.from_calibration(640, 480, 'plumb_bob', info().d, info().k)
    assert calibration.camera(640, 480) == expected
    half = calibration.camera(320, 240)
    np.testing.assert_allclose(half.rays([(100.25, 80.25)]), expected.rays([(201, 161)]), atol=1e-9)
    calibration.learn(info(focal=600.0))
    assert calibration.camera(640, 480).focal == (600, 600)


def test_a_camera_info_without_calibration_is_as_none():
    calibration = Calibration(1.2)
    calibration.learn(info(k=[0.0] * 9))
    assert calibration.camera(640, 480) == Camera.from_hfov(640, 480, 1.2)
    assert 'holds no calibration' in calibration.describe()


def test_a_camera_info_that_cannot_be_leaves_the_one_before():
    calibration = Calibration(1.2)
    calibration.learn(info())
    for wrong in (info(distortion_model='fancy'), info(width=0), info(d=[0.1])):
        with pytest.raises(InputError):
            calibration.learn(wrong)
    assert calibration.camera(640, 480).focal == (500, 500)
