"""Rays, cones with their rims, and labels of the tracks, for RViz and Foxglove.

Colour says which track is attended, opacity whether a track sounds or is only remembered, and a ray of dashes
that it is heard only. Rays begin at the camera: over its own picture they are points, and the rims are rings.
"""

from __future__ import annotations

from itertools import pairwise
from math import radians

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from ros2_avloc.attention.bearing import Bearing, turned
from ros2_avloc.attention.track import Track
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.messages import Where, header, live, point
from ros2_avloc.overlay.drawing import side_of
from ros2_avloc.pipeline import Result

SHORTEST, LONGEST = SECOND, 60 * SECOND
"""Markers of a node that has stopped vanish after twice the time between its last two results, but neither
sooner nor later than this, ns."""

NAMESPACES = ('rays', 'cones', 'rims', 'labels')

_ATTENDED = (0.0, 0.9, 1.0)
_OTHER = (0.85, 0.85, 0.85)
_SOUNDING, _REMEMBERED = 1.0, 0.4
_CONE_OPACITY = 0.25
_CONE_SIGMAS = 2.0
_CONE_SIDES = 24
_WIDEST = radians(80.0)
"""A cone that would be wider is drawn so wide: there it says that the direction is not known."""
_RAY_WIDTH = 0.02
_RIM_WIDTH = 0.01
_DASHES = 12
_LABEL_HEIGHT = 0.12
_LABEL_AT = 1.06


class Markers:
    """Makes the markers of each result, and deletes those whose track is gone.

    The markers of a track keep its id, in the namespaces of `NAMESPACES`.
    """

    def __init__(self) -> None:
        self._shown: set[int] = set()
        self._stamp: int | None = None

    def of(self, result: Result, where: Where, distance: float) -> MarkerArray:
        """Return what is to be drawn, shown, or deleted. Rays are `distance` metres long."""
        tracks = live(result.tracks)
        head = header(where.frame_id, result.frame.stamp)
        lifetime = self._lifetime(result.frame.stamp)
        attended = result.attended.id if result.attended is not None else None
        markers = [marker for track in tracks
                   for marker in _track_markers(track, head, where, distance, track.id == attended)]
        for marker in markers:
            marker.lifetime = lifetime
        gone = self._shown - {track.id for track in tracks}
        self._shown = {track.id for track in tracks}
        deleted = [Marker(header=head, ns=ns, id=track_id, action=Marker.DELETE)
                   for track_id in sorted(gone) for ns in NAMESPACES]
        return MarkerArray(markers=markers + deleted)

    def _lifetime(self, stamp: int) -> Duration:
        since, self._stamp = 0 if self._stamp is None else stamp - self._stamp, stamp
        lifetime = min(max(2 * since, SHORTEST), LONGEST)
        return Duration(sec=lifetime // SECOND, nanosec=lifetime % SECOND)


def _track_markers(track: Track, head: Header, where: Where, distance: float, attended: bool) -> list[Marker]:
    red, green, blue = _ATTENDED if attended else _OTHER
    opacity = _SOUNDING if track.sounding else _REMEMBERED
    colour = ColorRGBA(r=red, g=green, b=blue, a=opacity)
    fainter = ColorRGBA(r=red, g=green, b=blue, a=opacity * _CONE_OPACITY)
    make = _dashes if track.heard_only else _arrow
    rim = [point(where.camera + distance * vector) for vector in _rim(track.bearing)]
    return [
        make(_marker(head, 'rays', track, colour), track, where, distance, 2.0 if attended else 1.0),
        _cone(_marker(head, 'cones', track, fainter), point(where.camera), rim),
        _ring(_marker(head, 'rims', track, colour), rim),
        _label(_marker(head, 'labels', track, colour), track, where, distance, attended),
    ]


def _arrow(ray: Marker, track: Track, where: Where, distance: float, thickness: float) -> Marker:
    """Draw the ray to what was seen."""
    ray.type = Marker.ARROW
    ray.points = [point(where.camera), _at(track, where, distance)]
    width = thickness * _RAY_WIDTH
    ray.scale.x, ray.scale.y, ray.scale.z = width, 3 * width, 5 * width
    return ray


def _dashes(ray: Marker, track: Track, where: Where, distance: float, thickness: float) -> Marker:
    """Draw the ray to what is heard only."""
    ray.type = Marker.LINE_LIST
    ray.points = [_at(track, where, distance * part / _DASHES) for part in range(1, _DASHES + 1)]
    ray.scale.x = thickness * _RAY_WIDTH
    return ray


def _cone(cone: Marker, tip: Point, rim: list[Point]) -> Marker:
    cone.type = Marker.TRIANGLE_LIST
    cone.scale.x = cone.scale.y = cone.scale.z = 1.0
    for one, other in pairwise(rim):
        cone.points += [tip, one, other]
    return cone


def _ring(ring: Marker, rim: list[Point]) -> Marker:
    ring.type = Marker.LINE_STRIP
    ring.scale.x = _RIM_WIDTH
    ring.points = rim
    return ring


def _label(label: Marker, track: Track, where: Where, distance: float, attended: bool) -> Marker:
    """Write id, probability and azimuth; in ASCII, for the degree sign is not in every viewer's font."""
    label.type = Marker.TEXT_VIEW_FACING
    label.pose.position = _at(track, where, _LABEL_AT * distance)
    label.scale.z = _LABEL_HEIGHT
    words = [f'#{track.id}', f'{track.score:.0%}', side_of(where.azimuth(track.bearing), ' deg')]
    marks = [word for word, holds in (('attended', attended), ('heard only', track.heard_only),
                                      ('silent', not track.sounding)) if holds]
    label.text = '  '.join(words) + ''.join(f', {mark}' for mark in marks)
    return label


def _at(track: Track, where: Where, distance: float) -> Point:
    return point(where.camera + distance * track.bearing.vector)


def _rim(bearing: Bearing) -> list[NDArray[np.float64]]:
    """Return unit vectors around a bearing and back to the first, `_CONE_SIGMAS` deviations away from it."""
    angles = np.linspace(0.0, 2.0 * np.pi, _CONE_SIDES + 1)
    spread = np.linalg.cholesky(bearing.covariance + 1e-12 * np.eye(2))
    offsets = _CONE_SIGMAS * spread @ np.stack([np.cos(angles), np.sin(angles)])
    offsets *= np.minimum(1.0, _WIDEST / np.linalg.norm(offsets, axis=0))
    return [turned(bearing.vector, offset) for offset in offsets.T]


def _marker(head: Header, ns: str, track: Track, colour: ColorRGBA) -> Marker:
    marker = Marker(header=head, ns=ns, id=track.id, action=Marker.ADD, color=colour)
    marker.pose.orientation.w = 1.0
    return marker
