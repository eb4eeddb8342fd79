"""Diagnostics as diagnostic_updater publishes them, by it and by what stands in for it."""

from __future__ import annotations

import math

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.parameter import Parameter

from ros2_avloc.errors import AvlocError
from ros2_avloc.node.updater import StandIn, start_updater


@pytest.fixture(params=['stand-in', 'diagnostic_updater'])
def kind(request):
    if request.param == 'stand-in':
        return StandIn
    return pytest.importorskip('diagnostic_updater').Updater


def tells(level, message):
    """Return a task that always tells the same."""
    def task(status):
        status.level, status.message = level, message
        status.values = [KeyValue(key='cause', value=message)]
        return status
    return task


TASKS = {'engine': tells(DiagnosticStatus.OK, 'It runs.'), 'audio': tells(DiagnosticStatus.STALE, 'Silence.')}


def arrays(client, kind, **parameters):
    """Return what a node ``head/avloc`` publishes when it starts and is then asked once."""
    heard = client.listen(DiagnosticArray, '/diagnostics')
    overrides = [Parameter(f'diagnostic_updater.{name}', value=value) for name, value in parameters.items()]
    node = rclpy.create_node('avloc', namespace='head', context=client.context, parameter_overrides=overrides)
    try:
        updater = start_updater(node, {}, kind)
        client.until(lambda: updater_is_heard(node))
        for number, (part, task) in enumerate(TASKS.items(), start=1):
            updater.add(part, task)
            client.until(lambda number=number: len(heard) == number)
        updater.update()
        client.until(lambda: len(heard) == len(TASKS) + 1)
        return heard
    finally:
        node.destroy_node()


def updater_is_heard(node):
    return sum(publisher.get_subscription_count() for publisher in node.publishers
               if publisher.topic_name == '/diagnostics') == 2


def test_it_says_that_it_starts_and_then_how_every_part_is(make_client, kind):
    *starting, array = arrays(make_client(), kind)
    assert [status for start in starting for status in start.status] == [
        DiagnosticStatus(name='avloc: engine', message='Node starting up'),
        DiagnosticStatus(name='avloc: audio', message='Node starting up')]
    assert array.status == [
        DiagnosticStatus(name='avloc: engine', level=DiagnosticStatus.OK, message='It runs.',
                         hardware_id='head/avloc', values=[KeyValue(key='cause', value='It runs.')]),
        DiagnosticStatus(name='avloc: audio', level=DiagnosticStatus.STALE, message='Silence.',
                         hardware_id='head/avloc', values=[KeyValue(key='cause', value='Silence.')])]
    stamps = [one.header.stamp.sec * 10**9 + one.header.stamp.nanosec for one in (*starting, array)]
    assert 0 < stamps[0] <= stamps[1] <= stamps[2]


def test_names_bear_the_namespace_where_that_is_asked_for(make_client, kind):
    *_, array = arrays(make_client(), kind, use_fqn=True)
    assert [status.name for status in array.status] == ['/head/avloc: engine', '/head/avloc: audio']


def test_the_period_is_a_parameter(start_node, make_client):
    """At once a second, 60 would not come before the client gives up."""
    start_node(diagnostic_updater__period=0.05, autostart=False)
    client = make_client()
    heard = client.listen(DiagnosticArray, '/diagnostics')
    client.until(lambda: len(heard) > 60)


def test_diagnostics_come_while_simulated_time_stands_still(start_node, make_client):
    start_node(use_sim_time=True, autostart=False)
    client = make_client()
    client.until(lambda: client.statuses)
    assert client.statuses['engine'].level == DiagnosticStatus.STALE


def test_a_period_of_the_wrong_type_ends_the_process_with_a_sentence(start_node):
    node = start_node(diagnostic_updater__period=2)
    assert node.wait() == 1
    assert "'diagnostic_updater.period'" in node.log
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('period', [0.0, -1.0, math.nan, math.inf])
def test_a_period_that_cannot_be_is_refused_in_a_sentence(make_client, kind, period):
    with pytest.raises(AvlocError, match=r'diagnostic_updater\.period lies between 0\.01 and 3600 seconds'):
        arrays(make_client(), kind, period=period)


def test_a_period_of_0_ends_the_process_with_that_sentence(start_node):
    node = start_node(diagnostic_updater__period=0.0)
    assert node.wait() == 1
    assert node.log.count('diagnostic_updater.period lies between') == 1
    assert 'Traceback' not in node.log
