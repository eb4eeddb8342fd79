"""Names of audio formats, as the world spells them, and the :class:`AudioFormat` that they mean."""

from __future__ import annotations

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.errors import InputError

LOWEST_RATE = 8_000
HIGHEST_RATE = 192_000

SAMPLE_FORMATS = ('U8', 'S8', 'S16LE', 'S16BE', 'S24LE', 'S24BE', 'S32LE', 'S32BE', 'F32LE', 'F32BE')
"""The formats that are understood, by GStreamer's names (audio_capture's ``sample_format``)."""

_OTHER_NAMES = {
    'S16': 'S16LE', 'S24': 'S24LE', 'S32': 'S32LE', 'F32': 'F32LE',
    # NumPy's and ROS's names of element types
    'UINT8': 'U8', 'INT8': 'S8', 'INT16': 'S16LE', 'INT32': 'S32LE', 'FLOAT32': 'F32LE', 'FLOAT': 'F32LE',
    # audio_utils_msgs/AudioFrame
    'UNSIGNED_8': 'U8', 'SIGNED_8': 'S8', 'SIGNED_16': 'S16LE', 'SIGNED_24': 'S24LE', 'SIGNED_32': 'S32LE',
    # ALSA
    'S24_3LE': 'S24LE', 'S24_3BE': 'S24BE', 'FLOAT_LE': 'F32LE', 'FLOAT_BE': 'F32BE',
    'S16_LE': 'S16LE', 'S16_BE': 'S16BE', 'S32_LE': 'S32LE', 'S32_BE': 'S32BE',
}

_PORTAUDIO = {0x01: 'F32LE', 0x02: 'S32LE', 0x04: 'S24LE', 0x08: 'S16LE', 0x10: 'S8', 0x20: 'U8'}
"""PaSampleFormat of portaudio.h: ``AudioInfo.format`` of the other package named audio_common_msgs."""

_CODINGS = {'': 'pcm', 'wave': 'pcm', 'wav': 'pcm', 'pcm': 'pcm', 'raw': 'pcm', 'mp3': 'mp3'}


def sample_format(name: str | int) -> str:
    """Return the name in :data:`SAMPLE_FORMATS` for any spelling of a sample format.

    Parameters
    ----------
    name
        A name of GStreamer, ALSA, NumPy or audio_utils in any case, or a code of PortAudio. Without
        a byte order, little endian is meant.

    Raises
    ------
    InputError
        If it is none of them.
    """
    if isinstance(name, int):
        known = _PORTAUDIO.get(name)
    else:
        upper = name.strip().upper()
        known = upper if upper in SAMPLE_FORMATS else _OTHER_NAMES.get(upper)
    if known is None:
        raise InputError(f'The sample format {name!r} is not known: use one of {", ".join(SAMPLE_FORMATS)}.')
    return known


def audio_format(coding: str, samples: str | int, sample_rate: int, channels: int) -> AudioFormat:
    """Return a checked :class:`AudioFormat`.

    Parameters
    ----------
    coding
        ``'mp3'``, or ``'wave'`` (also ``'wav'``, ``'pcm'``, ``'raw'`` or empty) for PCM.
    samples
        Sample format in any spelling that :func:`sample_format` knows. Not looked at for mp3.
    sample_rate, channels
        Not looked at for mp3, where the stream says both.

    Raises
    ------
    InputError
        If a value cannot be used.
    """
    kind = _CODINGS.get(coding.strip().lower())
    if kind is None:
        raise InputError(f'The audio coding {coding!r} is not known: use wave or mp3.')
    if kind == 'mp3':
        return AudioFormat('mp3', '', sample_rate, channels)
    return checked(AudioFormat(kind, sample_format(samples), sample_rate, channels))


def checked(audio_format: AudioFormat) -> AudioFormat:
    """Return a PCM format as it is, or raise InputError if its rate or channels cannot be."""
    if not LOWEST_RATE <= audio_format.sample_rate <= HIGHEST_RATE:
        raise InputError(f'A sample rate of {audio_format.sample_rate} Hz cannot be used: '
                         f'set it to {LOWEST_RATE} to {HIGHEST_RATE} Hz.')
    if audio_format.channels < 1:
        raise InputError(f'Audio of {audio_format.channels} channels cannot be used: set at least 1.')
    return audio_format
