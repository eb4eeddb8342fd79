"""What a session does beside its windows, and what it leaves behind where it cannot begin."""

from __future__ import annotations

import threading
import time
from array import array

import numpy as np
import pytest
import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped
from rclpy.context import Context
from tf2_msgs.msg import TFMessage

from ros2_avloc.errors import AvlocError
from ros2_avloc.node import session
from ros2_avloc.node.images import to_image
from ros2_avloc.node.inputs import Inputs
from ros2_avloc.node.mailbox import Mail, Stream
from ros2_avloc.node.messages import header
from ros2_avloc.node.model import Model
from ros2_avloc.node.outputs import Outputs
from ros2_avloc.node.processing import Processing
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Faults, Statistics
from ros2_avloc.node.transforms import CameraPoses


class Transforms:
    """Listens as `CameraPoses` does with tf2, which is not on PyPI."""

    def __init__(self, node, target_frame, *, parameter):
        self._node = node
        self._subscription = node.create_subscription(TFMessage, 'tf', print, 1)

    def close(self):
        self._node.destroy_subscription(self._subscription)


@pytest.fixture
def node(domain):
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('session', context=context)
    yield node
    node.destroy_node()
    context.shutdown()


def test_what_was_opened_before_the_inputs_is_closed_where_they_cannot_be(node, lamp_bundle, monkeypatch):
    monkeypatch.setattr(session, 'CameraPoses', Transforms)
    settings = Settings.from_values({
        'model.bundle': str(lamp_bundle), 'model.engine': 'onnxruntime', 'audio.type': 'AudioStamped',
        'audio.array': [0.0, 0.1, 0.0, 0.0, -0.1, 0.0], 'audio.array_frame': 'head'})
    model = Model(settings)
    before = len(list(node.subscriptions))
    with pytest.raises(AvlocError, match='AudioStamped is not installed here'):
        session.Session(node, settings, model, poses=None, outputs=None,
                        statistics=Statistics(Faults(print)))
    assert len(list(node.subscriptions)) == before
    model.close()


def test_how_things_stand_is_described_when_somebody_asks_not_with_every_window(
        node, lamp_bundle, monkeypatch):
    looks, passes, enough = [], [], threading.Event()
    take = Processing.take

    def count(processing, now):
        passes.append(now)
        if len(passes) > 3:
            enough.set()
        return take(processing, now)

    monkeypatch.setattr(Inputs, 'publishers', lambda inputs, stream: looks.append(stream) or 0)
    monkeypatch.setattr(Processing, 'take', count)
    settings = Settings.from_values({'model.bundle': str(lamp_bundle), 'model.engine': 'onnxruntime'})
    model, statistics = Model(settings), Statistics(Faults(print))
    running = session.Session(node, settings, model, CameraPoses(node, ''), Outputs(node), statistics)
    assert enough.wait(30.0)
    assert not looks and not statistics.audio_format
    running.note()
    assert looks == [Stream.AUDIO_INFO]
    assert statistics.audio_format == 'S16LE, 16000 Hz, 1 channels (parameters)'
    running.close()
    model.close()


class Run:
    """A session that is fed by hand and has heard two seconds of sound, the last of it by itself."""

    CHUNK = 20_000_000

    def __init__(self, node, bundle, monkeypatch):
        self.decoded, self.results, self.faults = [], [], []
        to_frame = session.to_frame

        def decode(message):
            self.decoded.append(message)
            return to_frame(message)

        monkeypatch.setattr(session, 'to_frame', decode)
        monkeypatch.setattr(Outputs, 'publish', lambda outputs, result, *others: self.results.append(result))
        settings = Settings.from_values(
            {'model.bundle': str(bundle), 'model.engine': 'onnxruntime', 'camera.hfov': 1.0,
             'window.timeout': 30.0, 'audio.sample_rate': 48000})
        self.model = Model(settings)
        self.statistics = Statistics(Faults(self.faults.append))
        self.session = session.Session(node, settings, self.model, CameraPoses(node, ''), Outputs(node),
                                       self.statistics)
        self.heard = node.get_clock().now().nanoseconds - 2_000_000_000
        for _ in range(99):
            self.hear()
        self.until(lambda: self.kept() > 1.9)
        before = self.kept()
        self.hear()
        self.until(lambda: self.kept() > before)

    def hear(self):
        message = AudioDataStamped(header=header('microphone', self.heard),
                                   audio=AudioData(data=array('B', bytes(1920))))
        self.heard += self.CHUNK
        self.session.mailbox.put(Mail(Stream.AUDIO, message, self.heard))

    def kept(self):
        self.session.note()
        return self.statistics.timeline.seconds_kept

    def see(self, message):
        self.session.mailbox.put(Mail(Stream.IMAGE, message, self.heard))
        self.until(lambda: message in self.decoded)

    def image(self):
        return to_image(np.zeros((48, 64, 3), np.uint8), 'rgb8', header('camera', self.heard + 11_000_000))

    def until(self, there):
        end = time.monotonic() + 30.0
        while not there():
            assert time.monotonic() < end
            time.sleep(0.001)

    def close(self):
        self.session.close()
        self.model.close()


@pytest.fixture
def run(node, lamp_bundle, monkeypatch):
    run = Run(node, lamp_bundle, monkeypatch)
    yield run
    run.close()


def test_a_frame_is_decoded_once_while_its_sound_is_on_the_way(run):
    for count in (1, 2, 3):
        run.see(run.image())
        assert len(run.results) == count - 1
        run.hear()
        run.until(lambda count=count: len(run.results) == count)
        assert len(run.decoded) == count
    assert not run.faults


def test_a_damaged_frame_that_was_looked_at_is_told_of_once(run):
    damaged = run.image()
    damaged.data = damaged.data[:100]
    run.see(damaged)
    run.hear()
    run.until(lambda: run.faults)
    run.see(run.image())
    run.hear()
    run.until(lambda: run.results)
    assert len(run.faults) == 1 and len(run.decoded) == 3
