"""Video files as recordings: frames by their place, and seconds of sound by their time."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.container import BEGIN, audio_stream, opened, stamp_of, video_stream, zero_of
from ros2_avloc.recordings.recording import SECOND, Stamps
from ros2_avloc.recordings.video_sound import Samples, blocks, read_sound
from ros2_avloc.vision.frame import Frame

SUFFIXES = frozenset({'.mp4', '.m4v', '.mov', '.mkv', '.webm', '.avi', '.ts', '.mts', '.m2ts', '.mpg',
                      '.mpeg', '.3gp', '.ogv', '.flv', '.wmv'})
"""Endings by which video files are known in a folder."""

READ_AT_ONCE = 10 * SAMPLE_RATE
"""Most samples of sound that are held at a time."""


class VideoFile:
    """A video file, as `recordings.recording.Recording`.

    Its index is read from the packets, without decoding; a variable frame rate is what their times say.
    Stamps count from the beginning of the file, which is at `container.BEGIN`. Frames are turned upright
    where the file says that the camera was held otherwise. Sound is the mean of all channels.

    Parameters
    ----------
    path
        The file. It may lack sound, or moving pictures, but not both.

    Raises
    ------
    InputError
        If it cannot be read.
    """

    camera_info = None

    def __init__(self, path: Path) -> None:
        self.path, self.begin = path, BEGIN
        self.unused: Counter[str] = Counter()
        with opened(path) as container:
            self._zero = zero_of(container)
            index = _index(container)
        if not index.times and not index.heard:
            raise InputError(f'{path} holds neither pictures nor sound; leave it out.')
        self._times, self._keys = sorted(index.times), sorted(index.keys)
        self._places = {pts: place for place, pts in enumerate(self._times)}
        stamps = [stamp_of(pts, index.time_base, self._zero) for pts in self._times]
        self.stamps: Stamps = np.array(stamps, np.int64)
        # First and last sample at 48 kHz, counted from the beginning of the file.
        self._heard = [float((end - self._zero) * SAMPLE_RATE) for end in index.heard]

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Decode frames by their place in `stamps`; what lies before a key frame is jumped over."""
        with opened(self.path) as container:
            decoder, place = iter(_NO_PICTURES), -1
            wanted = list(map(int, indices))
            times = {self._times[index] for index in wanted}
            for index in wanted:
                key = self._key_before(index)
                if index <= place or key > place:
                    decoder = self._decode_from(container, key, times)
                place, picture = next((found for found in decoder if found[0] >= index), (-1, None))
                if place != index:
                    raise InputError(f'{self.path} is damaged: its frame {index} of {len(self.stamps)} '
                                     'cannot be decoded; replace the file or leave it out.')
                yield Frame(_upright(picture), int(self.stamps[index]), '')

    def audible(self, untils: Stamps) -> NDArray[np.bool_]:
        """Say of each time whether the whole second that ends then lies within the file's sound."""
        if not self._heard:
            return np.zeros(len(untils), np.bool_)
        ends = (np.asarray(untils, np.int64) - BEGIN) * SAMPLE_RATE // (SECOND * HOP) * HOP
        return (ends - SOUND_SAMPLES >= self._heard[0]) & (ends <= self._heard[1])

    def sounds(self, untils: Iterable[int]) -> Iterator[Sound | Missing]:
        """Give the seconds that end at the times `untils`; those that lie close together are read at once."""
        wanted = list(map(int, untils))
        audible = self.audible(np.array(wanted, np.int64))
        ends = [(until - BEGIN) * SAMPLE_RATE // (SECOND * HOP) * HOP for until in wanted]
        sound: Samples = np.zeros(0, np.float32)
        begin = 0
        for number, end in enumerate(ends):
            first = end - SOUND_SAMPLES
            if not audible[number]:
                late = bool(self._heard) and end > self._heard[1]
                yield Missing.NOT_YET if late else Missing.NO_AUDIO
                continue
            if first < begin or end > begin + len(sound):
                last = max(later for later in ends[number:] if later <= max(end, first + READ_AT_ONCE))
                sound, begin = read_sound(self.path, self._zero, first, last), first
            yield Sound(sound[first - begin:end - begin].copy(), end, 0)

    def arrivals(self) -> Iterator[Frame | Chunk]:
        """Give frames, and chunks of sound as they were encoded, in the order of their time."""
        return heapq.merge(self.frames(range(len(self.stamps))), self._chunks(), key=_arrival)

    def _chunks(self) -> Iterator[Chunk]:
        if not self._heard:
            return
        with opened(self.path) as container:
            rate = audio_stream(container).rate
            for place, samples in blocks(container, self._zero):
                stamp = BEGIN + place * SECOND // rate
                how = AudioFormat('pcm', 'F32LE', rate, samples.shape[1])
                yield Chunk(samples.tobytes(), how, stamp, stamp + len(samples) * SECOND // rate)

    def _key_before(self, index: int) -> int:
        """Return the place of the last key frame up to a frame."""
        key = bisect_right(self._keys, self._times[index]) - 1
        return self._places.get(self._keys[key], 0) if key >= 0 else 0

    def _decode_from(self, container: Any, key: int, wanted: set[int]) -> Iterator[tuple[int, Any]]:
        """Decode from a key frame on, or from the beginning where the container does not find it."""
        container.seek(self._times[key], stream=video_stream(container))
        decoder = self._decode(container, wanted)
        first = next(decoder, None)
        if first is None or first[0] > key:
            container.seek(0)
            return self._decode(container, wanted)
        return chain([first], decoder)

    def _decode(self, container: Any, wanted: set[int]) -> Iterator[tuple[int, Any]]:
        """Decode from where the container stands on, leaving out what is neither wanted nor referred to."""
        stream = video_stream(container)
        for packet in container.demux(stream):
            unknown = packet.pts is None or packet.pts in wanted
            stream.codec_context.skip_frame = 'DEFAULT' if unknown else 'NONREF'
            for picture in packet.decode():
                pts = picture.dts if picture.pts is None else picture.pts
                if pts in self._places:
                    yield self._places[pts], picture


_NO_PICTURES: list[tuple[int, Any]] = []


@dataclass(frozen=True)
class _Index:
    """Times of all frames and of key frames, in units of `time_base`; first and last of the sound, in s."""

    times: list[int]
    keys: list[int]
    time_base: Fraction
    heard: list[Fraction]


def _index(container: Any) -> _Index:
    """Read the times of all packets."""
    video, audio = video_stream(container), audio_stream(container)
    index = _Index([], [], Fraction(1) if video is None else video.time_base, [])
    first = last = None
    for packet in container.demux([stream for stream in (video, audio) if stream is not None]):
        pts = packet.dts if packet.pts is None else packet.pts
        if pts is None or packet.is_discard:
            continue
        if packet.stream is video:
            index.times.append(pts)
            if packet.is_keyframe:
                index.keys.append(pts)
        else:
            end = pts + (packet.duration or 0)
            first, last = pts if first is None else min(first, pts), end if last is None else max(last, end)
    if first is not None and last is not None:
        index.heard.extend(time * audio.time_base for time in (first, last))
    return index


def _upright(picture: Any) -> NDArray[np.uint8]:
    """Return a picture as uint8 ``(H, W, 3)``, turned as the file says (anticlockwise, in quarters)."""
    rgb = picture.to_ndarray(format='rgb24')
    quarters = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarters)) if quarters else rgb


def _arrival(item: Frame | Chunk) -> int:
    return item.stamp if isinstance(item, Frame) else item.arrival
