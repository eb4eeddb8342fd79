"""Nothing is made for a topic that nobody listens to."""

from __future__ import annotations

import numpy as np
import pytest
import rclpy
from rclpy.context import Context

from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.node import messages, outputs, signs
from ros2_avloc.node.markers import Markers
from ros2_avloc.node.outputs import TYPES, Outputs
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.node.settings import Settings

MAKERS = {
    'heatmap': [(messages, 'heatmap_image')],
    'overlay': [(Overlays, 'of'), (outputs, 'to_image')],
    'overlay/compressed': [(Overlays, 'of'), (outputs, 'to_jpeg')],
    'sources': [(messages, 'sources_array')],
    'tracks': [(messages, 'tracks_array')],
    'bearings': [(messages, 'bearings_array')],
    'attended': [(messages, 'attended_pose')],
    'attended_point': [(messages, 'attended_point')],
    'markers': [(Markers, 'of')],
}
SOUND = Sound(np.zeros(SOUND_SAMPLES, np.float32), SOUND_SAMPLES, 0)


@pytest.fixture
def node(domain):
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('outputs', context=context)
    yield node
    node.destroy_node()
    context.shutdown()


@pytest.fixture
def made(monkeypatch):
    """What has been made, in order; it is made all the same."""
    names = []

    def count(owner, name):
        make = getattr(owner, name)

        def counting(*args, **named):
            names.append((owner, name))
            return make(*args, **named)

        monkeypatch.setattr(owner, name, counting)

    for owner, name in dict.fromkeys(maker for makers in MAKERS.values() for maker in makers):
        count(owner, name)
    return names


@pytest.fixture(scope='module')
def result():
    return signs.result(signs.scene(), silent=False)


def test_without_listeners_nothing_is_made(node, made, result):
    Outputs(node).publish(result[0], SOUND, result[1], Settings())
    assert not made


@pytest.mark.parametrize('topic', TYPES)
def test_who_listens_to_one_topic_gets_that_and_nothing_else_is_made(node, make_client, made, result, topic):
    published, client = Outputs(node), make_client()
    heard = client.listen(TYPES[topic], f'/outputs/{topic}')
    client.until(lambda: published._wanted(topic))
    published.publish(result[0], SOUND, result[1], Settings())
    assert made == MAKERS[topic]
    client.until(lambda: heard)
