"""The format of the audio: from audio_info, else from the parameters."""

from __future__ import annotations

from audio_common_msgs.msg import AudioInfo

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.node.audio_format import FormatSource, format_of_settings
from ros2_avloc.node.settings import Settings


def test_the_format_of_the_parameters():
    assert format_of_settings(Settings()) == AudioFormat('pcm', 'S16LE', 16_000, 1)
    assert format_of_settings(Settings(audio_format='mp3')).coding == 'mp3'


def test_parameters_count_until_audio_info_is_published_then_it_is_awaited():
    published = []
    source = FormatSource(Settings(), lambda: bool(published))
    assert source.describe() == 'S16LE, 16000 Hz, 1 channels (parameters)'
    published.append('somebody')
    assert source.current() is None
    assert source.describe() == 'audio_info is awaited'
    source.learn(AudioInfo(coding_format='mp3', sample_rate=16_000, channels=1))
    assert source.current().coding == 'mp3'
    assert source.describe() == 'mp3 (audio_info)'
    own = AudioFormat('pcm', 'S16LE', 16_000, 1)
    assert source.describe(own) == 'S16LE, 16000 Hz, 1 channels (the messages)'
