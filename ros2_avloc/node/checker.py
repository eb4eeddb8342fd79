"""The checker: listens to simulator and node, records everything, and says how well the node did.

Run by ``make demo`` (`ros2_avloc.node.demo`) as a process of its own.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped, PoseArray, PoseWithCovarianceStamped
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from rclpy.utilities import try_shutdown
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2DArray, Detection3DArray
from visualization_msgs.msg import MarkerArray

from ros2_avloc.attention.bearing import direction
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.node.calibration import Calibration
from ros2_avloc.node.messages import type_name
from ros2_avloc.recordings.bag import BagWriter
from ros2_avloc.share import message_folders
from ros2_avloc.simulation import report
from ros2_avloc.simulation.score import Answer, Judgement, Truth, judge, score

RELIABLE = QoSProfile(depth=100)
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPICS: dict[str, tuple[type, QoSProfile]] = {
    'camera/image_raw': (Image, qos_profile_sensor_data),
    'camera/camera_info': (CameraInfo, qos_profile_sensor_data),
    'audio': (AudioDataStamped, qos_profile_sensor_data),
    'audio_info': (AudioInfo, RELIABLE),
    '/tf': (TFMessage, RELIABLE),
    '/tf_static': (TFMessage, LATCHED),
    'simulator/truth': (Detection2DArray, RELIABLE),
    'simulator/truth_bearings': (PoseArray, RELIABLE),
    'avloc/heatmap': (Image, RELIABLE),
    'avloc/overlay/compressed': (CompressedImage, RELIABLE),
    'avloc/sources': (Detection2DArray, RELIABLE),
    'avloc/tracks': (Detection3DArray, RELIABLE),
    'avloc/bearings': (PoseArray, RELIABLE),
    'avloc/attended': (PoseWithCovarianceStamped, RELIABLE),
    'avloc/attended_point': (PointStamped, RELIABLE),
    'avloc/markers': (MarkerArray, RELIABLE),
    '/diagnostics': (DiagnosticArray, RELIABLE),
}
"""All topics of the demo. The overlay is taken as JPEG; raw, it would be half of the recording."""

START_UP = 60.0
"""Seconds within which the node has to give its first answer."""

LAST_ANSWERS = 0.5
"""Seconds that are listened on after the run, for answers still under way."""


class Checker(Node):
    """Collects what simulator and node say, and records all of it.

    Parameters
    ----------
    bag
        Where every message goes.
    """

    def __init__(self, bag: BagWriter) -> None:
        super().__init__('checker')
        self._bag = bag
        self._calibration = Calibration(hfov=0.0)
        self._size = (0, 0)
        self.truths: dict[int, Truth] = {}
        self.answered: dict[int, int] = {}
        self.attended: dict[int, Any] = {}
        self.overlays: dict[int, bytes] = {}
        self.drops: dict[str, str] = {}
        readers: dict[str, Callable[[Any, int], None]] = {
            'camera/camera_info': self._read_camera,
            'simulator/truth': self._read_truth,
            'avloc/bearings': self._read_bearings,
            'avloc/attended': self._read_attended,
            'avloc/overlay/compressed': self._read_overlay,
            '/diagnostics': self._read_diagnostics,
        }
        for topic, (message_type, qos) in TOPICS.items():
            self._listen(topic, message_type, qos, readers.get(topic))

    def _listen(
        self, topic: str, message_type: type, qos: QoSProfile, read: Callable[[Any, int], None] | None
    ) -> None:
        name = self.resolve_topic_name(topic)
        kind = type_name(message_type)

        def receive(raw: bytes) -> None:
            received = self.get_clock().now().nanoseconds
            self._bag.write(name, kind, received, raw)
            if read is not None:
                read(deserialize_message(raw, message_type), received)

        self.create_subscription(message_type, topic, receive, qos, raw=True)

    def _read_camera(self, message: CameraInfo, received: int) -> None:
        self._calibration.learn(message)
        self._size = (message.width, message.height)

    def _read_truth(self, message: Detection2DArray, received: int) -> None:
        boxes = {
            found.id: (
                found.bbox.center.position.x,
                found.bbox.center.position.y,
                found.bbox.size_x,
                found.bbox.size_y,
            )
            for found in message.detections
        }
        sounding = frozenset(
            found.id for found in message.detections if found.results[0].hypothesis.score > 0.5
        )
        stamp = to_nanoseconds(message.header.stamp)
        self.truths[stamp] = Truth(stamp, boxes, sounding)

    def _read_bearings(self, message: PoseArray, received: int) -> None:
        self.answered[to_nanoseconds(message.header.stamp)] = received

    def _read_attended(self, message: PoseWithCovarianceStamped, received: int) -> None:
        q = message.pose.pose.orientation
        self.attended[to_nanoseconds(message.header.stamp)] = direction((q.x, q.y, q.z, q.w))

    def _read_overlay(self, message: CompressedImage, received: int) -> None:
        self.overlays[to_nanoseconds(message.header.stamp)] = bytes(message.data)

    def _read_diagnostics(self, message: DiagnosticArray, received: int) -> None:
        values = (value for status in message.status for value in status.values)
        self.drops.update({item.key: item.value for item in values if item.key.startswith(report.DROPPED)})

    def judgements(self) -> list[Judgement]:
        """Judge everything that was answered until now; nothing while the camera is not known."""
        if self._size == (0, 0):
            return []
        answers = [
            Answer(stamp, received, self.attended.get(stamp)) for stamp, received in self.answered.items()
        ]
        return judge(self.ordered_truths(), answers, self._calibration.camera(*self._size))

    def ordered_truths(self) -> list[Truth]:
        """Give the truths in the order of their stamps."""
        return [self.truths[stamp] for stamp in sorted(self.truths)]

    def happening(self) -> str:
        """Say in a few words what can be heard now."""
        if not self.truths:
            return 'waiting for the simulator'
        sounding = self.truths[max(self.truths)].sounding
        return ', '.join(sorted(sounding)) + ' sounds' if sounding else 'nothing in view sounds'


def watch(checker: Checker, seconds: float, console: Console) -> bool:
    """Listen for a while, from the node's first answer on, and show the progress.

    Parameters
    ----------
    checker
        Whose messages arrive.
    seconds
        How long to listen.
    console
        What the progress is shown on.

    Returns
    -------
    bool
        Whether the node gave a first answer in time.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(checker)
    began = time.monotonic()
    while not checker.answered:
        if time.monotonic() - began > START_UP:
            return False
        executor.spin_once(timeout_sec=0.1)
    began = time.monotonic()
    clock, heard = TextColumn('{task.completed:.0f} of {task.total:.0f} s'), TextColumn('{task.description}')
    with Progress(BarColumn(), clock, heard, console=console) as progress:
        task = progress.add_task('', total=seconds)
        while (elapsed := time.monotonic() - began) < seconds + LAST_ANSWERS:
            executor.spin_once(timeout_sec=0.05)
            progress.update(task, completed=min(elapsed, seconds), description=checker.happening())
    executor.remove_node(checker)
    return True


def main() -> None:
    """Listen, record, judge, report; exit 1 where the node did not do its job."""
    parser = argparse.ArgumentParser(description='Record simulator and node, and judge what the node says.')
    parser.add_argument('--seconds', type=float, default=30.0, help='how long to listen')
    parser.add_argument('--output', type=Path, default=Path('demo'), help='folder of what is written')
    arguments = parser.parse_args()
    console = Console()
    bag = arguments.output / 'bag'
    shutil.rmtree(bag, ignore_errors=True)
    rclpy.init()
    try:
        with BagWriter(bag, share=message_folders()) as writer:
            checker = Checker(writer)
            alive = watch(checker, arguments.seconds, console)
    except (KeyboardInterrupt, ExternalShutdownException):
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
        try_shutdown()
    if not alive:
        console.print(f'The node gave no answer within {START_UP:.0f} s; its log above says why.')
        sys.exit(1)
    judgements = checker.judgements()
    result = score(checker.ordered_truths(), judgements)
    console.print(report.table(result, checker.drops))
    report.write_pictures(arguments.output, checker.overlays, judgements)
    console.print(f'Written to {arguments.output}: overlay.mp4, strip.png, bag (rosbag2, MCAP).')
    complaints = report.complaints(result)
    for complaint in complaints:
        console.print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == '__main__':
    main()
