"""The simulator in its own process: what it sends is what the scene of the same seed holds."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import rclpy
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2DArray

from ros2_avloc.attention.bearing import direction
from ros2_avloc.simulation.scene import Scene

SECOND = 10**9
RATE = 10
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPICS = {
    'camera/image_raw': (Image, qos_profile_sensor_data),
    'camera/camera_info': (CameraInfo, qos_profile_sensor_data),
    'audio': (AudioDataStamped, qos_profile_sensor_data),
    'audio_info': (AudioInfo, qos_profile_sensor_data),
    'simulator/truth': (Detection2DArray, QoSProfile(depth=50)),
    'simulator/truth_bearings': (PoseArray, QoSProfile(depth=50)),
    '/tf': (TFMessage, QoSProfile(depth=50)),
    '/tf_static': (TFMessage, LATCHED),
}


def simulator(domain, *parameters, **keywords):
    given = [part for parameter in parameters for part in ('-p', parameter)]
    command = [sys.executable, '-m', 'ros2_avloc.node.simulator', '--ros-args', *given]
    return subprocess.Popen(command, env=environment(domain), **keywords)


def environment(domain):
    return os.environ | {'ROS_DOMAIN_ID': str(domain)}


def stamp_of(message):
    return message.header.stamp.sec * SECOND + message.header.stamp.nanosec


@pytest.fixture(scope='module')
def sent(domain):
    """Everything that a simulator sends in about two seconds, by topic."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('listener', context=context)
    heard = {topic: [] for topic in TOPICS}
    for topic, (kind, qos) in TOPICS.items():
        node.create_subscription(kind, topic, heard[topic].append, qos)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    process = simulator(domain, 'seed:=3', 'objects:=12', f'rate:={RATE}', 'script:=all')
    for _ in range(4000):
        if all(heard.values()) and len(heard['camera/image_raw']) >= 15:
            break
        executor.spin_once(timeout_sec=0.01)
    process.terminate()
    assert process.wait(20) == 0
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    return heard


@pytest.fixture(scope='module')
def scene():
    return Scene(3, objects=12, script='all')


@pytest.fixture(scope='module')
def start(sent, scene):
    """The ROS time at which the scene began: that which makes the first image one of its frames."""
    image = sent['camera/image_raw'][0]
    pixels = np.frombuffer(image.data, np.uint8).reshape(480, 640, 3)
    number = next(k for k in range(300) if np.array_equal(scene.frame(k / RATE), pixels))
    return stamp_of(image) - number * SECOND // RATE


def test_frames_come_at_their_rate_with_the_scenes_own_pixels(sent, scene, start):
    for image in sent['camera/image_raw'][:5]:
        t = (stamp_of(image) - start) / SECOND
        assert t * RATE == pytest.approx(round(t * RATE), abs=1e-6)
        assert (image.encoding, image.header.frame_id) == ('rgb8', 'camera_optical_frame')
        pixels = np.frombuffer(image.data, np.uint8).reshape(480, 640, 3)
        np.testing.assert_array_equal(pixels, scene.frame(round(t * RATE) / RATE))


def test_audio_is_the_scenes_at_its_stamps(sent, scene, start):
    info = sent['audio_info'][0]
    assert (info.sample_rate, info.channels, info.sample_format, info.coding_format) == (
        48_000,
        1,
        'S16LE',
        'wave',
    )
    for message in sent['audio'][:20]:
        first = round((stamp_of(message) - start) / SECOND * 48_000)
        samples = np.frombuffer(message.audio.data, '<i2') / 32767
        np.testing.assert_allclose(samples, scene.audio(first, 1024), atol=1 / 32767)


def test_truth_tells_what_is_in_view_and_what_sounds(sent, scene, start):
    for message in sent['simulator/truth'][:5]:
        seen = [truth for truth in scene.truth((stamp_of(message) - start) / SECOND) if truth.visible >= 0.25]
        assert [found.id for found in message.detections] == [truth.name for truth in seen]
        for found, truth in zip(message.detections, seen, strict=True):
            middle = found.bbox.center.position
            np.testing.assert_allclose(
                (middle.x, middle.y, found.bbox.size_x, found.bbox.size_y), truth.box, atol=1e-3
            )
            assert found.results[0].hypothesis.score == 1.0


def test_truth_bearings_point_at_what_sounds_in_view_or_not(sent, scene, start):
    message = sent['simulator/truth_bearings'][0]
    truths = scene.truth((stamp_of(message) - start) / SECOND)
    assert len(message.poses) == len(truths) == 12
    for pose, truth in zip(message.poses, truths, strict=True):
        q = pose.orientation
        np.testing.assert_allclose(direction((q.x, q.y, q.z, q.w)), truth.bearing, atol=1e-5)


def test_transforms_lead_from_the_world_to_the_optical_frame(sent, scene, start):
    [fixed] = sent['/tf_static'][0].transforms
    assert (fixed.header.frame_id, fixed.child_frame_id) == ('camera_link', 'camera_optical_frame')
    moving = sent['/tf'][0].transforms[0]
    assert (moving.header.frame_id, moving.child_frame_id) == ('world', 'camera_link')
    pose = scene.camera_pose((stamp_of(moving) - start) / SECOND)
    ahead = direction([getattr(moving.transform.rotation, axis) for axis in 'xyzw'])
    np.testing.assert_allclose(ahead, pose.rotation[:, 2], atol=1e-6)


def test_camera_info_is_the_scenes_camera(sent, scene):
    info = sent['camera/camera_info'][0]
    assert (info.width, info.height) == (640, 480)
    assert (info.k[0], info.k[2], info.k[5]) == pytest.approx((scene.camera.focal[0], *scene.camera.centre))


@pytest.mark.parametrize(
    ('parameter', 'sentence'),
    [
        ('seed:=x', "The parameter seed is 'x'; give a whole number."),
        ('objects:=dragon', "There is no kind of object named 'dragon'"),
        ('script:=nonsense', "script: 'nonsense' is neither"),
        ('rate:=0', 'The parameters rate and audio_chunk must be above 0.'),
    ],
)
def test_what_makes_no_scene_is_said_in_one_sentence(domain, parameter, sentence):
    process = simulator(domain, parameter, stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert sentence in said
    assert 'Traceback' not in said
