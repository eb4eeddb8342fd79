"""The shipped model in the node, on simulated scenes whose truth is known."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseWithCovarianceStamped
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from ros2_avloc.attention.bearing import angle
from ros2_avloc.errors import AvlocError
from ros2_avloc.node.images import to_image
from ros2_avloc.share import share_path
from ros2_avloc.simulation.scene import Scene

SECOND = 10**9
SEEDS = (5, 6, 7, 8)
"""Of scenes in which the thing that sounds stays in view."""

SETTLED, LENGTH = 1.3, 3.5
"""Seconds of a scene: until the sound of the one before has gone, and in all."""

CELL = 640 / 14


class Stage:
    """Plays scenes to a node, one after another, and keeps what was true at each stamp."""

    def __init__(self, client):
        self.client = client
        self.sounding = {}
        self._scene = None
        self._info = client.node.create_publisher(CameraInfo, 'camera_info', 5)
        client.RATE, client.FRAME = 48_000, 0.1
        client.hum, client.send_frame = self._sound, self._send_frame

    def play(self, scene):
        """Play a scene; return the stamps of its frames, once its first moment is over."""
        self._scene, self._heard, self._began = scene, 0, self.client.now()
        (fx, fy), (cx, cy) = scene.camera.focal, scene.camera.centre
        self._info.publish(CameraInfo(width=640, height=480, distortion_model='plumb_bob', d=[0.0] * 5,
                                      k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]))
        before = set(self.sounding)
        if not self.client.playing:
            self.client.start()
        self.client.until(lambda: self._seconds(self.client.now()) > LENGTH)
        return set(self.sounding) - before

    def _seconds(self, stamp):
        return max(0.0, (stamp - self._began) / SECOND)

    def _sound(self):
        count = round(self.client.RATE * self.client.CHUNK)
        samples = np.asarray(self._scene.audio(self._heard, count))
        self._heard += count
        return array('B', (samples * 32767).astype('<i2').tobytes())

    def _send_frame(self, stamp):
        t = self._seconds(stamp)
        head = Header(frame_id='eye', stamp=Time(sec=stamp // SECOND, nanosec=stamp % SECOND))
        self.client.send_image(to_image(self._scene.frame(t), 'rgb8', head))
        if t > SETTLED:
            self.sounding[stamp] = [
                seen for seen in self._scene.truth(t) if seen.sounding and seen.visible > 0.5]


def stamp_of(message):
    return message.header.stamp.sec * SECOND + message.header.stamp.nanosec


@pytest.fixture(scope='module')
def avolnet():
    try:
        return share_path('models', 'avolnet')
    except AvlocError:
        pytest.skip('models/avolnet is not here')


def within(peak, seen):
    """Whether the middle of a heatmap's best cell lies in an object's box, or half a cell beside it."""
    row, column = peak
    x, y, width, height = seen.box
    return (abs((column + 0.5) * CELL - x) <= (width + CELL) / 2
            and abs((row + 0.5) * 480 / 14 - y) <= (height + CELL) / 2)


def test_what_sounds_is_found_and_silence_is_silence(start_node, make_client, avolnet):
    node = start_node(model__bundle=avolnet, audio__sample_rate=48_000)
    client = make_client()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    attended = client.listen(PoseWithCovarianceStamped, '/avloc/attended')
    client.until(lambda: client.statuses and client.values('engine')['state'] == 'active')
    stage = Stage(client)

    right, errors = [], []
    for seed in SEEDS:
        stamps = stage.play(Scene(seed, objects=3, script='one'))
        for message in heatmaps:
            for seen in stage.sounding[stamp_of(message)] if stamp_of(message) in stamps else ():
                heatmap = np.frombuffer(message.data, np.float32).reshape(14, 14)
                right.append(within(np.unravel_index(heatmap.argmax(), heatmap.shape), seen))
        for message in attended:
            for seen in stage.sounding[stamp_of(message)] if stamp_of(message) in stamps else ():
                turn = message.pose.pose.orientation
                vector = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).apply([1, 0, 0])
                errors.append(angle(vector, seen.bearing))
    assert len(right) > 20
    assert np.mean(right) > 0.6
    assert len(errors) > 10
    assert np.median(errors) < np.radians(8)

    stamps = stage.play(Scene(SEEDS[0], objects=3, script='silence'))
    silent = {stamp for stamp in stamps if stamp > min(stamps) + SECOND // 2}
    assert silent & {stamp_of(message) for message in heatmaps}
    assert len(silent & {stamp_of(message) for message in attended}) <= 0.2 * len(silent)
    assert 'Traceback' not in node.log
