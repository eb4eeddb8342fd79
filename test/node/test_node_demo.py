"""The demo as a whole: three processes over DDS, a table, a video, a strip and a bag."""

from __future__ import annotations

import subprocess
import sys

import av
import cv2
from rosbags.rosbag2 import Reader

from ros2_avloc.node.checker import TOPICS


def test_the_demo_shows_and_writes_what_it_promises(domain, tmp_path):
    command = [sys.executable, '-m', 'ros2_avloc.node.demo', '--seconds', '12', '--output', str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert 'Traceback' not in run.stdout + run.stderr
    assert 'false attention' in run.stdout
    assert 'Rightly attended:' not in run.stdout, run.stdout
    assert 'too short' not in run.stdout, run.stdout
    assert cv2.imread(str(tmp_path / 'strip.png')).shape[1] == 4 * 480
    with av.open(str(tmp_path / 'overlay.mp4')) as container:
        assert container.streams.video[0].frames > 60
    with Reader(tmp_path / 'bag') as bag:
        assert {topic.rsplit('/', 1)[-1] for topic in bag.topics} == {
            topic.rsplit('/', 1)[-1] for topic in TOPICS
        }
