"""Rays, cones and labels of the tracks, for RViz."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from ros2_avloc.attention.bearing import Bearing, turned
from ros2_avloc.attention.tracker import Track
from ros2_avloc.node.messages import Where, header, live, point
from ros2_avloc.pipeline import Result

LIFETIME = Duration(sec=1)
"""Markers of a node that has stopped vanish after this time."""

_ATTENDED = (1.0, 0.55, 0.0)
_OTHER = (0.2, 0.7, 1.0)
_CONE_SIGMAS = 2.0
_CONE_SIDES = 24
_RAY_WIDTH = 0.02
_LABEL_HEIGHT = 0.12


class Markers:
    """Makes the markers of each result, and deletes those whose track is gone.

    The markers of a track keep its id, in the namespaces ``rays``, ``cones`` and ``labels``.
    """

    def __init__(self) -> None:
        self._shown: set[int] = set()

    def of(self, result: Result, where: Where, distance: float) -> MarkerArray:
        """Return what is to be drawn, shown, or deleted. Rays are `distance` metres long."""
        tracks = live(result.tracks)
        head = header(where.frame_id, result.frame.stamp)
        attended = result.attended.id if result.attended is not None else None
        markers = [marker for track in tracks
                   for marker in _track_markers(track, head, where, distance, track.id == attended)]
        gone = self._shown - {track.id for track in tracks}
        self._shown = {track.id for track in tracks}
        deleted = [Marker(header=head, ns=ns, id=track_id, action=Marker.DELETE)
                   for track_id in sorted(gone) for ns in ('rays', 'cones', 'labels')]
        return MarkerArray(markers=markers + deleted)


def _track_markers(track: Track, head: Header, where: Where, distance: float, attended: bool) -> list[Marker]:
    colour = _ATTENDED if attended else _OTHER
    tip = where.camera + distance * track.bearing.vector
    ray = _marker(head, 'rays', track, Marker.ARROW, colour, 1.0)
    ray.points = [point(where.camera), point(tip)]
    ray.scale.x, ray.scale.y, ray.scale.z = _RAY_WIDTH, 3 * _RAY_WIDTH, 5 * _RAY_WIDTH
    shape = _marker(head, 'cones', track, Marker.TRIANGLE_LIST, colour, 0.25)
    shape.scale.x = shape.scale.y = shape.scale.z = 1.0
    rim = [point(where.camera + distance * vector) for vector in _rim(track.bearing)]
    for one, other in zip(rim, rim[1:] + rim[:1], strict=True):
        shape.points += [point(where.camera), one, other]
    label = _marker(head, 'labels', track, Marker.TEXT_VIEW_FACING, colour, 1.0)
    label.pose.position = point(tip)
    label.scale.z = _LABEL_HEIGHT
    label.text = (f'{track.id}: {track.score:.0%}' + (' heard only' if track.heard_only else '')
                  + (' attended' if attended else ''))
    return [ray, shape, label]


def _rim(bearing: Bearing) -> list[NDArray[np.float64]]:
    """Return unit vectors around a bearing, `_CONE_SIGMAS` standard deviations away from it."""
    angles = np.linspace(0.0, 2.0 * np.pi, _CONE_SIDES, endpoint=False)
    spread = np.linalg.cholesky(bearing.covariance + 1e-12 * np.eye(2))
    offsets = _CONE_SIGMAS * spread @ np.stack([np.cos(angles), np.sin(angles)])
    return [turned(bearing.vector, offset) for offset in offsets.T]


def _marker(head: Header, ns: str, track: Track, kind: int, colour: tuple[float, float, float],
            opacity: float) -> Marker:
    red, green, blue = colour
    marker = Marker(header=head, ns=ns, id=track.id, type=kind, action=Marker.ADD, lifetime=LIFETIME,
                    color=ColorRGBA(r=red, g=green, b=blue, a=opacity))
    marker.pose.orientation.w = 1.0
    return marker
