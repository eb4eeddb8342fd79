"""The page for controllers: its programs run, its tree is well-formed, and what it names exists."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from geometry_msgs.msg import PointStamped, PoseStamped, PoseWithCovarianceStamped
from rclpy.action import ActionServer
from rclpy.task import Future
from std_msgs.msg import Float64MultiArray

from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.messages import header
from ros2_avloc.node.outputs import TYPES
from ros2_avloc.node.settings import Settings, entries

SECOND = 10**9
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'for-controllers.md').read_text(encoding='utf-8')
LOOK_AT, SPIN, GOALS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)


def fill(message, values):
    """Set fields as ``ros2 action send_goal`` does."""
    for name, value in values.items():
        if isinstance(value, dict):
            fill(getattr(message, name), value)
        else:
            setattr(message, name, value)


def passed(client, seconds):
    """Let so much time pass, and play."""
    end = client.now() + round(seconds * SECOND)
    client.until(lambda: client.now() > end)


@pytest.fixture
def run_program(domain, tmp_path):
    """Start a program of the page; it must end well when interrupted."""
    processes = []

    def run(program):
        path = tmp_path / 'program.py'
        path.write_text(program, encoding='utf-8')
        environment = os.environ | {'ROS_DOMAIN_ID': str(domain)}
        processes.append(subprocess.Popen([sys.executable, str(path)], env=environment))

    yield run
    for process in processes:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def attended(stamp, yaw, deviation=0.05):
    message = PoseWithCovarianceStamped(header=header('base_link', stamp))
    message.pose.pose.orientation.z, message.pose.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    message.pose.covariance[35] = deviation**2
    return message


def test_the_look_at_controller_looks_and_looks_away(run_program, make_client):
    run_program(LOOK_AT)
    client = make_client()
    angles = client.listen(Float64MultiArray, '/head_controller/commands')
    publisher = client.node.create_publisher(PoseWithCovarianceStamped, '/avloc/attended', 1)
    client.playing, client.play = True, lambda: publisher.publish(attended(client.now(), 0.7))
    client.until(lambda: angles and angles[-1].data[0] == pytest.approx(0.7))
    client.play = lambda: publisher.publish(attended(client.now(), -0.7, deviation=0.5))
    client.until(lambda: angles[-1].data[0] == 0.0)
    assert min(angle.data[0] for angle in angles) == 0.0


def test_the_goal_is_there_and_faces_it(run_program, make_client):
    run_program(GOALS)
    client = make_client()
    goals = client.listen(PoseStamped, '/goal_update')
    bearing = client.node.create_publisher(PoseWithCovarianceStamped, '/avloc/attended', 1)
    place = client.node.create_publisher(PointStamped, '/avloc/attended_point', 1)

    def play():
        point = PointStamped(header=header('map', client.now()))
        point.point.x, point.point.y, point.point.z = 1.0, 2.0, 1.2
        bearing.publish(attended(client.now(), 1.1))
        place.publish(point)

    client.playing, client.play = True, play
    client.until(lambda: goals and goals[-1].pose.orientation.z == pytest.approx(math.sin(0.55)))
    goal = goals[-1]
    assert goal.header.frame_id == 'map'
    assert (goal.pose.position.x, goal.pose.position.y, goal.pose.position.z) == (1.0, 2.0, 0.0)


def test_one_turn_ends_before_the_next_is_asked_for(run_program, make_client):
    action = pytest.importorskip('nav2_msgs.action')
    client = make_client()
    turns, ended = [], Future()

    async def turn(handle):
        turns.append(handle.request.target_yaw)
        await ended
        handle.succeed()
        return action.Spin.Result()

    server = ActionServer(client.node, action.Spin, 'spin', turn)
    run_program(SPIN)
    publisher = client.node.create_publisher(PoseWithCovarianceStamped, '/avloc/attended', 1)
    yaw = 0.1
    client.playing, client.play = True, lambda: publisher.publish(attended(client.now(), yaw))
    client.until(publisher.get_subscription_count)
    passed(client, 1.0)
    assert not turns
    yaw = -0.7
    client.until(lambda: turns)
    passed(client, 1.0)
    assert turns == pytest.approx([-0.7])
    ended.set_result(None)
    client.until(lambda: len(turns) > 1)
    server.destroy()


def test_the_mux_lets_nav2_win_and_the_follower_be_heard():
    [text] = re.findall(r'```yaml\n(.*?)```', PAGE, re.DOTALL)
    topics = yaml.safe_load(text)['twist_mux']['ros__parameters']['topics']
    assert topics['drive']['priority'] > topics['follow']['priority']
    assert f'cmd_vel:={topics["follow"]["topic"]} ' in PAGE
    assert all(topic['timeout'] > 1 / FollowerSettings().rate for topic in topics.values())


def test_the_action_that_starts_the_tree_is_one():
    [goal] = re.findall(r'nav2_msgs/action/NavigateToPose "(.*)"', PAGE)
    given = yaml.safe_load(goal)
    assert set(given) == {'behavior_tree', 'pose'} and given['behavior_tree'].endswith('.xml')
    fill(PoseStamped(), given['pose'])


def test_the_tree_is_well_formed_and_every_entry_is_written_before_it_is_read():
    [text] = re.findall(r'```xml\n(.*?)```', PAGE, re.DOTALL)
    tree = ElementTree.fromstring(text)
    assert tree.get('main_tree_to_execute') == tree.find('BehaviorTree').get('ID')
    written = {'{goal}'}
    for leaf in tree.iter():
        for port, entry in leaf.attrib.items():
            if entry.startswith('{'):
                if port.startswith('output') or (leaf.tag, port) == ('ComputePathToPose', 'path'):
                    written.add(entry)
                else:
                    assert entry in written, (leaf.tag, port)


def test_topics_parameters_and_arguments_exist():
    assert set(re.findall(r'`~/([\w/]+)`', PAGE)) <= set(TYPES)
    assert set(re.findall(r"'avloc/(\w+)'", PAGE)) <= set(TYPES)
    names = {entry.name for table in (Settings, FollowerSettings) for entry in entries(table)}
    launch = ''.join((ROOT / 'launch' / f'{name}.launch.py').read_text() for name in ('follow', 'avloc'))
    for name in re.findall(r'(?<!-r) (\w+):=', PAGE):
        assert f"'{name}'" in launch, name
    for name in ('timeout', 'rate', 'max_uncertainty', 'enable_stamped_cmd_vel', 'dead_band',
                 'attention.distance', 'base_frame', 'target_frame', 'max_speed', 'max_acceleration'):
        assert f'`{name}`' in PAGE or f'{name}:=' in PAGE
        assert name in names
