"""Moments of recordings, decoded, as items to learn from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.drawing import (
    VISITS,
    Moment,
    Round,
    draw_moment,
    draw_round,
    lengths_of,
)
from ros2_avloc.learning.material.parting import part_of_recordings
from ros2_avloc.learning.material.streams import Item, Rng
from ros2_avloc.learning.material.variation import Variation
from ros2_avloc.recordings.finding import find_recordings, open_recording
from ros2_avloc.recordings.recording import HALF, Recording
from ros2_avloc.recordings.topics import BY_TYPE, Named


@dataclass(frozen=True)
class Sample:
    """What there is to learn from, whatever its source.

    Attributes
    ----------
    rgb
        A frame, uint8 ``(224, 224, 3)``.
    samples
        A second of sound, float32 ``(48240,)``.
    identity
        Number of the recording.
    """

    rgb: NDArray[np.uint8]
    samples: NDArray[np.float32]
    identity: int


class Moments:
    """Frames with the sound around them, of recordings.

    Item k depends on the seed and on k alone. The items of a group (``group`` numbers that follow one
    another, from a multiple of it on) are at the same place of recordings that differ, as far as there are so
    many. A recording that turns out to be damaged is passed over with a warning, and the next one takes its
    place.

    Parameters
    ----------
    recordings
        At least one with a frame that has a second of sound around it; those that have none are left out.
    seed
        Of all that is drawn.
    group
        Items of a batch, over all processes.

    Attributes
    ----------
    recordings
        Those that can be used; their places are the identities.
    usable
        Stamps of the frames of each that have a second of sound around them.

    Raises
    ------
    InputError
        If no recording can be used.
    """

    def __init__(self, recordings: Sequence[Recording], seed: int, group: int = 64) -> None:
        kept = [(recording, recording.audible(recording.stamps + HALF)) for recording in recordings]
        self.recordings = [recording for recording, audible in kept if audible.any()]
        if not self.recordings:
            raise InputError('None of the recordings has a frame with a second of sound around it: '
                             'record camera and microphone together, for two seconds or more.')
        self._frames = [np.flatnonzero(audible) for _, audible in kept if audible.any()]
        self.usable = [recording.stamps[frames]
                        for recording, frames in zip(self.recordings, self._frames, strict=True)]
        self._lengths = lengths_of(self.usable)
        self.seed, self.group = seed, group
        self._round: tuple[int, Round] | None = None
        self._decoded: dict[tuple[int, int], Sample] = {}  # of one round, by visit and slot
        self._decoded_round = -1
        self._group, self._stride = -1, VISITS
        self._damaged: set[int] = set()

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.recordings)

    def item(self, number: int, rng: Rng) -> Item:
        """Return item `number`; `rng` is not used, for a recording's moments are decoded together."""
        sample = self.sample(number)
        return _picture(sample) | _sound(sample) | {'group': torch.tensor(number // self.group)}

    def sample(self, number: int) -> Sample:
        """Return the moment of item `number`, decoded and varied."""
        turn, visit, slot = self._place(number)
        self._follow(number // self.group)
        if turn != self._decoded_round:
            self._decoded_round, self._decoded = turn, {}
        if (visit, slot) not in self._decoded:
            self._visit(turn, range(visit, VISITS, self._stride), slot)
        return self._decoded[visit, slot]

    def draw(self, number: int) -> Moment:
        """Return what is drawn for item `number`."""
        turn, visit, slot = self._place(number)
        drawn = self._round_of(turn)
        recording = int(drawn.recordings[slot])
        while recording in self._damaged:
            recording = (recording + 1) % len(self.recordings)
        return draw_moment(recording, self.usable[recording], float(drawn.places[visit]),
                           np.random.default_rng([self.seed, 1, number]))

    def vary(self, number: int) -> Variation:
        """Return how item `number` is varied."""
        return Variation.draw(np.random.default_rng([self.seed, 2, number]))

    def times(self, moment: Moment) -> tuple[int, int]:
        """Return stamps of a moment: of the frame, and of the mid-point of the sound, ns."""
        usable = self.usable[moment.recording]
        return int(usable[moment.seen]), int(usable[moment.heard])

    def _place(self, number: int) -> tuple[int, int, int]:
        """Return round, visit and slot of an item."""
        batch, slot = divmod(number, self.group)
        return batch // VISITS, batch % VISITS, slot

    def _round_of(self, turn: int) -> Round:
        if self._round is None or self._round[0] != turn:
            drawn = draw_round(self._lengths, self.group, np.random.default_rng([self.seed, 0, turn]))
            self._round = turn, drawn
        return self._round[1]

    def _follow(self, group: int) -> None:
        """Learn which groups this process is asked for: with two workers, every other."""
        if group > self._group >= 0:
            self._stride = group - self._group
        self._group = group

    def _visit(self, turn: int, visits: Sequence[int], slot: int) -> None:
        """Decode those moments of a round that will be asked for, of one recording."""
        numbers = [(turn * VISITS + visit) * self.group + slot for visit in visits]
        moments = [self.draw(number) for number in numbers]
        try:
            samples = self._decode(moments, [self.vary(number) for number in numbers])
            self._decoded.update(zip([(visit, slot) for visit in visits], samples, strict=True))
        except InputError as error:
            self._damaged.add(moments[0].recording)
            if len(self._damaged) == len(self.recordings):
                raise
            warnings.warn(f'{error} Training goes on without it.', stacklevel=2)
            self._visit(turn, visits, slot)

    def _decode(self, moments: Sequence[Moment], variations: Sequence[Variation]) -> list[Sample]:
        number = moments[0].recording
        recording, frames, usable = self.recordings[number], self._frames[number], self.usable[number]
        seen, seen_by = np.unique([moment.seen for moment in moments], return_inverse=True)
        heard, heard_by = np.unique([moment.heard for moment in moments], return_inverse=True)
        pictures: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)] * len(moments)
        for place, frame in enumerate(recording.frames(frames[seen])):
            for moment in np.flatnonzero(seen_by == place):
                pictures[moment] = variations[moment].picture(frame.rgb)
        sounds = list(recording.sounds(usable[heard] + HALF))
        samples = []
        for picture, variation, place in zip(pictures, variations, heard_by, strict=True):
            second = sounds[place]
            if not isinstance(second, Sound):
                raise InputError(f'{recording.path} lacks sound that its index names; leave it out.')
            samples.append(Sample(picture, variation.sound(second.samples), number))
        return samples


def read_recordings(root: Path, named: Named = BY_TYPE, part: str = '') -> list[Recording]:
    """Open all recordings below a folder, or a `part` of them (see `parting`).

    Those that cannot be read are left out with a warning.

    Raises
    ------
    InputError
        If none can be read.
    """
    opened, error, paths = [], None, find_recordings(root)
    for path in part_of_recordings(root, paths, part) if part else paths:
        try:
            opened.append(open_recording(path, named))
        except InputError as damaged:
            error = damaged
            warnings.warn(str(damaged), stacklevel=2)
    if error and not opened:
        raise error
    return opened


def _picture(sample: Sample) -> Item:
    return {'image': torch.from_numpy(sample.rgb.transpose(2, 0, 1).copy()),
            'identity': torch.tensor(sample.identity)}


def _sound(sample: Sample) -> Item:
    return {'spectrogram': torch.from_numpy(spectrogram(sample.samples))[None]}
