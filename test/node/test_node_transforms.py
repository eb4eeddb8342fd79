"""Bearings in another frame than the camera's, with real tf2 where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped, Quaternion, TransformStamped, Vector3
from rclpy.qos import DurabilityPolicy, QoSProfile
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Image
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2DArray, Detection3DArray

from ros2_avloc.attention.bearing import angle
from ros2_avloc.node.messages import header
from ros2_avloc.node.settings import Settings
from ros2_avloc.vision.camera import Camera

pytest.importorskip('tf2_ros')

SECOND = 10**9
LAMP = (199.5, 209.5)
OPTICAL = Rotation.from_matrix([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
POSITION = (0.2, 0.0, 1.5)


def yaw(stamp):
    """Angle of the head to the left at a time: 15° to 45° and back in 8 s, which tracks can follow."""
    return np.radians(30 + 15 * np.sin(2 * np.pi * (stamp % (8 * SECOND)) / (8 * SECOND)))


def transform(parent, child, stamp, rotation, translation=(0.0, 0.0, 0.0)):
    x, y, z, w = rotation.as_quat()
    message = TransformStamped(header=header(parent, stamp), child_frame_id=child)
    message.transform.rotation = Quaternion(x=x, y=y, z=z, w=w)
    message.transform.translation = Vector3(x=translation[0], y=translation[1], z=translation[2])
    return message


def test_bearings_are_where_the_lamp_is_seen_from_the_turning_head(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime', target_frame='base_link')
    client = make_client()
    static = client.node.create_publisher(TFMessage, '/tf_static', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    moving = client.node.create_publisher(TFMessage, '/tf', 50)
    heatmaps = client.listen(Image, '/avloc/heatmap')
    sources = client.listen(Detection2DArray, '/avloc/sources')
    bearings = client.listen(PoseArray, '/avloc/bearings')
    attended = client.listen(PoseWithCovarianceStamped, '/avloc/attended')
    client.start()

    client.until(lambda: len(heatmaps) > 5 and sources[-1].detections)
    assert not bearings
    client.until(lambda: client.values('windows')['without transform'] not in ('', '0'))
    assert "There is no transform from 'camera_optical' to target_frame 'base_link'" in node.log

    static.publish(TFMessage(transforms=[transform('head', 'camera_optical', 0, OPTICAL)]))
    play = client.play

    def play_and_turn():
        now = client.now()
        moving.publish(TFMessage(transforms=[
            transform('base_link', 'head', now, Rotation.from_rotvec([0, 0, yaw(now)]), POSITION)]))
        play()

    client.play = play_and_turn
    # The lamp stands still before the camera, so it turns with the head.
    camera = Camera.from_hfov(560, 420, Settings().camera_hfov)
    ahead = OPTICAL.apply(camera.rays([LAMP])[0])
    client.until(lambda: len(attended) > 30)
    for message in attended[-10:]:
        stamp = message.header.stamp.sec * SECOND + message.header.stamp.nanosec
        assert message.header.frame_id == 'base_link'
        pose = message.pose.pose
        turn = pose.orientation
        vector = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).apply([1, 0, 0])
        truth = Rotation.from_rotvec([0, 0, yaw(stamp)]).apply(ahead)
        assert angle(vector, truth) < np.radians(8)
        assert (pose.position.x, pose.position.y, pose.position.z) == pytest.approx(POSITION)
    assert 'Traceback' not in node.log
    assert node.stop() == 0


def test_bearings_are_in_the_cameras_frame_meanwhile_if_allowed(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime', target_frame='base_link',
                      target_frame_optional=True)
    client = make_client()
    static = client.node.create_publisher(TFMessage, '/tf_static', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    tracks = client.listen(Detection3DArray, '/avloc/tracks')
    client.start()
    client.until(lambda: tracks and tracks[-1].detections)
    assert {message.header.frame_id for message in tracks} == {'camera_optical'}
    before = {detection.id for message in list(tracks) for detection in message.detections}

    static.publish(TFMessage(transforms=[transform('base_link', 'camera_optical', 0, OPTICAL, POSITION)]))
    client.until(lambda: tracks[-1].header.frame_id == 'base_link' and tracks[-1].detections)
    assert before.isdisjoint(detection.id for detection in tracks[-1].detections)
    assert node.stop() == 0
