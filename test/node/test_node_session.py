"""What a session does beside its windows, and what it leaves behind where it cannot begin."""

from __future__ import annotations

import threading

import pytest
import rclpy
from rclpy.context import Context
from tf2_msgs.msg import TFMessage

from ros2_avloc.errors import AvlocError
from ros2_avloc.node import session
from ros2_avloc.node.inputs import Inputs
from ros2_avloc.node.mailbox import Stream
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
