"""The follower at work: a simulated robot turns to one thing after another, and a plot shows how.

``python3 -m ros2_avloc.node.follow_demo`` runs simulator, node and follower as processes over DDS, listens to
what they say, and writes the plot. Their time is simulated: it waits for them where the machine is too busy.
Exit 1 where a turn was slow or went too far, or what sounded was not faced.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped, Quaternion, Twist
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.utilities import try_shutdown
from rich.console import Console
from rich.table import Table
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3DArray

from ros2_avloc.attention.bearing import azimuth_elevation, direction
from ros2_avloc.errors import AvlocError
from ros2_avloc.following.record import Record, Turn, turns
from ros2_avloc.messages.stamps import SECOND, to_nanoseconds
from ros2_avloc.node.demo import REMAPS, environment, start, stop
from ros2_avloc.node.paced_clock import PacedClock
from ros2_avloc.simulation.turn_plot import draw

SCRIPT = 'flute 3 8; dog 10 15; robot 17 22; dog 24 29; flute 31 36; bell 38 43'
"""In the world of seed 8 each stands about 30° beside the one before."""

SEED, SECONDS = 8, 42.0
WIDTH, HEIGHT = 320, 240
PATIENCE = 120.0
"""Seconds for the node to begin to listen, and then for each next frame."""

LAG = 0.2
"""Simulated seconds by which node and follower may be behind; slow, but not yet too slow to follow."""

MUTE = 10.0
"""Seconds after which the node is not waited for: it has dropped the frames that it could answer."""

SETTLED, OVERSHOOT = 2.0, np.deg2rad(10.0)
"""What a turn may take at most, in seconds since it was attended to, and rad."""


class Listener(Node):
    """Keeps the angles that simulator, node and follower tell of, and gives them the time."""

    def __init__(self) -> None:
        super().__init__('follow_listener')
        self.record = Record()
        self._answered, self._heard = 0, time.monotonic()
        self._pace = PacedClock(self, self._limit)
        kept = QoSProfile(depth=100)
        self.create_subscription(PoseArray, 'simulator/truth_bearings', self._on_truth, kept)
        self.create_subscription(Detection3DArray, 'avloc/tracks', self._on_tracks, kept)
        self.create_subscription(PoseWithCovarianceStamped, 'avloc/attended', self._on_attended, kept)
        self.create_subscription(Twist, 'cmd_vel', self._on_cmd_vel, kept)
        self.create_subscription(TFMessage, '/tf', self._on_tf, kept)

    def _limit(self) -> float:
        """Return the time at which somebody would be `LAG` behind."""
        record = self.record
        if not record.truth:
            return math.inf
        mute = not self._answered or time.monotonic() - self._heard > MUTE
        done = [_newest(record.truth) if mute else self._answered]
        if _newest(record.attended) > _newest(record.speeds):
            done.append(_newest(record.speeds))
        return min(done) + LAG * SECOND

    def _on_tracks(self, message: Detection3DArray) -> None:
        """Take what comes for every frame that is looked at."""
        self._answered, self._heard = to_nanoseconds(message.header.stamp), time.monotonic()

    def _on_truth(self, message: PoseArray) -> None:
        angles = [_azimuth(pose.orientation, optical=True) for pose in message.poses]
        self.record.truth[to_nanoseconds(message.header.stamp)] = angles

    def _on_attended(self, message: PoseWithCovarianceStamped) -> None:
        stamp = to_nanoseconds(message.header.stamp)
        self.record.attended[stamp] = _azimuth(message.pose.pose.orientation, optical=True)

    def _on_cmd_vel(self, message: Twist) -> None:
        self.record.speeds[self._pace.now] = message.angular.z

    def _on_tf(self, message: TFMessage) -> None:
        for transform in message.transforms:
            yaw = _azimuth(transform.transform.rotation, optical=False)
            self.record.yaws[to_nanoseconds(transform.header.stamp)] = yaw


def _newest(record: Mapping[int, Any]) -> int:
    return next(reversed(record), 0)


def _azimuth(turn: Quaternion, *, optical: bool) -> float:
    return azimuth_elevation(direction((turn.x, turn.y, turn.z, turn.w)), optical=optical)[0]


def watch(listener: Listener, done: Callable[[], bool], what: str) -> None:
    """Listen until something is done.

    Raises
    ------
    AvlocError
        If nothing is for `PATIENCE` seconds.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(listener)
    length, end = 0.0, time.monotonic() + PATIENCE
    while not done():
        if listener.record.length > length:
            length, end = listener.record.length, time.monotonic() + PATIENCE
        if time.monotonic() > end:
            raise AvlocError(f'{what} within {PATIENCE:.0f} s; the log above says why.')
        executor.spin_once(timeout_sec=0.1)
    executor.remove_node(listener)


def run(scene: Mapping[str, Any], seconds: float, env: Mapping[str, str],
        model: Mapping[str, Any] = MappingProxyType({})) -> Record:
    """Run node and follower, then the simulator, and return what was heard.

    Parameters
    ----------
    scene, model
        Parameters of the simulator, and of the node.
    seconds
        Of simulated time.
    env
        Of the processes.

    Raises
    ------
    AvlocError
        If the node does not begin to listen, or the simulator falls silent.
    """
    remaps = [argument for remap in REMAPS for argument in ('-r', remap)]
    running = [start('avloc_node', *_arguments(model), *remaps, env=env),
               start('follower', *_arguments({}), env=env)]
    rclpy.init(domain_id=int(env['ROS_DOMAIN_ID']))
    try:
        listener = Listener()
        image = listener.resolve_topic_name('camera/image_raw')
        watch(listener, lambda: listener.count_subscribers(image) > 0, 'The node did not listen')
        running.append(start('simulator', *_arguments({**scene, 'turned_by': 'cmd_vel'}), env=env))
        watch(listener, lambda: listener.record.length >= seconds, 'The simulator did not run its time')
        return listener.record
    finally:
        try_shutdown()
        for process in reversed(running):
            stop(process)


def _arguments(parameters: Mapping[str, Any]) -> list[str]:
    given = {**parameters, 'use_sim_time': True}
    return ['--ros-args', *(word for name, value in given.items() for word in ('-p', f'{name}:={value}'))]


def table(found: list[Turn]) -> Table:
    """Say how each turn went."""
    shown = Table('sounds from', 'attended after', 'angle', 'faced after', 'since the sound', 'overshoot',
                  'wrong way', 'rest (RMS)')
    for turn in found:
        response = turn.response
        degrees = np.degrees((response.start, response.overshoot, response.astray, response.rest))
        spans = [f'{span:.2f} s' if math.isfinite(span) else 'never'
                 for span in (turn.begin - turn.sounds, response.settled, turn.settled)]
        shown.add_row(f'{turn.sounds:.1f} s', spans[0], f'{degrees[0]:.0f}°', *spans[1:],
                      *(f'{angle:.1f}°' for angle in degrees[1:]))
    return shown


def main() -> None:
    """Run, judge, draw."""
    parser = argparse.ArgumentParser(description='Let a simulated robot turn to what sounds, and plot it.')
    parser.add_argument('--seconds', type=float, default=SECONDS)
    parser.add_argument('--seed', type=int, default=SEED, help='of the scene')
    parser.add_argument('--script', default=SCRIPT, help='what sounds when')
    parser.add_argument('--output', type=Path, default=Path('docs', 'images', 'follow.png'))
    arguments = parser.parse_args()
    scene = {'seed': arguments.seed, 'script': f'"{arguments.script}"', 'width': WIDTH, 'height': HEIGHT}
    try:
        record = run(scene, arguments.seconds, environment())
    except AvlocError as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, ExternalShutdownException):
        sys.exit(130)
    found = turns(record)
    Console().print(table(found))
    faced = sum(math.isfinite(turn.response.settled) for turn in found)
    caption = (f'{datetime.now(timezone.utc):%Y-%m-%d}, {platform.machine()}, simulated, seed '
               f'{arguments.seed}: {faced} of {len(found)} faced')
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(arguments.output), draw(record, found, caption))
    good = [turn.response.settled <= SETTLED and turn.response.overshoot <= OVERSHOOT for turn in found]
    sys.exit(0 if good and all(good) else 1)


if __name__ == '__main__':
    main()
