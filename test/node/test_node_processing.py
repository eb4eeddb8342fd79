"""From messages to windows."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from audio_common_msgs.msg import AudioData, AudioDataStamped
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros2_avloc.errors import InputError
from ros2_avloc.node.mailbox import Mail, Stream
from ros2_avloc.node.processing import Processing
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Faults, Statistics

SECOND = 10**9
START = 1_700_000_000 * SECOND
CHUNK = SECOND // 50


def header(stamp: int) -> Header:
    return Header(stamp=Time(sec=stamp // SECOND, nanosec=stamp % SECOND), frame_id='camera_optical')


class World:
    """A camera and a microphone; every message arrives at the end of what it holds."""

    def __init__(self) -> None:
        self.statistics = Statistics(Faults(lambda sentence: None))
        self.jumps = 0
        self.processing = Processing(Settings(), self.statistics, lambda: False, self._jump)

    def _jump(self) -> None:
        self.jumps += 1

    def hear(self, begin: float, end: float) -> None:
        for number in range(round(begin * 50), round(end * 50)):
            self._chunk(START + number * CHUNK, np.zeros(320, '<i2').tobytes())

    def hear_badly(self, time: float) -> None:
        with pytest.raises(InputError):
            self._chunk(START + round(time * SECOND), b'odd')

    def _chunk(self, stamp: int, content: bytes) -> None:
        message = AudioDataStamped(header=header(stamp), audio=AudioData(data=array('B', content)))
        self.processing.accept(Mail(Stream.AUDIO, message, stamp + CHUNK))

    def see(self, time: float) -> None:
        stamp = START + round(time * SECOND)
        self.processing.accept(Mail(Stream.IMAGE, Image(header=header(stamp)), stamp))


def test_a_window_is_the_message_and_its_second() -> None:
    world = World()
    world.hear(0, 2)
    world.see(1.9)
    window = world.processing.take(START + 2 * SECOND)
    assert window is not None and window.stamp == START + 1_900_000_000
    assert isinstance(window.item, Image)


def test_a_frame_is_compared_with_audio_that_goes_on() -> None:
    world = World()
    world.hear(0, 2)
    world.see(2.1)
    assert world.statistics.skew == pytest.approx(0.1, abs=0.05)


def test_audio_that_cannot_be_read_any_more_is_of_no_other_clock() -> None:
    world = World()
    world.hear(0, 2)
    for time in np.arange(2, 12, 0.1):
        world.hear_badly(time)
        world.see(time)
    assert world.statistics.skew == pytest.approx(0.0, abs=0.05)


def test_a_jump_back_of_both_streams_is_told_once() -> None:
    world = World()
    for frame in (3.0, 1.5):
        world.hear(0, 3)
        world.see(frame)
    assert world.jumps == world.statistics.jumps_back == 1
