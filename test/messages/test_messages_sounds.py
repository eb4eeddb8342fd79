"""Audio messages of both packages to chunks."""

from __future__ import annotations

from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.timeline import TimelineStatus
from ros2_avloc.errors import InputError
from ros2_avloc.messages.sounds import format_of_info, to_chunk

GIVEN = AudioFormat('pcm', 'S16LE', 16_000, 1)
DATA = array('B', [1, 2, 3, 4])
STAMP = Header(stamp=Time(sec=7, nanosec=5))


def test_stamped_audio_keeps_its_stamp_and_bytes():
    chunk = to_chunk(AudioDataStamped(header=STAMP, audio=AudioData(data=DATA)), 9_000_000_000, GIVEN, 0)
    assert (chunk.stamp, chunk.arrival, chunk.format) == (7_000_000_005, 9_000_000_000, GIVEN)
    assert bytes(chunk.data) == bytes(DATA)


@pytest.mark.parametrize('message', [AudioData(data=DATA), AudioDataStamped(audio=AudioData(data=DATA))])
def test_without_a_stamp_there_is_only_the_arrival(message):
    chunk = to_chunk(message, 9_000_000_000, GIVEN, -1_000)
    assert (chunk.stamp, chunk.arrival) == (None, 8_999_999_000)


def test_the_offset_moves_the_stamp():
    assert to_chunk(AudioDataStamped(header=STAMP), 9, GIVEN, 5).stamp == 7_000_000_010


def test_while_the_format_is_unknown_there_is_no_chunk():
    assert to_chunk(AudioData(data=DATA), 1, None, 0) is None


def typed(code, field, samples):
    """An AudioStamped of mgonzs13/audio_common, which cannot be installed beside the other package."""
    fields = {name: array(kind) for name, kind in (
        ('float32_data', 'f'), ('int32_data', 'i'), ('int16_data', 'h'), ('int8_data', 'b'),
        ('uint8_data', 'B'))}
    fields[field] = array(fields[field].typecode, samples)
    info = SimpleNamespace(format=code, channels=1, rate=48_000, chunk=len(samples))
    audio = SimpleNamespace(audio_data=SimpleNamespace(**fields), info=info)
    return SimpleNamespace(header=STAMP, audio=audio)


@pytest.mark.parametrize(('code', 'field', 'full'), [
    (1, 'float32_data', 1.0), (2, 'int32_data', 2**31), (8, 'int16_data', 2**15), (16, 'int8_data', 2**7),
    (32, 'uint8_data', 2**7)])
def test_typed_audio_is_heard_as_it_was_played(code, field, full):
    wave = 0.5 * np.sin(np.arange(48_000 + 480) * 2 * np.pi * 440 / 48_000)
    samples = (wave * full + (128 if field == 'uint8_data' else 0)).tolist()
    if code != 1:
        samples = [round(sample) for sample in samples]
    chunk = to_chunk(typed(code, field, samples), 9_000_000_000, None, 0)
    hearing = Hearing()
    hearing.hear(chunk)
    heard = hearing.timeline.second(7_000_000_005 + 1_005_000_000).samples
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.01)
    assert np.argmax(np.abs(np.fft.rfft(heard[-48_000:]))) == 440


def test_a_format_code_that_is_none_is_refused():
    with pytest.raises(InputError, match="PortAudio's format code 77"):
        to_chunk(typed(77, 'int16_data', [1]), 1, None, 0)


def test_an_empty_typed_message_is_refused_and_changes_nothing():
    hearing = Hearing()
    with pytest.raises(InputError, match='empty'):
        hearing.hear(to_chunk(typed(8, 'int16_data', []), 1, None, 0))
    assert hearing.timeline.status == TimelineStatus()


@pytest.mark.parametrize(('info', 'expected'), [
    (AudioInfo(coding_format='wave', sample_format='S16LE', sample_rate=44_100, channels=2),
     AudioFormat('pcm', 'S16LE', 44_100, 2)),
    (AudioInfo(coding_format='WAVE', sample_format='', sample_rate=8_000, channels=1),
     AudioFormat('pcm', 'F32LE', 8_000, 1)),
    (AudioInfo(coding_format='mp3', sample_format='S16LE', sample_rate=16_000, channels=1),
     AudioFormat('mp3', '', 16_000, 1)),
])
def test_the_format_of_audio_info(info, expected):
    assert format_of_info(info, 'F32LE') == expected


def test_a_coding_that_is_not_known_is_refused():
    with pytest.raises(InputError, match="coding 'opus' is not known"):
        format_of_info(AudioInfo(coding_format='opus', sample_rate=48_000, channels=1), 'S16LE')
