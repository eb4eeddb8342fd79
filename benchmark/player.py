"""A camera and a microphone as a process: publishes prepared frames and sound at a rate, and little else.

``python -m benchmark.player FILE RATE raw|compressed``; the file is what `prepare` wrote. Each frame is
stamped when it is handed to DDS, and told of on ``camera_info`` with the same stamp.
"""

from __future__ import annotations

import signal
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import CameraInfo

from benchmark.material import CHUNK, SECOND, Material
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.node.images import to_image, to_jpeg
from ros2_avloc.node.messages import header

OPTICAL_FRAME = 'camera_optical_frame'


def prepare(material: Material, path: Path) -> None:
    """Write frames and sound for a player."""
    pcm = b''.join(bytes(chunk.data) for chunk in material.chunks)
    np.savez(
        path,
        frames=np.stack([frame.rgb for frame in material.frames]),
        pcm=np.frombuffer(pcm, np.uint8).reshape(-1, 2 * CHUNK),
        focal=material.camera.focal[0],
    )


class Schedule:
    """When a sound card that began to listen at `began` (ns) has filled its chunks."""

    def __init__(self, began: int) -> None:
        self._began = began
        self._heard = 0

    def due(self, now: int) -> Iterator[tuple[int, int]]:
        """Yield number and stamp of each chunk that has become full by now (ns); each comes once."""
        while self._moment(self._heard + 1) <= now:
            number, self._heard = self._heard, self._heard + 1
            yield number, self._moment(number)

    def _moment(self, chunks: int) -> int:
        return self._began + round(chunks * CHUNK / SAMPLE_RATE * SECOND)


class Player(Node):
    """Sends frames and chunks that are due, over and over."""

    def __init__(self, prepared: Any, rate: float, transport: str) -> None:
        super().__init__('player')
        head = header(OPTICAL_FRAME, 0)
        self._frames = [_message(rgb, transport, head) for rgb in prepared['frames']]
        self._chunks = [array('B', pcm.tobytes()) for pcm in prepared['pcm']]
        self._info = _info(prepared)
        topic = 'image/compressed' if transport == 'compressed' else 'image'
        reliable = QoSProfile(depth=10)
        self._image = self.create_publisher(type(self._frames[0]), topic, reliable)
        self._camera_info = self.create_publisher(CameraInfo, 'camera_info', reliable)
        self._audio = self.create_publisher(AudioDataStamped, 'audio', reliable)
        self._audio_info = self.create_publisher(AudioInfo, 'audio_info', reliable)
        self._seen = 0
        self._schedule = Schedule(time.time_ns())
        self.create_timer(1 / rate, self._send_frame)
        self.create_timer(CHUNK / SAMPLE_RATE, self._send_chunks)
        self.create_timer(1.0, self._send_audio_info)

    def _send_frame(self) -> None:
        message = self._frames[self._seen % len(self._frames)]
        self._seen += 1
        stamp = header(OPTICAL_FRAME, time.time_ns())
        message.header = self._info.header = stamp
        self._image.publish(message)
        self._camera_info.publish(self._info)

    def _send_chunks(self) -> None:
        for number, stamp in self._schedule.due(time.time_ns()):
            audio = AudioData(data=self._chunks[number % len(self._chunks)])
            self._audio.publish(AudioDataStamped(header=header(OPTICAL_FRAME, stamp), audio=audio))

    def _send_audio_info(self) -> None:
        self._audio_info.publish(
            AudioInfo(
                channels=1,
                sample_rate=SAMPLE_RATE,
                sample_format='S16LE',
                bitrate=16 * SAMPLE_RATE,
                coding_format='wave',
            )
        )


def _message(rgb: Any, transport: str, head: Any) -> Any:
    if transport == 'compressed':
        return to_jpeg(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8), head)
    return to_image(rgb, 'rgb8', head)


def _info(prepared: Any) -> CameraInfo:
    height, width = prepared['frames'].shape[1:3]
    focal = float(prepared['focal'])
    info = CameraInfo(width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5)
    info.k = [focal, 0.0, (width - 1) / 2, 0.0, focal, (height - 1) / 2, 0.0, 0.0, 1.0]
    return info


def main() -> None:
    """Play until told to stop."""
    path, rate, transport = sys.argv[1:4]
    rclpy.init(args=sys.argv)
    try:
        with np.load(path) as prepared:
            player = Player(prepared, float(rate), transport)
        rclpy.spin(player)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RCLError:  # a message under way when the context was shut down
        if rclpy.ok():
            raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
        try_shutdown()


if __name__ == '__main__':
    main()
