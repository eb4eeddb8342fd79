"""What a node answers while its engine is built, which may take minutes."""

from __future__ import annotations

import signal

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

pytest.importorskip('onnx')

CONFIGURE, SHUTDOWN = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN


class Build:
    """A node that builds, and goes on building until `finish`."""

    def __init__(self, start_node, make_client, bundle, directory, **parameters):
        self._done = directory / 'done'
        self.node = start_node(program=['test/doubles/slow_node.py', str(self._done)], model__bundle=bundle,
                               model__precision='fp32', model__cache_dir=directory / 'plans', **parameters)
        self.client = make_client()

    def finish(self):
        self._done.touch()

    @property
    def state(self):
        return self.client.call(GetState, '/avloc/get_state').current_state.id

    def change(self, transition):
        return self.client.call(ChangeState, '/avloc/change_state', transition=Transition(id=transition))

    def set(self, name, **value):
        changed = Parameter(name=name, value=ParameterValue(**value))
        return self.client.call(SetParameters, '/avloc/set_parameters', parameters=[changed]).results[0]

    def until_it_builds(self):
        self.client.until(lambda: self.state == State.TRANSITION_STATE_CONFIGURING)
        self.client.until(lambda: 'TensorRT builds the vision graph' in self.node.log)


@pytest.fixture
def build(start_node, make_client, lamp_bundle, tmp_path):
    return lambda **parameters: Build(start_node, make_client, lamp_bundle, tmp_path, **parameters)


def test_while_it_builds_the_node_says_so_and_answers(build):
    slow = build()
    slow.until_it_builds()
    told = slow.client.listen(DiagnosticArray, '/diagnostics')
    sentence = 'TensorRT builds the vision graph in fp32: Building 0 of 2'
    slow.client.until(lambda: sum(status.message == sentence and status.level == DiagnosticStatus.WARN
                                  for array in told for status in array.status) >= 2)
    changed = slow.set('sources.threshold', type=ParameterType.PARAMETER_DOUBLE, double_value=0.3)
    assert changed.successful
    changed = slow.set('model.bundle', type=ParameterType.PARAMETER_STRING, string_value='/nowhere')
    assert 'while the node is unconfigured' in changed.reason
    for transition in (CONFIGURE, Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_ON_CONFIGURE_SUCCESS):
        assert not slow.change(transition).success
    assert slow.state == State.TRANSITION_STATE_CONFIGURING
    slow.finish()
    slow.client.until(lambda: slow.state == State.PRIMARY_STATE_ACTIVE)
    slow.client.until(lambda: slow.client.statuses['engine'].level == DiagnosticStatus.OK)
    assert slow.client.statuses['engine'].message.startswith('tensorrt in fp32 on Played GPU')
    assert slow.node.stop() == 0


def test_a_shutdown_ends_a_build_that_was_asked_for_and_can_be_repeated(build):
    slow = build(autostart=False)
    client = slow.client
    client.until(lambda: slow.state == State.PRIMARY_STATE_UNCONFIGURED)
    service = client.service(ChangeState, '/avloc/change_state')
    configured = service.call_async(ChangeState.Request(transition=Transition(id=CONFIGURE)))
    slow.until_it_builds()
    assert not slow.change(SHUTDOWN).success
    client.until(configured.done)
    assert not configured.result().success
    assert slow.state == State.PRIMARY_STATE_UNCONFIGURED
    assert 'Failed to configure: Opening tensorrt was cancelled.' in slow.node.log
    assert slow.change(SHUTDOWN).success
    assert slow.state == State.PRIMARY_STATE_FINALIZED
    assert slow.node.stop() == 0
    assert 'Traceback' not in slow.node.log


@pytest.mark.parametrize('autostart', [True, False])
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_build(build, how, autostart):
    slow = build(autostart=autostart)
    if not autostart:
        service = slow.client.service(ChangeState, '/avloc/change_state')
        service.call_async(ChangeState.Request(transition=Transition(id=CONFIGURE)))
    slow.until_it_builds()
    assert slow.node.stop(how) == 0
    assert 'Traceback' not in slow.node.log
    assert 'ERROR' not in slow.node.log
