"""A session that cannot begin leaves nothing behind."""

from __future__ import annotations

import pytest
import rclpy
from rclpy.context import Context
from tf2_msgs.msg import TFMessage

from ros2_avloc.errors import AvlocError
from ros2_avloc.node import session
from ros2_avloc.node.model import Model
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Faults, Statistics


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
