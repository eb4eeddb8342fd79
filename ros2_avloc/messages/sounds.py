"""Audio messages to chunks, whichever package they are of."""

from __future__ import annotations

from typing import Any

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.formats import audio_format
from ros2_avloc.errors import InputError
from ros2_avloc.messages.stamps import to_nanoseconds

TYPES = ('AudioDataStamped', 'AudioData', 'AudioStamped')
"""Message types that the topic ``audio`` may have. ROS knows two packages named audio_common_msgs:
the first two are of ros-drivers/audio_common, the third is of mgonzs13/audio_common."""

_FIELDS = {1: 'float32_data', 2: 'int32_data', 8: 'int16_data', 16: 'int8_data', 32: 'uint8_data'}
"""Field of an AudioStamped that holds the samples, by PortAudio's code of their format (portaudio.h)."""


def format_of_info(info: Any, samples: str) -> AudioFormat:
    """Read the format that an AudioInfo of ros-drivers says.

    Parameters
    ----------
    info
        The message.
    samples
        Format of the samples, where it says none.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return audio_format(info.coding_format, info.sample_format or samples, info.sample_rate, info.channels)


def to_chunk(message: Any, arrival: int, given: AudioFormat | None, offset: int) -> Chunk | None:
    """Make a chunk of a message of any of `TYPES`; ``None`` if nobody says its format.

    Parameters
    ----------
    message
        The message. A stamp of 0 is none.
    arrival
        ROS time in ns at which it came.
    given
        Format, for the types that do not bring their own; ``None`` while it is not known.
    offset
        ns to be added to the stamp (or to the arrival where there is no stamp).

    Raises
    ------
    InputError
        If its stamp is no time, or its format code is unknown.
    """
    if hasattr(message, 'audio') and hasattr(message.audio, 'info'):
        data, given = _typed_content(message.audio)
    else:
        data = memoryview((message.audio if hasattr(message, 'audio') else message).data)
    if given is None:
        return None
    stamp = to_nanoseconds(message.header.stamp) if hasattr(message, 'header') else 0
    return Chunk(data, given, stamp + offset if stamp else None, arrival + offset)


def _typed_content(audio: Any) -> tuple[memoryview, AudioFormat]:
    info = audio.info
    if info.format not in _FIELDS:
        raise InputError(f"PortAudio's format code {info.format} of the audio message cannot be read; "
                         f'it is one of {", ".join(map(str, _FIELDS))}.')
    samples = memoryview(getattr(audio.audio_data, _FIELDS[info.format]))
    return samples, audio_format('pcm', info.format, info.rate, info.channels)
