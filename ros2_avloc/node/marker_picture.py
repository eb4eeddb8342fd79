"""Draws markers about as a viewer does, for the documentation: seen from behind and above the camera."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from visualization_msgs.msg import Marker

from ros2_avloc.overlay import lettering

WIDTH, HEIGHT, FOCAL = 1200, 620, 1000.0
BACKGROUND, GROUND = (40, 34, 32), (72, 66, 62)
AXES = ((60, 60, 220), (60, 200, 60), (230, 120, 60))
"""Blue, green, red of the background, of the ground's grid, and of the camera's x, y and z."""

EYE, AIM = np.array((-5.6, 0.4, 3.6)), np.array((0.1, -0.4, -0.2))
"""Where it is seen from and where to, m from the camera, whose body looks along x."""

Picture = NDArray[np.uint8]
Vectors = NDArray[np.float64]
Colour = tuple[int, int, int]


def draw(markers: Sequence[Marker], camera: Vectors) -> Picture:
    """Draw markers over a grid on the ground and the axes of the camera.

    Parameters
    ----------
    markers
        In a body frame whose z is 0 on the ground.
    camera
        Where their rays begin, float64 ``(3,)``.

    Returns
    -------
    uint8 ``(620, 1200, 3)``
        Blue first.
    """
    picture = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    for k in range(-3, 5):
        for ends in (((k, -4, 0), (k, 4, 0)), ((-3, k, 0), (4, k, 0))):
            _line(picture, _project(np.array(ends, float), camera), GROUND, 1)
    for axis, colour in zip(np.eye(3), AXES, strict=True):
        _line(picture, _project(np.stack((camera, camera + 0.3 * axis)), camera), colour, 2)
    for marker in sorted(markers, key=lambda marker: marker.type != Marker.TRIANGLE_LIST):
        _draw(picture, marker, camera)
    return picture


def _project(points: Vectors, camera: Vectors) -> Vectors:
    """Return x and y in pixels and the depth in m of each point."""
    forward = (AIM - EYE) / np.linalg.norm(AIM - EYE)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    x, y, depth = np.stack((right, np.cross(forward, right), forward)) @ (points - camera - EYE).T
    return np.stack((WIDTH / 2 + FOCAL * x / depth, HEIGHT / 2 + FOCAL * y / depth, depth), axis=1)


def _draw(picture: Picture, marker: Marker, camera: Vectors) -> None:
    """Draw one marker of the types that there are, blended by its opacity."""
    red, green, blue = (round(255 * part) for part in (marker.color.r, marker.color.g, marker.color.b))
    drawn = picture.copy()
    if marker.type == Marker.TEXT_VIEW_FACING:
        _text(drawn, marker, (blue, green, red), camera)
    else:
        _shape(drawn, marker, (blue, green, red), camera)
    cv2.addWeighted(drawn, marker.color.a, picture, 1 - marker.color.a, 0.0, picture)


def _text(picture: Picture, marker: Marker, colour: Colour, camera: Vectors) -> None:
    (x, y, depth), = _project(_array([marker.pose.position]), camera)
    height = FOCAL * marker.scale.z / depth
    left = round(x - lettering.width_of(marker.text, height) / 2)
    lettering.write(picture, marker.text, left, round(y), height, colour)


def _shape(picture: Picture, marker: Marker, colour: Colour, camera: Vectors) -> None:
    points = _project(_array(marker.points), camera)
    width = max(1, round(FOCAL * marker.scale.x / float(np.median(points[:, 2]))))
    if marker.type == Marker.TRIANGLE_LIST:
        for triangle in points[:, :2].reshape(-1, 3, 2):
            cv2.fillPoly(picture, [triangle.round().astype(np.int32)], colour)
    elif marker.type == Marker.LINE_LIST:
        for ends in points.reshape(-1, 2, 3):
            _line(picture, ends, colour, width)
    else:
        for one, other in pairwise(points):
            _line(picture, np.stack((one, other)), colour, width)
    if marker.type == Marker.ARROW:
        _head(picture, points, marker, colour)


def _head(picture: Picture, points: Vectors, marker: Marker, colour: Colour) -> None:
    (tail, tip), depth = points[:, :2], points[1, 2]
    along = (tip - tail) / np.linalg.norm(tip - tail)
    length, half = FOCAL * marker.scale.z / depth, FOCAL * marker.scale.y / depth / 2
    across = half * along[::-1] * (-1, 1)
    corners = np.stack((tip, tip - length * along + across, tip - length * along - across))
    cv2.fillPoly(picture, [corners.round().astype(np.int32)], colour, cv2.LINE_AA)


def _line(picture: Picture, ends: Vectors, colour: Colour, width: int) -> None:
    one, other = ends[:, :2].round().astype(int).tolist()
    cv2.line(picture, one, other, colour, width, cv2.LINE_AA)


def _array(points: Sequence[Point]) -> Vectors:
    return np.array([(point.x, point.y, point.z) for point in points])
