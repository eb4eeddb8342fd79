"""Cases from recordings of which it is told where things are: videos with boxes, and bags with truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import Bank
from ros2_avloc.learning.material.pictures import Picture
from ros2_avloc.learning.material.scenes import negative_scene
from ros2_avloc.learning.measures.maps import Box
from ros2_avloc.learning.measuring.cases import SOUNDING, Case, CaseSet, Heard, View
from ros2_avloc.recordings.recording import HALF, SECOND, Recording

STEP = SECOND // 2
"""Between two moments of a recording, ns."""

QUIET = -60.0
"""Level, in dB of full scale, below which a second in which nothing in view sounds is silence."""

POOLED = 40
"""Seconds, at most, that every view is seen with to know what is seen whatever is heard."""

Pool = Sequence[tuple[Path, Heard]]
"""Sounds with the recordings that they are from."""

_NAMELESS = ('silence', 'noise', 'hum')
_NO_BANK = Bank({}, {})


@dataclass(frozen=True)
class AnnotatedMoment:
    """One frame of a recording: its place, the name and box of each object in it, and which of them sound."""

    frame: int
    objects: tuple[tuple[str, Box], ...]
    sounding: tuple[str, ...]


@dataclass(frozen=True)
class Annotated:
    """A recording with moments of which the truth is known, in the order of time."""

    recording: Recording
    moments: tuple[AnnotatedMoment, ...]


def recorded(sources: Sequence[Annotated], seed: int) -> CaseSet:
    """Return the cases of recordings.

    A frame is seen with the second around it; with a second of another recording, in which nothing sounds
    that is in the frame; and with silence, noise or hum.

    Parameters
    ----------
    sources
        Moments whose second cannot be had are left out.
    seed
        Of the other sounds.

    Raises
    ------
    InputError
        If no moment is left.
    """
    kept = [Annotated(one.recording, _audible(one)) for one in sources]
    count = sum(len(one.moments) for one in kept)
    if not count:
        raise InputError('None of the recordings has a moment with a box and a whole second of sound '
                         'around it; give longer recordings.')
    pool = _pool([one for one in kept if one.moments])
    files = [one.recording.path.name for one in kept]
    return CaseSet(partial(_cases, kept, pool, seed), count, tuple(heard for _, heard in pool),
                    {'seed': seed, 'files': files, 'moments': count, 'step': STEP / SECOND})


def _audible(source: Annotated) -> tuple[AnnotatedMoment, ...]:
    audible = source.recording.audible(_ends(source))
    return tuple(moment for moment, heard in zip(source.moments, audible, strict=True) if heard)


def _ends(source: Annotated) -> NDArray[np.int64]:
    return source.recording.stamps[[moment.frame for moment in source.moments]] + HALF


def _pool(sources: Sequence[Annotated]) -> Pool:
    """Return seconds of all recordings, of each as many, spread over it."""
    each = max(1, POOLED // len(sources))
    pool: list[tuple[Path, Heard]] = []
    for source in sources[:POOLED]:
        moments = [moment for moment in source.moments if moment.sounding] or source.moments
        places = np.unique(np.linspace(0, len(moments) - 1, min(each, len(moments))).astype(int))
        some = Annotated(source.recording, tuple(moments[place] for place in places))
        pool.extend((source.recording.path, Heard(sound.samples, '+'.join(moment.sounding), SOUNDING))
                    for moment, sound in zip(some.moments, some.recording.sounds(_ends(some)), strict=True)
                    if isinstance(sound, Sound))
    return tuple(pool)


def _cases(sources: Sequence[Annotated], pool: Pool, seed: int) -> Iterator[Case]:
    rng, number = np.random.default_rng(seed), 0
    for source in sources:
        if not source.moments:
            continue
        elsewhere = [heard for path, heard in pool if heard.name and path != source.recording.path]
        frames = source.recording.frames(moment.frame for moment in source.moments)
        sounds = source.recording.sounds(_ends(source))
        for moment, frame, sound in zip(source.moments, frames, sounds, strict=True):
            if isinstance(sound, Sound):
                others = _others(moment, frame.rgb, elsewhere, number, rng)
                yield Case(View(frame.rgb, moment.objects), (_own(moment, sound), *others),
                           source.recording.path.name)
                number += 1


def _own(moment: AnnotatedMoment, sound: Sound) -> Heard:
    if moment.sounding:
        return Heard(sound.samples, '+'.join(moment.sounding), SOUNDING)
    return Heard(sound.samples, '', 'silence' if sound.level < QUIET else 'elsewhere')


def _others(moment: AnnotatedMoment, rgb: NDArray[np.uint8], elsewhere: Sequence[Heard], number: int,
            rng: np.random.Generator) -> Iterator[Heard]:
    in_view = {name for name, _ in moment.objects}
    strange = [heard for heard in elsewhere if not in_view & set(heard.name.split('+'))]
    if strange:
        chosen = strange[int(rng.integers(len(strange)))]
        yield Heard(chosen.samples, chosen.name, 'elsewhere')
    kind = _NAMELESS[number % len(_NAMELESS)]
    yield Heard(negative_scene(_NO_BANK, Picture(rgb, ()), kind, rng).samples, '', kind)


def spaced(stamps: NDArray[np.int64], first: int, last: int) -> list[int]:
    """Return the places of the frames nearest to every `STEP` from `first` to `last`, none twice."""
    times = np.arange(first, last + 1, STEP)
    after = np.clip(np.searchsorted(stamps, times), 1, max(1, len(stamps) - 1))
    nearest = np.where(times - stamps[after - 1] <= stamps[after % len(stamps)] - times, after - 1, after)
    return sorted({int(place) for place in np.clip(nearest, 0, len(stamps) - 1)})
