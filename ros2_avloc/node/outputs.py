"""Publishes results. What nobody listens to is not even made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PointStamped, PoseArray, PoseWithCovarianceStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray, Detection3DArray
from visualization_msgs.msg import MarkerArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.node import messages
from ros2_avloc.node.compatibility import PublisherEventCallbacks
from ros2_avloc.node.images import to_image, to_jpeg
from ros2_avloc.node.markers import Markers
from ros2_avloc.node.messages import Where
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.node.settings import Settings
from ros2_avloc.pipeline import Result

DEPTH = 5

TYPES: dict[str, type[Any]] = {
    'heatmap': Image,
    'overlay': Image,
    'overlay/compressed': CompressedImage,
    'sources': Detection2DArray,
    'tracks': Detection3DArray,
    'bearings': PoseArray,
    'attended': PoseWithCovarianceStamped,
    'attended_point': PointStamped,
    'markers': MarkerArray,
}
"""The private topics and their types."""


class Answers(ABC):
    """Makes the messages of results, and sends those that somebody wants."""

    def __init__(self) -> None:
        self._markers = Markers()
        self._overlays = Overlays()

    @abstractmethod
    def _wanted(self, name: str) -> bool:
        """Whether somebody wants the messages of a topic of `TYPES`."""

    @abstractmethod
    def _send(self, name: str, message: Any) -> None:
        """Send a message of a topic."""

    def publish(self, result: Result, sound: Sound, where: Where | None, settings: Settings) -> None:
        """Send what somebody wants.

        Parameters
        ----------
        result, sound
            Of one window.
        where
            The frame of bearings; ``None`` where it is not known, and no bearing may go out.
        settings
            For what has parameters.
        """
        self._publish('heatmap', lambda: messages.heatmap_image(result, upsample=settings.heatmap_upsample))
        self._publish('sources', lambda: messages.sources_array(result))
        self._publish_overlay(result, sound, where)
        if where is not None:
            self._publish_bearings(result, where, settings.attention_distance)

    def _publish_bearings(self, result: Result, where: Where, distance: float) -> None:
        self._publish('tracks', lambda: messages.tracks_array(result, where))
        self._publish('bearings', lambda: messages.bearings_array(result, where))
        self._publish('markers', lambda: self._markers.of(result, where, distance))
        track = result.attended
        if track is not None:
            self._publish('attended', lambda: messages.attended_pose(result, track, where))
            self._publish('attended_point', lambda: messages.attended_point(result, track, where, distance))

    def _publish_overlay(self, result: Result, sound: Sound, where: Where | None) -> None:
        if not self._wanted('overlay') and not self._wanted('overlay/compressed'):
            return
        overlay = self._overlays.of(result, sound, where)
        head = messages.header(result.frame.frame_id, result.frame.stamp)
        self._publish('overlay', lambda: to_image(overlay, 'bgr8', head))
        self._publish('overlay/compressed', lambda: to_jpeg(overlay, head))

    def _publish(self, name: str, make: Callable[[], Any]) -> None:
        if self._wanted(name):
            self._send(name, make())


class Outputs(Answers):
    """The publishers of the node: reliable, the last `DEPTH` kept."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node
        # rclpy's own callbacks, two for each publisher, would be looked at whenever a message comes in. What
        # they warn of, a listener with another QoS, the listener's node warns of too.
        silent = PublisherEventCallbacks(use_default_callbacks=False)
        self._publishers: dict[str, Publisher] = {
            name: node.create_publisher(kind, f'~/{name}', QoSProfile(depth=DEPTH), event_callbacks=silent)
            for name, kind in TYPES.items()}

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def _wanted(self, name: str) -> bool:
        return bool(self._publishers[name].get_subscription_count())

    def _send(self, name: str, message: Any) -> None:
        self._publishers[name].publish(message)
