"""The lifecycle: transitions, their failures, and the end of the process in any state."""

from __future__ import annotations

import importlib.util
import signal

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = (
    Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE)


class Remote:
    """The node as a lifecycle manager sees it."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        client.service(ChangeState, f'{name}/change_state')
        assert self.state  # from here on node and client have met: no answer gets lost

    def change(self, transition):
        return self.client.call(ChangeState, f'{self.name}/change_state',
                                transition=Transition(id=transition)).success

    @property
    def state(self):
        return self.client.call(GetState, f'{self.name}/get_state').current_state.id

    def reaches(self, state, node, sentence):
        """Wait until the node, which starts by itself, has said why it got no further."""
        self.client.until(lambda: sentence in node.log and self.state == state)

    def set(self, parameter, text):
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(text))
        return self.client.call(SetParameters, f'{self.name}/set_parameters',
                                parameters=[ParameterMsg(name=parameter, value=value)]).results[0]


def test_from_failure_to_work_and_back_in_a_namespace(start_node, make_client, lamp_bundle):
    node = start_node('-r', '__ns:=/head', '-r', 'image:=/eye/image', '-r', 'audio:=/ear/audio',
                      autostart=False, model__bundle='/nowhere/at/all', model__engine='onnxruntime')
    client = make_client(image='/eye/image', audio='/ear/audio')
    remote = Remote(client, '/head/avloc')
    assert remote.state == State.PRIMARY_STATE_UNCONFIGURED
    client.until(lambda: client.statuses and client.statuses['engine'].level == DiagnosticStatus.STALE)

    assert not remote.change(CONFIGURE)
    assert remote.state == State.PRIMARY_STATE_UNCONFIGURED
    sentence = 'Failed to configure: /nowhere/at/all/bundle.json cannot be read'
    assert node.log.count(sentence) == 1
    client.until(lambda: client.statuses['engine'].level == DiagnosticStatus.ERROR)
    assert client.statuses['engine'].message.startswith(sentence)

    assert remote.set('model.bundle', lamp_bundle).successful
    assert remote.change(CONFIGURE)
    assert remote.state == State.PRIMARY_STATE_INACTIVE
    assert 'while the node is unconfigured' in remote.set('model.bundle', '/nowhere').reason
    client.until(lambda: client.statuses['engine'].level == DiagnosticStatus.OK)
    client.until(lambda: client.statuses['camera'].level == DiagnosticStatus.STALE)
    assert client.node.count_subscribers('/eye/image') == 0

    heatmaps = client.listen(Image, '/head/avloc/heatmap')
    client.start()
    for _ in range(2):
        assert remote.change(ACTIVATE)
        assert remote.state == State.PRIMARY_STATE_ACTIVE
        client.until(lambda: heatmaps)
        assert remote.change(DEACTIVATE)
        client.until(lambda: client.node.count_subscribers('/eye/image') == 0)
        heatmaps.clear()
    assert remote.change(CLEANUP)
    assert remote.state == State.PRIMARY_STATE_UNCONFIGURED
    client.until(lambda: client.node.count_publishers('/head/avloc/heatmap') == 0)
    assert not heatmaps
    assert 'Traceback' not in node.log
    assert node.stop(signal.SIGTERM) == 0


def test_an_active_node_shuts_down_when_told_and_ends_when_interrupted(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    remote = Remote(client, '/avloc')
    client.start()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    client.until(lambda: heatmaps)
    assert remote.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert remote.state == State.PRIMARY_STATE_FINALIZED
    client.until(lambda: client.node.count_subscribers('/image') == 0)
    assert node.stop(signal.SIGINT) == 0
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_an_active_node_ends_cleanly_in_the_midst_of_work(start_node, make_client, lamp_bundle, how):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    client.start()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    client.until(lambda: heatmaps)
    assert node.stop(how) == 0
    assert 'Traceback' not in node.log
    assert 'ERROR' not in node.log


def test_a_second_interrupt_while_it_ends_changes_nothing(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime')
    client = make_client()
    client.start()
    heatmaps = client.listen(Image, '/avloc/heatmap')
    client.until(lambda: heatmaps)
    node.send(signal.SIGINT)
    assert node.stop(signal.SIGINT) == 0
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_just_starting_ends_cleanly(start_node, make_client, lamp_bundle, how):
    client = make_client()
    node = start_node(model__bundle=lamp_bundle)
    client.until(lambda: 'avloc' in client.node.get_node_names())
    assert node.stop(how) == 0
    assert 'Traceback' not in node.log
    assert 'ERROR' not in node.log


def test_a_failed_autostart_leaves_a_node_that_can_be_helped(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle='nonesuch', model__engine='onnxruntime')
    client = make_client()
    remote = Remote(client, '/avloc')
    sentence = 'Failed to configure: models/nonesuch is not part of this installation'
    remote.reaches(State.PRIMARY_STATE_UNCONFIGURED, node, sentence)
    assert node.log.count(sentence) == 1
    assert remote.set('model.bundle', lamp_bundle).successful
    assert remote.change(CONFIGURE)
    assert remote.change(ACTIVATE)
    assert node.stop() == 0


def test_a_transition_that_is_not_possible_is_refused_and_changes_nothing(
        start_node, make_client, lamp_bundle):
    node = start_node(autostart=False, model__bundle=lamp_bundle, model__engine='onnxruntime')
    remote = Remote(make_client(), '/avloc')
    assert not remote.change(ACTIVATE)
    assert remote.state == State.PRIMARY_STATE_UNCONFIGURED
    assert f'The transition {ACTIVATE} was asked for, which is not possible while the node is' in node.log
    assert remote.change(CONFIGURE)
    assert not remote.change(CONFIGURE)
    assert remote.state == State.PRIMARY_STATE_INACTIVE
    assert node.stop() == 0


@pytest.mark.parametrize(('name', 'value', 'sentence'), [
    ('window__max_rate', '10', 'window.max_rate must be a number with a decimal point'),
    ('sources__threshold', '2.0', 'sources.threshold lies between 0 and 1'),
    ('window__alignment', 'left', "window.alignment cannot be 'left'"),
])
def test_a_wrong_parameter_at_the_start_ends_the_process_with_a_sentence(start_node, name, value, sentence):
    node = start_node(**{name: value})
    assert node.wait() == 1
    assert sentence in node.log
    assert 'Traceback' not in node.log


@pytest.mark.skipif(importlib.util.find_spec('tf2_ros') is not None, reason='tf2_ros is installed')
def test_a_target_frame_without_tf2_fails_with_what_to_install(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, model__engine='onnxruntime', target_frame='base_link')
    remote = Remote(make_client(), '/avloc')
    remote.reaches(State.PRIMARY_STATE_UNCONFIGURED, node,
                   'Failed to configure: target_frame needs tf2_ros, which is not installed')
    assert node.stop() == 0


def test_a_qos_override_that_cannot_be_fails_to_activate(start_node, make_client, lamp_bundle):
    node = start_node('-p', 'qos_overrides./image.subscription.reliability:=perhaps',
                      model__bundle=lamp_bundle, model__engine='onnxruntime')
    remote = Remote(make_client(), '/avloc')
    remote.reaches(State.PRIMARY_STATE_INACTIVE, node,
                   'Failed to activate: The topic /image cannot be subscribed to')
    assert 'Traceback' not in node.log
    assert node.stop() == 0
