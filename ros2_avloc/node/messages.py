"""Results to messages. Whatever the message, its stamp is the frame's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import (
    Point,
    PointStamped,
    Pose,
    PoseArray,
    PoseWithCovariance,
    PoseWithCovarianceStamped,
    Quaternion,
)
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    Detection3D,
    Detection3DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
)

from ros2_avloc.attention.bearing import Bearing, axes, azimuth_elevation, orientation
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.images import to_image
from ros2_avloc.pipeline import Result
from ros2_avloc.vision.pose import Pose as CameraPose

CLASS_ID = 'sound_source'
HEARD_ONLY = 'heard_only'
"""Class of a track that an array of microphones hears and nobody has seen yet."""


@dataclass(frozen=True)
class Where:
    """The frame in which tracks and bearings are given.

    Attributes
    ----------
    frame_id
        Its name.
    camera
        Position of the camera in it, metres, float64 ``(3,)``.
    rotation
        From the camera's optical frame into it, float64 ``(3, 3)``.
    optical
        Whether it is an optical frame (x right, y down, z forward) instead of a body frame.
    """

    frame_id: str
    camera: NDArray[np.float64]
    rotation: NDArray[np.float64]
    optical: bool

    @classmethod
    def of(cls, frame_id: str, pose: CameraPose, camera_frame: str) -> Where:
        """Tell the frame `frame_id`, in which the camera of the frame `camera_frame` has this pose.

        REP-103 ends the names of optical frames in ``_optical``, drivers in ``_optical_frame``. The frame of
        the images is one whatever its name.
        """
        optical = frame_id == camera_frame or frame_id.endswith(('_optical', '_optical_frame'))
        return cls(frame_id, pose.position, pose.rotation, optical)

    def azimuth(self, bearing: Bearing) -> float:
        """Azimuth in radians of a bearing in this frame, to the left positive."""
        return azimuth_elevation(bearing.vector, optical=self.optical)[0]

    def from_camera(self, bearing: Bearing) -> tuple[float, float]:
        """Azimuth and elevation in radians of a bearing in this frame, as the camera sees them."""
        return azimuth_elevation(self.rotation.T @ bearing.vector, optical=True)


def type_name(kind: type) -> str:
    """Return the ROS name of a message's class, as ``sensor_msgs/msg/Image``."""
    package, folder = kind.__module__.split('.')[:2]
    return f'{package}/{folder}/{kind.__name__}'


def header(frame_id: str, stamp: int) -> Header:
    """Make a header of a ROS time in ns."""
    return Header(frame_id=frame_id, stamp=Time(sec=stamp // SECOND, nanosec=stamp % SECOND))


def heatmap_image(result: Result, *, upsample: bool) -> Image:
    """Make the heatmap a 32FC1 image: 14×14, or of the frame's size by linear interpolation."""
    heatmap = result.localization.heatmap
    if upsample:
        height, width = result.frame.rgb.shape[:2]
        heatmap = np.asarray(cv2.resize(heatmap, (width, height)), np.float32)
    return to_image(heatmap, '32FC1', _camera_header(result))


def sources_array(result: Result) -> Detection2DArray:
    """List what sounds in the frame: boxes in pixels, with the ids of their tracks."""
    camera = _camera_header(result)
    detections = [_detection(source, result.track_of(source), camera) for source in result.sources]
    return Detection2DArray(header=camera, detections=detections)


def tracks_array(result: Result, where: Where) -> Detection3DArray:
    """List every live track with its bearing, best first."""
    target = _target_header(result, where)
    return Detection3DArray(header=target, detections=[
        Detection3D(header=target, id=str(track.id), results=[ObjectHypothesisWithPose(
            hypothesis=ObjectHypothesis(class_id=_class_id(track), score=float(track.score)),
            pose=_pose_with_covariance(track.bearing, where))])
        for track in live(result.tracks)])


def bearings_array(result: Result, where: Where) -> PoseArray:
    """List the same poses without ids."""
    poses = [_pose(track.bearing, where) for track in live(result.tracks)]
    return PoseArray(header=_target_header(result, where), poses=poses)


def attended_pose(result: Result, track: Track, where: Where) -> PoseWithCovarianceStamped:
    """Give the bearing of the attended track."""
    return PoseWithCovarianceStamped(
        header=_target_header(result, where), pose=_pose_with_covariance(track.bearing, where))


def attended_point(result: Result, track: Track, where: Where, distance: float) -> PointStamped:
    """Give the point that lies `distance` metres along the bearing of the attended track."""
    return PointStamped(header=_target_header(result, where),
                        point=point(where.camera + distance * track.bearing.vector))


def live(tracks: Sequence[Track]) -> list[Track]:
    """Return the tracks that are published: those that are confirmed, in their order, best first."""
    return [track for track in tracks if track.confirmed]


def point(xyz: NDArray[np.float64]) -> Point:
    """Make a Point of a float64 array ``(3,)``."""
    return Point(x=float(xyz[0]), y=float(xyz[1]), z=float(xyz[2]))


def _class_id(track: Track) -> str:
    return HEARD_ONLY if track.heard_only else CLASS_ID


def _camera_header(result: Result) -> Header:
    return header(result.frame.frame_id, result.frame.stamp)


def _target_header(result: Result, where: Where) -> Header:
    return header(where.frame_id, result.frame.stamp)


def _detection(source: Source, track: Track | None, camera: Header) -> Detection2D:
    hypothesis = ObjectHypothesis(class_id=CLASS_ID, score=float(source.probability))
    results = [ObjectHypothesisWithPose(hypothesis=hypothesis)]
    track_id = '' if track is None else str(track.id)
    detection = Detection2D(header=camera, id=track_id, results=results)
    x, y, width, height = source.box
    detection.bbox.center.position.x, detection.bbox.center.position.y = float(x), float(y)
    detection.bbox.size_x, detection.bbox.size_y = float(width), float(height)
    return detection


def _pose(bearing: Bearing, where: Where) -> Pose:
    x, y, z, w = (float(part) for part in orientation(bearing.vector))
    return Pose(position=point(where.camera), orientation=Quaternion(x=x, y=y, z=z, w=w))


def _pose_with_covariance(bearing: Bearing, where: Where) -> PoseWithCovariance:
    """ROS tells covariance by turns about the axes of the header's frame, a bearing by turns about its own.

    There is no turn about the bearing itself, and the camera's position is taken for exact.
    """
    across = axes(bearing.vector)[:, 1:]
    covariance = np.zeros((6, 6))
    covariance[3:, 3:] = across @ bearing.covariance @ across.T
    return PoseWithCovariance(pose=_pose(bearing, where), covariance=covariance.reshape(36))
