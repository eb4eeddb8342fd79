"""The camera: from camera_info, else from its field of view."""

from __future__ import annotations

from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.vision.camera import Camera


class Calibration:
    """Knows the camera that takes the frames.

    A camera_info whose K is zero says that the camera was never calibrated; then, as without any
    camera_info, the camera is a pinhole with the given field of view.

    Parameters
    ----------
    hfov
        Horizontal field of view in radians without calibration.
    """

    def __init__(self, hfov: float) -> None:
        self._hfov = hfov
        self._learnt: tuple[Any, ...] | None = None
        self._calibrated: Camera | None = None
        self._current: Camera | None = None

    def learn(self, info: Any) -> None:
        """Take a sensor_msgs/CameraInfo.

        Raises
        ------
        InputError
            If it describes no camera. Then the one that was known before stays.
        """
        content = _content(info)
        if content == self._learnt:
            return
        self._calibrated = _to_camera(info) if info.k[0] else None
        self._learnt, self._current = content, None

    def camera(self, width: int, height: int) -> Camera:
        """Return the camera of a frame of this size."""
        current = self._current
        if current is None or (current.width, current.height) != (width, height):
            current = self._current = self._of_size(width, height)
        return current

    def describe(self) -> str:
        """Say where the calibration comes from, for people."""
        if self._calibrated is not None:
            return 'calibrated by camera_info'
        why = 'there is no camera_info' if self._learnt is None else 'camera_info holds no calibration'
        return f'{why}; camera.hfov says {self._hfov:.3f} rad'

    def _of_size(self, width: int, height: int) -> Camera:
        if self._calibrated is None:
            return Camera.from_hfov(width, height, self._hfov)
        return self._calibrated.scaled_to(width, height)


def _content(info: Any) -> tuple[Any, ...]:
    roi = info.roi
    return (info.width, info.height, info.distortion_model, tuple(info.d), tuple(info.k), info.binning_x,
            info.binning_y, roi.x_offset, roi.y_offset, roi.width, roi.height)


def _to_camera(info: Any) -> Camera:
    width, height, model, d, k, binning_x, binning_y, *roi = _content(info)
    if width == 0 or height == 0:
        raise InputError('camera_info says no size; let the camera driver fill in width and height.')
    x, y, roi_width, roi_height = roi
    return Camera.from_calibration(width, height, model, d, k, binning=(binning_x, binning_y),
                                   roi=(x, y, roi_width, roi_height))
