"""Decoding of PCM: bytes of any sample format become float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.decoded import Decoded
from ros2_avloc.audio.formats import checked, sample_format
from ros2_avloc.audio.mp3_frames import LONGEST_FRAME, Bytes, find_chain, whole_frames
from ros2_avloc.errors import InputError


@dataclass(frozen=True)
class _Layout:
    """How one sample lies in memory: its dtype, the value of silence, and that of full scale above it."""

    dtype: str
    zero: int
    full_scale: int
    packed: bool = False  # three bytes, for which NumPy has no dtype

    @property
    def width(self) -> int:
        return 3 if self.packed else np.dtype(self.dtype).itemsize


_LAYOUTS = {
    'U8': _Layout('u1', 128, 1 << 7),
    'S8': _Layout('i1', 0, 1 << 7),
    'S16LE': _Layout('<i2', 0, 1 << 15),
    'S16BE': _Layout('>i2', 0, 1 << 15),
    'S24LE': _Layout('<i4', 0, 1 << 31, packed=True),
    'S24BE': _Layout('>i4', 0, 1 << 31, packed=True),
    'S32LE': _Layout('<i4', 0, 1 << 31),
    'S32BE': _Layout('>i4', 0, 1 << 31),
    'F32LE': _Layout('<f4', 0, 1),
    'F32BE': _Layout('>f4', 0, 1),
}


def decode_pcm(data: Bytes, audio_format: AudioFormat) -> NDArray[np.float32]:
    """Decode interleaved PCM.

    Parameters
    ----------
    data
        Whole samples of all channels.
    audio_format
        Its sample format and channels are used.

    Returns
    -------
    float32 ``(n, channels)``
        In [-1, 1]. A read-only view of `data` where that holds such samples already (F32LE).
        Floats that are not numbers become 0; what lies beyond full scale is clipped.

    Raises
    ------
    InputError
        If `data` is empty or not a whole number of samples.
    """
    layout = _LAYOUTS[sample_format(audio_format.sample_format)]
    _check_length(len(data), layout.width, audio_format)
    raw = _unpacked(data, layout) if layout.packed else np.frombuffer(data, layout.dtype)
    return _scaled(raw, layout).reshape(-1, audio_format.channels)


def _check_length(length: int, width: int, audio_format: AudioFormat) -> None:
    if length == 0:
        raise InputError('An audio chunk is empty: look at the audio driver.')
    if length % (width * audio_format.channels):
        raise InputError(
            f'An audio chunk of {length} bytes is not a whole number of {audio_format.sample_format} samples '
            f'of {audio_format.channels} channels ({width * audio_format.channels} bytes each): '
            f'set the sample format and channels that the driver uses.')


def _unpacked(data: Bytes, layout: _Layout) -> NDArray[np.int32]:
    """Put three bytes into the upper part of four; the lowest stays 0."""
    triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
    quads = np.zeros((len(triples), 4), np.uint8)
    first = 1 if layout.dtype.startswith('<') else 0
    quads[:, first:first + 3] = triples
    unpacked: NDArray[np.int32] = quads.view(layout.dtype)[:, 0]
    return unpacked


def _scaled(raw: NDArray[np.generic], layout: _Layout) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = raw.astype(np.float32, copy=False)
    if raw.dtype.kind == 'f':
        return samples if _within_full_scale(samples) else _tamed(samples)
    if layout.zero:
        samples -= np.float32(layout.zero)
    samples *= np.float32(1 / layout.full_scale)
    return samples


def _within_full_scale(samples: NDArray[np.float32]) -> bool:
    # Comparisons with NaN are false, so that NaN is never within.
    return bool(samples.max() <= 1 and samples.min() >= -1)


def _tamed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)


class PcmDecoder:
    """Decodes a stream of PCM chunks, and refuses one that is mp3 in truth.

    A stream is taken for mp3 if its first chunk consists of whole mp3 frames, or if three headers of
    one mp3 stream follow each other at the distance of a frame, across chunks too. In random bytes
    that happens once in some 10^12 bytes.
    """

    _FRAMES = 3

    def __init__(self, audio_format: AudioFormat) -> None:
        """Raise InputError where the sample format, rate or channels cannot be."""
        sample_format(audio_format.sample_format)
        self._format = checked(audio_format)
        self._tail = b''
        self._first = True

    def decode(self, data: Bytes) -> Decoded:
        """Decode a chunk; raise InputError if it is empty, not of whole samples, or mp3."""
        self._refuse_mp3(data)
        samples = decode_pcm(data, self._format)
        self._first = False
        return Decoded(samples, self._format.sample_rate, 0, len(samples))

    def _refuse_mp3(self, data: Bytes) -> None:
        recent = self._tail + bytes(data)
        self._tail = recent[-self._FRAMES * LONGEST_FRAME:]
        if find_chain(recent, self._FRAMES) is not None or (self._first and whole_frames(data)):
            raise InputError(f'The audio is said to be {self._format.sample_format} but is an mp3 stream: '
                             f'set audio.format to mp3, or start audio_capture with format:=wave.')
