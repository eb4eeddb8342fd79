"""What is looked for: a photo, a sound, or a moment of a recording."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.container import opened, zero_of
from ros2_avloc.recordings.recording import SECOND, Recording
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.recordings.video_sound import read_sound
from ros2_avloc.retrieval.material import PHOTO_SUFFIXES, Photo, SoundFile, open_material
from ros2_avloc.retrieval.moments import (
    QUIET,
    choose_moments,
    frames_at,
    nearest,
    second_around,
)

_STEP = 0.25
"""Seconds between those of which the loudest is taken."""

_LONGEST = 1e9
"""Seconds; what is later is no moment of a recording."""


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes
    ----------
    name
        What it is, for people.
    rgb
        uint8 ``(h, w, 3)``, or nothing.
    samples
        A second that is not silent, float32 ``(48240,)``, or nothing.
    note
        A sentence if something is not as one would think.
    """

    name: str
    rgb: NDArray[np.uint8] | None
    samples: NDArray[np.float32] | None
    note: str = ''


def read_query(text: str, folder: Path, named: Named = BY_TYPE) -> Query:
    """Read what a person asks for.

    Parameters
    ----------
    text
        Path of a photo or of a sound; or of a recording or a sound, with ``@`` and a time in seconds
        or as ``1:12.5``.
        A path that is not found as it stands is looked for in `folder`.
    named
        Topics of bags.

    Raises
    ------
    InputError
        If it cannot be found or read, has no such moment, or is silent.
    """
    path, seconds = _split(text, folder)
    if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file():
        if seconds is not None:
            raise InputError(f'{path} is a photo and has no moments; leave out @{seconds:g}.')
        frame, = Photo(path).frames([0])
        return Query(path.name, frame.rgb, None)
    recording = open_material(path, named)
    if isinstance(recording, SoundFile):
        return _loudest(recording) if seconds is None else _heard_at(recording, seconds)
    if seconds is None:
        raise InputError(f'Say which moment of {path} is meant, in seconds, as in {path.name}@12.5.')
    if not len(recording.stamps):
        return _heard_at(recording, seconds)
    return _moment(recording, seconds)


def _split(text: str, folder: Path) -> tuple[Path, float | None]:
    """Return path and time of a query; a path that holds an ``@`` itself is taken as it is."""
    path = _found(text, folder)
    if path is not None:
        return path, None
    name, _, time = text.rpartition('@')
    path = _found(name, folder) if name else None
    if path is None:
        raise InputError(f'There is no {name or text}, neither here nor in {folder}; give a photo, a sound, '
                         'or a moment of a recording as in kitchen.mp4@12.5.')
    seconds = _seconds(time)
    if not 0 <= seconds < _LONGEST:
        raise InputError(f'{time!r} in {text} is no time; give seconds from the beginning, '
                         f'as in {path.name}@12.5.')
    return path, seconds


def _seconds(time: str) -> float:
    """Return the seconds of a time as ``72.5`` or ``1:12.5``; not a number where it is neither."""
    try:
        *larger, seconds = map(float, time.split(':'))
    except ValueError:
        return math.nan
    return seconds + sum(60.0 ** place * number for place, number in enumerate(reversed(larger), 1))


def _found(name: str, folder: Path) -> Path | None:
    candidates = (Path(name).expanduser(), folder / name)
    return next((path for path in candidates if name and path.exists()), None)


def _moment(recording: Recording, seconds: float) -> Query:
    """Return a frame and the second around it; the frame alone where that is missing or silent."""
    name, time = _named(recording, seconds), recording.begin + round(seconds * SECOND)
    last = (int(recording.stamps[-1]) - recording.begin) / SECOND
    if seconds > last + 1:
        raise InputError(f'{recording.path} ends after {last:.1f} s; give a moment in it, not {seconds:g}.')
    times = recording.stamps[nearest(recording.stamps, np.array([time]))]
    frame, = frames_at(recording, times)
    sound, = second_around(recording, times)
    rgb = None if frame is None else frame.rgb
    if not isinstance(sound, Sound):
        return Query(name, rgb, None, f'{name} has no whole second of sound around it; '
                                      'only what is seen is searched for.')
    if sound.level < QUIET:
        return Query(name, rgb, None, f'{name} is silent; only what is seen is searched for.')
    return Query(name, rgb, sound.samples)


def _heard_at(recording: Recording, seconds: float) -> Query:
    name = _named(recording, seconds)
    sound, = second_around(recording, np.array([recording.begin + round(seconds * SECOND)]))
    if isinstance(sound, Missing):
        raise InputError(f'{recording.path} has no whole second of sound around {seconds:g} s; '
                         'give another moment.')
    return _loud(name, sound)


def _loudest(recording: SoundFile) -> Query:
    """Return the loudest second of a file; a shorter one is followed by silence."""
    times = choose_moments(recording, _STEP)
    if not len(times):
        with opened(recording.path) as container:
            zero = zero_of(container)
        return _loud(recording.path.name, Sound(read_sound(recording.path, zero, -HOP, SAMPLE_RATE), 0, 0))
    loudest, level = 0, -math.inf
    for number, sound in enumerate(second_around(recording, times)):
        if isinstance(sound, Sound) and sound.level > level:
            loudest, level = number, sound.level
    return _heard_at(recording, (int(times[loudest]) - recording.begin) / SECOND)


def _loud(name: str, sound: Sound) -> Query:
    if sound.level < QUIET:
        raise InputError(f'{name} is silent ({sound.level:.0f} dB of full scale); '
                         'give something that sounds.')
    return Query(name, None, sound.samples)


def _named(recording: Recording, seconds: float) -> str:
    return f'{recording.path.name}@{seconds:g}'
