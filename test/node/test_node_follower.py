"""The follower in its own process, over DDS: what it publishes, and when it is silent."""

from __future__ import annotations

import importlib.util
import math
import signal

import numpy as np
import pytest
from geometry_msgs.msg import (
    PoseWithCovarianceStamped,
    Quaternion,
    Transform,
    TransformStamped,
    Twist,
    TwistStamped,
)
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory
from vision_msgs.msg import Detection2DArray

from ros2_avloc.attention.bearing import axes, orientation
from ros2_avloc.following.course import PLANNED
from ros2_avloc.following.sighting import OPTICAL_TO_BODY
from ros2_avloc.node.follower_settings import FollowerSettings
from ros2_avloc.node.messages import header

SECOND = 10**9
TF2 = importlib.util.find_spec('tf2_ros') is not None


class Voice:
    """Says what the camera's frame is and where the attended track is, for as long as the client plays."""

    FRAME = SECOND // 15

    def __init__(self, client, azimuth, *, elevation=0.0, spread=0.02, optical=True):
        self.client, self.spread, self.optical = client, spread, optical
        level = math.cos(elevation)
        self.body = np.array((level * math.cos(azimuth), level * math.sin(azimuth), math.sin(elevation)))
        self.sources = client.node.create_publisher(Detection2DArray, '/avloc/sources', 5)
        self.publisher = client.node.create_publisher(PoseWithCovarianceStamped, '/avloc/attended', 5)
        self.also = lambda stamp: None
        self._next = 0
        client.play, client.playing = self._play, True

    def _play(self):
        now = self.client.now()
        if now >= self._next:
            self._next = now + self.FRAME
            self.also(now)
            self.sources.publish(Detection2DArray(header=header('eye', now)))
            self.publisher.publish(self.message(now))

    def message(self, stamp):
        vector = OPTICAL_TO_BODY.T @ self.body if self.optical else self.body
        message = PoseWithCovarianceStamped(header=header('eye' if self.optical else 'odom', stamp))
        x, y, z, w = map(float, orientation(vector))
        message.pose.pose.orientation = Quaternion(x=x, y=y, z=z, w=w)
        covariance = np.zeros((6, 6))
        across = axes(vector)[:, 1:]
        covariance[3:, 3:] = self.spread**2 * across @ across.T
        message.pose.covariance = covariance.ravel()
        return message


def passed(client, seconds):
    """Let so much time pass, and listen."""
    end = client.now() + round(seconds * SECOND)
    client.until(lambda: client.now() > end)


def test_it_turns_to_the_left_stops_and_falls_silent(start_node, make_client):
    follower = start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    Voice(client, 0.5)
    client.until(lambda: speeds and speeds[-1].angular.z > 0.2)
    turned = [speed.angular.z for speed in speeds]
    assert all(0.0 <= speed <= FollowerSettings().max_speed for speed in turned)
    assert all(speed.linear.x == speed.linear.y == speed.angular.x == 0.0 for speed in speeds)
    client.playing = False
    client.until(lambda: speeds[-1].angular.z == 0.0)
    before = len(speeds)
    passed(client, 1.0)
    assert len(speeds) == before
    assert sum(speed.angular.z == 0.0 for speed in speeds[len(turned):]) == 1
    assert follower.stop() == 0
    assert 'Traceback' not in follower.log


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM])
def test_its_last_word_is_zero(start_node, make_client, how):
    follower = start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    Voice(client, -0.5)
    client.until(lambda: speeds and speeds[-1].angular.z < -0.1)
    follower.send(how)
    client.until(lambda: speeds[-1].angular.z == 0.0)
    assert follower.wait() == 0
    assert 'Traceback' not in follower.log


def test_stamped_speeds_carry_time_and_frame(start_node, make_client):
    start_node(module='follower', enable_stamped_cmd_vel='true')
    client = make_client()
    speeds = client.listen(TwistStamped, '/cmd_vel')
    Voice(client, 0.5)
    client.until(lambda: speeds and speeds[-1].twist.angular.z > 0.1)
    stamps = [one.header.stamp.sec * SECOND + one.header.stamp.nanosec for one in speeds]
    assert stamps == sorted(stamps)
    assert abs(client.now() - stamps[-1]) < 5 * SECOND


def test_what_is_too_uncertain_is_ignored(start_node, make_client):
    start_node(module='follower', max_uncertainty=0.1)
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    voice = Voice(client, 0.5, spread=0.2)
    client.until(voice.publisher.get_subscription_count)
    passed(client, 1.0)
    assert not speeds
    voice.spread = 0.05
    client.until(lambda: speeds and speeds[-1].angular.z > 0.1)


def test_what_is_no_bearing_is_named_once_and_passed_over(start_node, make_client):
    follower = start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    voice = Voice(client, 0.5)
    bad = PoseWithCovarianceStamped(header=header('eye', 0))
    bad.pose.pose.orientation.w = 0.0
    right, voice.message = voice.message, lambda stamp: bad
    client.until(lambda: 'is no unit quaternion' in follower.log)
    passed(client, 0.5)
    assert not speeds
    voice.message = right
    client.until(lambda: speeds and speeds[-1].angular.z > 0.1)
    assert follower.log.count('is no unit quaternion') == 1


def test_late_bearings_turn_it_and_those_of_long_ago_do_not(start_node, make_client):
    follower = start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    voice = Voice(client, 0.5)
    right, voice.message = voice.message, lambda stamp: right(stamp - 60 * SECOND)
    client.until(lambda: 'A bearing tells of 60.' in follower.log)
    passed(client, 0.5)
    assert not speeds
    assert follower.log.count('A bearing tells of') == 1
    voice.message = lambda stamp: right(stamp - SECOND)
    client.until(lambda: speeds and speeds[-1].angular.z > 0.2)


def test_a_bearing_in_a_frame_that_may_stand_still_turns_nothing(start_node, make_client):
    follower = start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    voice = Voice(client, 0.5, optical=False)
    client.until(lambda: "told in the frame 'odom', which is not the camera's ('eye')" in follower.log)
    passed(client, 0.5)
    assert not speeds
    voice.optical = True
    client.until(lambda: speeds and speeds[-1].angular.z > 0.1)


def test_a_head_is_aimed_within_its_limits(start_node, make_client):
    start_node(module='follower', mode='head', head__pan_joint='neck', head__tilt_joint='nod',
               head__pan_max=0.4, head__tilt_up='true')
    client = make_client()
    goals = client.listen(JointTrajectory, '/joint_trajectory')
    joints = client.node.create_publisher(JointState, '/joint_states', 5)
    voice = Voice(client, 0.6, elevation=0.2)
    voice.also = lambda stamp: joints.publish(JointState(
        header=header('', stamp), name=['wheel', 'nod', 'neck'], position=[9.0, 0.0, 0.0]))
    client.until(lambda: goals)
    goal = goals[0]
    assert goal.joint_names == ['neck', 'nod']
    assert goal.header == Header(frame_id='')
    [point] = goal.points
    assert list(point.positions) == pytest.approx([0.4, 0.2], abs=1e-3)
    assert list(point.velocities) == [0.0, 0.0]
    seconds = point.time_from_start.sec + point.time_from_start.nanosec / SECOND
    braking = PLANNED * FollowerSettings().max_acceleration
    assert seconds == pytest.approx(math.sqrt(6 * 0.4 / braking), abs=0.01)
    client.playing = False
    client.until(lambda: len(goals) > 1)
    assert list(goals[1].points[0].positions) == pytest.approx([0.0, 0.0])


def test_a_head_whose_joints_do_not_come_says_which_it_wants(start_node, make_client):
    follower = start_node(module='follower', mode='head', head__pan_joint='neck', head__tilt_joint='nod')
    client = make_client()
    goals = client.listen(JointTrajectory, '/joint_trajectory')
    joints = client.node.create_publisher(JointState, '/joint_states', 5)
    names = ['wheel', 'lift']
    voice = Voice(client, 0.6)
    voice.also = lambda stamp: joints.publish(JointState(
        header=header('', stamp), name=names, position=[0.0, 0.0]))
    sentence = 'No angles of neck and nod come on joint_states, only those of wheel, lift;'
    client.until(lambda: sentence in follower.log)
    assert not goals
    names[:] = ['neck', 'nod']
    client.until(lambda: goals)


def test_limits_may_change_while_it_runs_and_the_mode_may_not(start_node, make_client):
    start_node(module='follower')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')

    def set_parameter(name, **value):
        given = ParameterMsg(name=name, value=ParameterValue(**value))
        return client.call(SetParameters, '/follower/set_parameters', parameters=[given]).results[0]

    number = ParameterType.PARAMETER_DOUBLE
    assert set_parameter('max_speed', type=number, double_value=0.05).successful
    refused = set_parameter('head.pan_min', type=number, double_value=2.0)
    assert refused.reason == 'head.pan_min must not be above head.pan_max.'
    assert not set_parameter('mode', type=ParameterType.PARAMETER_STRING, string_value='head').successful
    Voice(client, 0.5)
    client.until(lambda: len(speeds) > 20)
    assert max(speed.angular.z for speed in speeds) == pytest.approx(0.05)


@pytest.mark.parametrize(('parameters', 'sentence'), [
    ({'mode': 'legs'}, "mode cannot be 'legs'; it is one of base, head."),
    ({'rate': 1.0}, 'rate lies between 5 and 200; the value that was given does not.'),
    ({'head__tilt_min': 1.0}, 'head.tilt_min must not be above head.tilt_max.'),
    pytest.param({'base_frame': 'base_link'}, 'base_frame needs tf2_ros, which is not installed',
                 marks=pytest.mark.skipif(TF2, reason='tf2_ros is installed')),
])
def test_what_cannot_be_is_said_in_one_sentence(start_node, parameters, sentence):
    follower = start_node(module='follower', **parameters)
    assert follower.wait() == 1
    assert sentence in follower.log
    assert 'Traceback' not in follower.log


@pytest.mark.skipif(not TF2, reason='tf2_ros is not installed')
def test_bearings_are_taken_into_the_base_frame(start_node, make_client):
    """The base faces 0.8 rad to the left of odom's x axis, so what is at 0.3 there is on its right."""
    start_node(module='follower', base_frame='base_link')
    client = make_client()
    speeds = client.listen(Twist, '/cmd_vel')
    turn = Transform(rotation=Quaternion(z=math.sin(0.4), w=math.cos(0.4)))
    base = TransformStamped(header=header('odom', 0), child_frame_id='base_link', transform=turn)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    static = client.node.create_publisher(TFMessage, '/tf_static', latched)
    static.publish(TFMessage(transforms=[base]))
    Voice(client, 0.3, optical=False)
    client.until(lambda: speeds and speeds[-1].angular.z < -0.3)
