"""Audio messages to chunks, whichever package they are of."""

from __future__ import annotations

import sys
from typing import Any

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.errors import InputError
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.stamps import to_nanoseconds

TYPES = ('AudioDataStamped', 'AudioData', 'AudioStamped')
"""Message types that the topic ``audio`` may have. ROS knows two packages named audio_common_msgs:
the first two are of ros-drivers/audio_common, the third is of mgonzs13/audio_common."""

_NATIVE = 'LE' if sys.byteorder == 'little' else 'BE'

_PORTAUDIO = {
    1: ('float32_data', f'F32{_NATIVE}'),
    2: ('int32_data', f'S32{_NATIVE}'),
    8: ('int16_data', f'S16{_NATIVE}'),
    16: ('int8_data', 'S8'),
    32: ('uint8_data', 'U8'),
}
"""PortAudio's sample formats (portaudio.h), as field of the message and as GStreamer's name."""

_PCM_CODINGS = ('wave', 'wav', 'pcm', 'raw', '')


def format_of_settings(settings: Settings) -> AudioFormat:
    """Read the format that the parameters say."""
    coding = 'mp3' if settings.audio_format == 'mp3' else 'pcm'
    return AudioFormat(coding, settings.audio_format, settings.audio_sample_rate, settings.audio_channels)


def format_of_info(info: Any, settings: Settings) -> AudioFormat:
    """Read the format that an audio_common_msgs/AudioInfo says.

    Raises
    ------
    InputError
        If the coding is neither PCM nor mp3.
    """
    coding = info.coding_format.lower()
    if coding == 'mp3':
        return AudioFormat('mp3', info.sample_format, info.sample_rate, info.channels)
    if coding not in _PCM_CODINGS:
        raise InputError(f'audio_info says the coding {info.coding_format!r}, which cannot be read; '
                         'let the driver send wave or mp3.')
    return AudioFormat('pcm', info.sample_format or settings.audio_format, info.sample_rate, info.channels)


def to_chunk(message: Any, arrival: int, given: AudioFormat, offset: int) -> Chunk:
    """Make a chunk of a message of any of `TYPES`.

    Parameters
    ----------
    message
        The message. A stamp of 0 is none.
    arrival
        ROS time in ns at which it came.
    given
        Format, for the types that do not bring their own.
    offset
        ns to be added to the stamp (or to the arrival where there is no stamp).

    Raises
    ------
    InputError
        If its stamp is no time, or its format code is unknown.
    """
    stamp = to_nanoseconds(message.header.stamp) if hasattr(message, 'header') else 0
    data, audio_format = _content(message, given)
    return Chunk(data, audio_format, stamp + offset if stamp else None, arrival + offset)


def _content(message: Any, given: AudioFormat) -> tuple[memoryview, AudioFormat]:
    if not hasattr(message, 'audio'):
        return memoryview(message.data), given
    if hasattr(message.audio, 'data'):
        return memoryview(message.audio.data), given
    return _typed_content(message.audio)


def _typed_content(audio: Any) -> tuple[memoryview, AudioFormat]:
    info = audio.info
    if info.format not in _PORTAUDIO:
        raise InputError(f"PortAudio's format code {info.format} of the audio message cannot be read; "
                         f'it is one of {", ".join(map(str, _PORTAUDIO))}.')
    name, sample_format = _PORTAUDIO[info.format]
    samples = getattr(audio.audio_data, name)
    data = memoryview(samples).cast('B') if len(samples) else memoryview(b'')
    return data, AudioFormat('pcm', sample_format, info.rate, info.channels)
