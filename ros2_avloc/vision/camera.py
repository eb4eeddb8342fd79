"""Cameras: from a pixel to the ray on which it looks, and back.

Pixels are OpenCV's (the centre of the top left one is (0, 0)), rays are in the optical frame (x right,
y down, z forward). Pixels are those of the raw image: ``D`` is applied, ``R`` and ``P`` are not. A driver of
rectified images gives their ``K`` and an empty ``D``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_avloc.errors import InputError
from ros2_avloc.vision.lens import BrownLens, EquidistantLens, Lens

_BROWN: tuple[Callable[[tuple[float, ...]], Lens], tuple[int, ...]] = (BrownLens, (0, 4, 5, 8, 12, 14))
_LENSES = {'plumb_bob': _BROWN, 'rational_polynomial': _BROWN, '': _BROWN,
           'equidistant': (EquidistantLens, (0, 4))}
"""Models by their name in CameraInfo, with the numbers of coefficients that they may have."""

_LARGEST_COEFFICIENT = 1e6
"""Larger ones describe no lens, and the arithmetic would end in infinities."""


@dataclass(frozen=True)
class Camera:
    """A camera as it takes the frames that are looked at.

    Attributes
    ----------
    width, height
        Size of the frame in pixels.
    focal
        Focal lengths along x and y in pixels.
    centre
        Principal point (x, y) in pixels.
    lens
        The model of distortion.
    """

    width: int
    height: int
    focal: tuple[float, float]
    centre: tuple[float, float]
    lens: Lens = BrownLens()

    @classmethod
    def from_hfov(cls, width: int, height: int, hfov: float) -> Camera:
        """Make an ideal pinhole camera with square pixels.

        Parameters
        ----------
        width, height
            Size of the frame in pixels.
        hfov
            Angle in radians between the left and the right edge of the frame.

        Raises
        ------
        InputError
            If the size is not positive or the angle not between 0 and π.
        """
        _check_size(width, height)
        if not 0 < hfov < np.pi:
            raise InputError(f'camera.hfov is {hfov}; it must be between 0 and π (exclusive), in radians.')
        focal = float(width / (2 * np.tan(hfov / 2)))
        return cls(width, height, (focal, focal), ((width - 1) / 2, (height - 1) / 2))

    @classmethod
    def from_calibration(cls, width: int, height: int, model: str, d: Sequence[float], k: Sequence[float], *,
                         binning: tuple[int, int] = (1, 1),
                         roi: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Camera:
        """Make the camera that a sensor_msgs/CameraInfo describes.

        Parameters
        ----------
        width, height
            Size at which the camera was calibrated.
        model
            ``distortion_model``: plumb_bob, rational_polynomial or equidistant; the empty string counts as
            plumb_bob.
        d
            Coefficients: none, 4, 5, 8, 12 or 14 of them; for equidistant none or 4.
        k
            The matrix row by row: fx, 0, cx, 0, fy, cy, 0, 0, 1. Skew is ignored, as OpenCV does.
        binning
            ``binning_x`` and ``binning_y``; 0 means 1.
        roi
            ``x_offset``, ``y_offset``, ``width`` and ``height`` in pixels before binning; a width or height
            of 0 reaches to the edge. (``do_rectify`` is about rectified images.)

        Returns
        -------
        The camera of the frames: the region, binned.

        Raises
        ------
        InputError
            If the camera is not calibrated (K is zero), or a value is impossible or not known.
        """
        _check_size(width, height)
        focal, centre = _intrinsics(k)
        camera = cls(width, height, focal, centre, _lens(model, d))
        x, y, roi_width, roi_height = roi
        camera = camera._cut(x, y, roi_width or width - x, roi_height or height - y)
        bin_x, bin_y = max(binning[0], 1), max(binning[1], 1)
        width, height = camera.width // bin_x, camera.height // bin_y
        _check_size(width, height)
        return camera._cut(0, 0, width * bin_x, height * bin_y).scaled_to(width, height)

    def rays(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """Return unit rays ``(n, 3)`` of pixels ``(n, 2)``; NaN where the lens shows nothing (see `lens`)."""
        points = (np.asarray(pixels, np.float64).reshape(-1, 2) - self.centre) / self.focal
        return self.lens.undistort(points)

    def pixels(self, rays: ArrayLike) -> NDArray[np.float64]:
        """Return pixels ``(n, 2)``, in or outside the frame, of rays ``(n, 3)``; NaN where no image is."""
        points = self.lens.distort(np.array(rays, np.float64).reshape(-1, 3))
        return points * self.focal + self.centre

    def scaled_to(self, width: int, height: int) -> Camera:
        """Return the camera whose frames are these, scaled to another size."""
        _check_size(width, height)
        x, y = width / self.width, height / self.height
        return replace(self, width=width, height=height, focal=(self.focal[0] * x, self.focal[1] * y),
                       centre=((self.centre[0] + 0.5) * x - 0.5, (self.centre[1] + 0.5) * y - 0.5))

    def _cut(self, x: int, y: int, width: int, height: int) -> Camera:
        if min(x, y) < 0 or min(width, height) < 1 or x + width > self.width or y + height > self.height:
            raise InputError(f'camera_info has a region of interest ({width}×{height} at {x}, {y}) that does '
                             f'not lie in the image of {self.width}×{self.height}; correct the driver.')
        return replace(self, width=width, height=height, centre=(self.centre[0] - x, self.centre[1] - y))


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise InputError(f'A camera cannot have frames of {width}×{height} pixels; correct camera_info.')


def _intrinsics(k: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the focal lengths and the principal point of a matrix K."""
    values = [float(value) for value in k]
    if len(values) != 9 or not np.isfinite(values).all() or values[0] <= 0 or values[4] <= 0:
        raise InputError(f'camera_info holds no calibration (K is {values}); calibrate the camera, '
                         'or set camera.hfov.')
    return (values[0], values[4]), (values[2], values[5])


def _lens(model: str, d: Sequence[float]) -> Lens:
    if model not in _LENSES:
        raise InputError(f'camera_info has the unknown distortion model {model!r}; known are '
                         'plumb_bob, rational_polynomial and equidistant.')
    kind, lengths = _LENSES[model]
    values = tuple(float(value) for value in d)
    if len(values) not in lengths or not (np.abs(values) <= _LARGEST_COEFFICIENT).all():
        numbers = ', '.join(map(str, lengths))
        raise InputError(f'camera_info has the distortion coefficients {list(values)} for {model!r}; '
                         f'there must be {numbers} of them, within ±{_LARGEST_COEFFICIENT:.0e}.')
    return kind(values + (0.0,) * (lengths[-1] - len(values)))
