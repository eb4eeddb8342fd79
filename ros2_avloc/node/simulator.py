"""The simulator: a camera and a microphone in a world whose truth is known."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from geometry_msgs.msg import Pose, PoseArray, Quaternion, Transform, TransformStamped, Twist, Vector3
from numpy.typing import NDArray
from rcl_interfaces.msg import ParameterDescriptor
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import ok, try_shutdown
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesis, ObjectHypothesisWithPose

from ros2_avloc.attention.bearing import orientation
from ros2_avloc.audio.array import Array
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.errors import AvlocError, InputError
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.images import to_image
from ros2_avloc.node.interrupts import hold_interrupts
from ros2_avloc.node.messages import header
from ros2_avloc.node.process import settle
from ros2_avloc.simulation.drive import Drive
from ros2_avloc.simulation.faults import Faults
from ros2_avloc.simulation.pose import optical_to_world
from ros2_avloc.simulation.scene import Scene, SceneTruth, Setup

WORLD_FRAME, LINK_FRAME, OPTICAL_FRAME = 'world', 'camera_link', 'camera_optical_frame'
OPTICAL_TO_LINK = optical_to_world(yaw=0.0, pitch=0.0)
"""Turns vectors of the optical frame (z forward) into the body frame (x forward), REP-103."""

PLAIN_SIGHT = 0.25
"""Share of an object that must be seen for the truth to list it."""

INFO_PERIOD = 1.0
"""Seconds between two messages that say how to read the audio; audio_capture repeats them too."""

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RELIABLE = QoSProfile(depth=10)

PARAMETERS: tuple[tuple[str, Any, str], ...] = (
    ('seed', 1, 'Fixes what is where, how it looks and sounds, and when.'),
    ('rate', 15.0, 'Frames per second.'),
    ('width', 640, 'Of the frames, pixels.'),
    ('height', 480, 'Of the frames, pixels.'),
    ('objects', '12', 'How many things there are, or their kinds with commas between.'),
    ('script', 'turns', 'What sounds when: turns, one, all, silence, or events: "bell 0 3.5; wind 5 8".'),
    ('audio_chunk', 1024, 'Samples in an audio message.'),
    ('array', '', 'Microphones on camera_link, x, y and z in metres of each; empty: a single one.'),
    ('rt60', 0.3, 'Reverberation of the room that an array stands in, seconds.'),
    ('turned_by', 'itself', 'What turns the camera: itself (it looks round), or cmd_vel.'),
    ('faults.jitter', 0.0, 'Audio stamps are off by up to so many seconds, at random.'),
    ('faults.loss', 0.0, 'Share of the audio messages and of the frames that are not sent.'),
    ('faults.drift', 0.0, 'The sound card runs fast by so many parts in a million.'),
    ('faults.skew', 0.0, 'Audio stamps are late by so many seconds.'),
)


class Simulator(Node):
    """Publishes what a camera and a microphone in a `Scene` take in, and the truth beside it.

    Raises
    ------
    AvlocError
        When the parameters make no scene.
    """

    def __init__(self) -> None:
        super().__init__('simulator')
        given = {
            name: self._parameter(name, default, description)
            for name, default, description in PARAMETERS
        }
        if given['rate'] <= 0 or given['audio_chunk'] <= 0:
            raise InputError('The parameters rate and audio_chunk must be above 0.')
        if given['turned_by'] not in ('itself', 'cmd_vel'):
            raise InputError(f'The parameter turned_by is {given["turned_by"]!r}; give itself or cmd_vel.')
        self._drive = Drive() if given['turned_by'] == 'cmd_vel' else None
        self._rate, self._chunk = given['rate'], given['audio_chunk']
        self._faults = Faults(
            **{name: given[f'faults.{name}'] for name in ('jitter', 'loss', 'drift', 'skew')}
        )
        self._chance = np.random.default_rng(given['seed'])
        self._scene = Scene(
            given['seed'],
            objects=_objects(given['objects']),
            width=given['width'],
            height=given['height'],
            script=given['script'],
            setup=_setup(given['array'], given['rt60'], self._yaw),
        )
        self._microphones = len(_numbers(given['array'])) // 3 or 1
        self._create_publishers()
        self._frames, self._chunks = 0, 0
        self._start = 0
        if self._drive is not None:
            self.create_subscription(Twist, 'cmd_vel', self._on_cmd_vel, 1)
        self.create_timer(1.0 / self._rate, self._send_frames)
        self.create_timer(self._chunk / self._faults.card_rate, self._send_audio)
        self.create_timer(INFO_PERIOD, self._send_audio_info)

    def _parameter(self, name: str, default: Any, description: str) -> Any:
        """Declare a parameter and return its value, where `6` may stand for `6.0` or for `'6'`."""
        fixed = ParameterDescriptor(description=description, read_only=True, dynamic_typing=True)
        value = self.declare_parameter(name, default, fixed).value
        try:
            return type(default)(value)
        except (TypeError, ValueError):
            kind = {int: 'a whole number', float: 'a number', str: 'a text'}[type(default)]
            raise InputError(f'The parameter {name} is {value!r}; give {kind}.') from None

    def _create_publishers(self) -> None:
        self._image = self.create_publisher(Image, 'camera/image_raw', RELIABLE)
        self._camera_info = self.create_publisher(CameraInfo, 'camera/camera_info', RELIABLE)
        self._audio = self.create_publisher(AudioDataStamped, 'audio', RELIABLE)
        self._audio_info = self.create_publisher(AudioInfo, 'audio_info', RELIABLE)
        self._transforms = self.create_publisher(TFMessage, '/tf', RELIABLE)
        self._fixed_transforms = self.create_publisher(TFMessage, '/tf_static', LATCHED)
        self._truth = self.create_publisher(Detection2DArray, '~/truth', RELIABLE)
        self._truth_bearings = self.create_publisher(PoseArray, '~/truth_bearings', RELIABLE)
        link = _transform(LINK_FRAME, OPTICAL_FRAME, 0, OPTICAL_TO_LINK, np.zeros(3))
        self._fixed_transforms.publish(TFMessage(transforms=[link]))

    def _elapsed(self) -> int:
        """Return the ns since the first time that there was: ``/clock`` may come late."""
        now = self.get_clock().now().nanoseconds
        self._start = self._start or now
        return now - self._start

    def _on_cmd_vel(self, message: Twist) -> None:
        if self._drive is not None and np.isfinite(message.angular.z):
            self._drive.command(self._elapsed() / SECOND, message.angular.z)

    def _send_frames(self) -> None:
        """Send the newest frame that is due; one that was missed is not made up for."""
        due = int(self._elapsed() * self._rate / SECOND)
        if due <= self._frames:
            return
        self._frames = due
        t = due / self._rate
        stamp = self._start + round(t * SECOND)
        yaw = self._yaw(t)
        self._send_place(t, yaw, stamp)
        self._send_truth(t, yaw, stamp)
        if not self._faults.lose(self._chance):
            pixels = self._scene.frame(t, yaw)
            self._image.publish(to_image(pixels, 'rgb8', header(OPTICAL_FRAME, stamp)))
            self._camera_info.publish(self._calibration(stamp))

    def _yaw(self, t: float) -> float | None:
        return None if self._drive is None else self._drive.yaw(t)

    def _send_place(self, t: float, yaw: float | None, stamp: int) -> None:
        pose = self._scene.camera_pose(t, yaw)
        rotation = pose.rotation @ OPTICAL_TO_LINK.T
        link = _transform(WORLD_FRAME, LINK_FRAME, stamp, rotation, pose.position)
        self._transforms.publish(TFMessage(transforms=[link]))

    def _send_truth(self, t: float, yaw: float | None, stamp: int) -> None:
        given = header(OPTICAL_FRAME, stamp)
        truths = self._scene.truth(t, yaw)
        seen = [_detection(truth, given) for truth in truths if truth.visible >= PLAIN_SIGHT]
        self._truth.publish(Detection2DArray(header=given, detections=seen))
        heard = (orientation(truth.bearing) for truth in truths if truth.sounding)
        poses = [Pose(orientation=_quaternion(quaternion)) for quaternion in heard]
        self._truth_bearings.publish(PoseArray(header=given, poses=poses))

    def _calibration(self, stamp: int) -> CameraInfo:
        camera = self._scene.camera
        (fx, fy), (cx, cy) = camera.focal, camera.centre
        info = CameraInfo(
            header=header(OPTICAL_FRAME, stamp),
            width=camera.width,
            height=camera.height,
            distortion_model='plumb_bob',
            d=[0.0] * 5,
        )
        info.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
        info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        info.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
        return info

    def _send_audio_info(self) -> None:
        self._audio_info.publish(
            AudioInfo(
                channels=self._microphones,
                sample_rate=SAMPLE_RATE,
                sample_format='S16LE',
                bitrate=SAMPLE_RATE * 16 * self._microphones,
                coding_format='wave',
            )
        )

    def _send_audio(self) -> None:
        """Send the chunks that the sound card has filled by now."""
        filled = int(self._elapsed() * self._faults.card_rate / SECOND) // self._chunk
        while self._chunks < filled:
            seconds = self._chunks * self._chunk / self._faults.card_rate
            self._chunks += 1
            if self._faults.lose(self._chance):
                continue
            samples = self._scene.audio(round(seconds * SAMPLE_RATE), self._chunk)
            stamp = self._start + round(seconds * SECOND) + self._faults.stamp_error(self._chance)
            self._audio.publish(
                AudioDataStamped(header=header(OPTICAL_FRAME, stamp), audio=AudioData(data=_pcm(samples)))
            )


def _objects(text: str) -> int | list[str]:
    """Read the parameter `objects`: a number, or kinds with commas between."""
    return int(text) if text.strip().isdecimal() else [kind.strip() for kind in text.split(',')]


def _numbers(text: str) -> list[float]:
    """Read the parameter `array`: a list of numbers, or a text with commas or spaces between."""
    try:
        return [float(word) for word in text.strip('[]').replace(',', ' ').split()]
    except ValueError:
        raise InputError(f'The parameter array is {text!r}; give three numbers per microphone.') from None


def _setup(array: str, rt60: float, yaw: Callable[[float], float | None]) -> Setup | None:
    numbers = _numbers(array)
    return Setup(Array.from_flat(numbers).positions, rt60, yaw) if numbers else None


def _pcm(samples: NDArray[np.float32]) -> array[int]:
    """Make S16LE bytes of float samples."""
    data = array('B')
    data.frombytes(np.clip(samples * 32767.0, -32768.0, 32767.0).astype('<i2').tobytes())
    return data


def _quaternion(xyzw: NDArray[np.float64]) -> Quaternion:
    x, y, z, w = map(float, xyzw)
    return Quaternion(x=x, y=y, z=z, w=w)


def _transform(
    parent: str, child: str, stamp: int, rotation: NDArray[np.float64], position: NDArray[np.float64]
) -> TransformStamped:
    x, y, z = map(float, position)
    turned = _quaternion(Rotation.from_matrix(rotation).as_quat())
    transform = Transform(translation=Vector3(x=x, y=y, z=z), rotation=turned)
    return TransformStamped(header=header(parent, stamp), child_frame_id=child, transform=transform)


def _detection(truth: SceneTruth, given: Any) -> Detection2D:
    """Describe an object in view: its name, its box, and score 1 while it sounds, else 0."""
    hypothesis = ObjectHypothesis(class_id=truth.kind, score=1.0 if truth.sounding else 0.0)
    found = Detection2D(
        header=given, id=truth.name, results=[ObjectHypothesisWithPose(hypothesis=hypothesis)]
    )
    x, y, width, height = truth.box
    found.bbox.center.position.x, found.bbox.center.position.y = float(x), float(y)
    found.bbox.size_x, found.bbox.size_y = float(width), float(height)
    return found


def main() -> None:
    """Run the node until it is told to stop."""
    settle()
    hold_interrupts()
    rclpy.init()
    try:
        rclpy.spin(Simulator())
    except AvlocError as error:
        sys.exit(str(error))
    except ExternalShutdownException:
        pass
    except RCLError:  # a message under way when the context was shut down
        if ok():
            raise
    finally:
        try_shutdown()


if __name__ == '__main__':
    main()
