"""The sound of video files, read from any sample on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from ros2_avloc.audio.channels import mix
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.recordings.container import audio_stream, opened

Samples = NDArray[np.float32]

_RUN_UP = Fraction(1, 4)
"""Seconds decoded before what is wanted: codecs need what came before, Opus the most (RFC 7845: 80 ms)."""

_MARGIN = Fraction(1, 5)
"""Seconds on either side that the resampler sees besides, more than its filter is long."""

_FULL_SCALE = {'u1': 2.0 ** 7, 'i2': 2.0 ** 15, 'i4': 2.0 ** 31}


def read_sound(path: Path, zero: Fraction, begin: int, end: int) -> Samples:
    """Read samples `begin` to `end` of a file's sound, mono at 48 kHz.

    Sample 0 is at the time `zero` of the container, whatever the rate of the file. Where the file has no
    sound (before its first sample, after its last, in a gap) there is silence.

    Returns
    -------
    float32 ``(end - begin,)``

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with opened(path) as container:
        rate = audio_stream(container).rate
        unit = math.gcd(rate, SAMPLE_RATE)
        down, up = rate // unit, SAMPLE_RATE // unit  # so many samples of the file are so many of ours
        margin = math.ceil(_MARGIN * SAMPLE_RATE / up) if down != up else 0
        first, last = begin // up - margin, -(-end // up) + margin
        source = _decoded(container, zero, first * down, last * down)
    ours = source if down == up else soxr.resample(source, rate, SAMPLE_RATE)
    cut = begin - first * up
    return np.asarray(ours[cut:cut + end - begin], np.float32)


def blocks(container: Any, zero: Fraction) -> Iterator[tuple[int, Samples]]:
    """Decode from where the container stands on.

    Yields
    ------
    tuple of int and float32 ``(n, channels)``
        Samples in [-1, 1] at the file's rate, and the number of the first, counted from `zero`.
    """
    stream, place = audio_stream(container), None
    for block in container.decode(stream):
        samples = _channels(block)
        told = round((block.pts * block.time_base - zero) * block.sample_rate)
        # Times of some containers are whole milliseconds: the count is truer while it agrees.
        coarse = 1 + math.ceil(stream.time_base * block.sample_rate)
        place = told if place is None or abs(told - place) > coarse else place
        yield place, samples
        place += len(samples)


def _decoded(container: Any, zero: Fraction, first: int, last: int) -> Samples:
    """Return samples `first` to `last` at the file's rate, mono."""
    sound = np.zeros(last - first, np.float32)
    for place, samples in _blocks_from(container, zero, first):
        if place >= last:
            break
        mono, at = mix(samples), place - first
        begin, end = max(at, 0), min(at + len(mono), len(sound))
        if begin < end:
            sound[begin:end] = mono[begin - at:end - at]
    return sound


def _blocks_from(container: Any, zero: Fraction, first: int) -> Iterator[tuple[int, Samples]]:
    """Decode from before a sample on, or from the beginning where the container jumps too far."""
    stream = audio_stream(container)
    run_up = _RUN_UP * stream.rate
    begin = Fraction(first - run_up) / stream.rate + zero
    container.seek(math.floor(begin / stream.time_base), stream=stream)
    decoded = blocks(container, zero)
    head = next(decoded, None)
    if head is None or head[0] > first - run_up / 2:
        container.seek(0)
        return blocks(container, zero)
    return chain([head], decoded)


def _channels(block: Any) -> Samples:
    """Return a decoded block as float32 ``(n, channels)`` in [-1, 1]."""
    samples = block.to_ndarray()
    if not block.format.is_planar:
        samples = samples.reshape(-1, len(block.layout.channels)).T
    kind = samples.dtype.str[1:]
    offset = 2.0 ** 7 if kind == 'u1' else 0.0
    return np.asarray((samples.T - offset) / _FULL_SCALE.get(kind, 1.0), np.float32)
