"""Subscribes to camera and microphone. The callbacks only hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from ros2_avloc.errors import AvlocError
from ros2_avloc.node.audio_types import audio_info_type, audio_message_type, published_audio_type
from ros2_avloc.node.compatibility import SubscriptionEventCallbacks, steady_clock
from ros2_avloc.node.mailbox import Mail, Mailbox, Stream
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Statistics

LOOK_AGAIN = 0.25
"""Seconds after which the graph is looked at again while nobody publishes audio."""

_DEPTHS = {Stream.IMAGE: 5, Stream.CAMERA_INFO: 5, Stream.AUDIO: 100, Stream.AUDIO_INFO: 5}

_OVERRIDABLE = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH,
                QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY)

_CLASHES = {
    QoSPolicyKind.RELIABILITY: ('reliability', 'RELIABLE', 'BEST_EFFORT'),
    QoSPolicyKind.DURABILITY: ('durability', 'TRANSIENT_LOCAL', 'VOLATILE'),
}
"""The overridable policies that can clash: what is asked for then, and what is offered."""


class Inputs:
    """The subscriptions of the node, with the QoS of sensor data unless overridden.

    Raises
    ------
    AvlocError
        If an override of QoS cannot be, or the message type asked for is not installed.
    """

    def __init__(self, node: Node, settings: Settings, mailbox: Mailbox, statistics: Statistics) -> None:
        self._node = node
        self._mailbox = mailbox
        self._statistics = statistics
        self.topics = {stream: node.resolve_topic_name(stream.value) for stream in Stream}
        self._subscriptions: list[Subscription] = []
        self.audio_type = ''
        self._timer: Any = None
        try:
            self._open(settings)
        except Exception:
            self.close()
            raise

    def publishers(self, stream: Stream) -> int:
        """How many publishers the topic of a stream has."""
        return int(self._node.count_publishers(self.topics[stream]))

    def close(self) -> None:
        """Unsubscribe."""
        self._stop_looking()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def _open(self, settings: Settings) -> None:
        self._subscribe(Stream.CAMERA_INFO, CameraInfo)
        if settings.image_transport == 'compressed':
            self.topics[Stream.IMAGE] = self._node.resolve_topic_name('image/compressed')
            self._subscribe(Stream.IMAGE, CompressedImage, 'image/compressed')
        else:
            self._subscribe(Stream.IMAGE, Image)
        info = audio_info_type()
        if info is not None:
            self._subscribe(Stream.AUDIO_INFO, info)
        if settings.audio_type != 'auto':
            self._subscribe_audio(settings.audio_type)
            return
        self._timer = self._node.create_timer(LOOK_AGAIN, self._look_for_audio, clock=steady_clock())
        self._look_for_audio()

    def _look_for_audio(self) -> None:
        """Subscribe as soon as somebody publishes audio of a type that is known."""
        try:
            audio_type = published_audio_type(self._node, self.topics[Stream.AUDIO])
            if audio_type:
                self._stop_looking()
                self._subscribe_audio(audio_type)
        except AvlocError as error:
            self._statistics.faults.report(Stream.AUDIO.value, str(error))

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None

    def _subscribe_audio(self, audio_type: str) -> None:
        self._subscribe(Stream.AUDIO, audio_message_type(audio_type))
        self.audio_type = audio_type
        self._node.get_logger().info(f'Listening to {self.topics[Stream.AUDIO]} ({audio_type})')

    def _subscribe(self, stream: Stream, kind: type[Any], topic: str = '') -> None:
        profile = QoSProfile(depth=_DEPTHS[stream], reliability=ReliabilityPolicy.BEST_EFFORT,
                             durability=DurabilityPolicy.VOLATILE)
        try:
            self._subscriptions.append(self._node.create_subscription(
                kind, topic or stream.value, self._hand_over(stream), profile,
                event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._warn_of_clash(stream)),
                qos_overriding_options=QoSOverridingOptions(_OVERRIDABLE)))
        except RuntimeError as error:
            raise AvlocError(f'The topic {self.topics[stream]} cannot be subscribed to: {error}.') from None

    def _hand_over(self, stream: Stream) -> Callable[[Any], None]:
        arrivals = self._statistics.arrivals[stream]
        clock = self._node.get_clock()

        def callback(message: Any) -> None:
            arrivals.tick()
            self._mailbox.put(Mail(stream, message, clock.now().nanoseconds))
        return callback

    def _warn_of_clash(self, stream: Stream) -> Callable[[Any], None]:
        def callback(event: Any) -> None:
            self._statistics.incompatible[stream] += event.total_count_change
            kind = QoSPolicyKind(event.last_policy_kind)
            policy, asked, offered = _CLASHES.get(kind, (kind.name.lower(), 'more', 'less'))
            self._node.get_logger().warning(
                f'A publisher of {self.topics[stream]} offers {policy} {offered}, but qos_overrides asks for '
                f'{asked}: nothing will be received from it. Change the override or the publisher.')
        return callback
