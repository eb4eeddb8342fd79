"""rosbag2 recordings of a camera and a microphone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.listening import Listening
from ros2_avloc.audio.sound import Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.messages.sounds import format_of_info, to_chunk
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.recordings.bag_reader import BagReader
from ros2_avloc.recordings.recording import SECOND, Stamps
from ros2_avloc.recordings.tape import Tape
from ros2_avloc.recordings.topics import choose_topics, frame_of
from ros2_avloc.vision.frame import Frame

FARTHEST = 2 * SECOND
"""How much longer or shorter than usual a frame may be under way, ns; else its stamp is wrong."""

LISTENING = Listening()
"""As the node hears unless it is told otherwise."""


class BagFile:
    """A rosbag2 recording, as `recordings.recording.Recording`.

    When it is opened its audio is replayed once, through the node's own hearing: stamps, drift and losses
    are treated as on the robot, and a second of sound is the one that the robot would have heard.

    Parameters
    ----------
    path
        The recording's folder, or a single ``.mcap`` or ``.db3`` file.
    image, audio
        Topics; empty: found by their type, see `topics.choose_topics`.
    listening
        How the audio is heard, as the node's parameters would say.

    Raises
    ------
    InputError
        If it cannot be read, or its topics cannot be chosen.
    """

    def __init__(self, path: Path, *, image: str = '', audio: str = '',
                 listening: Listening = LISTENING) -> None:
        self.path = path
        self._listening = listening
        with BagReader(path) as bag, _named(path):
            self._topics = choose_topics(bag.topics, image, audio)
            self._told = self._first_format(bag)
            self.camera_info = next((info for _, _, info in bag.messages([self._topics.camera_info])), None)
            self.unused: Counter[str] = Counter()
            seen, self._tape = self._replay(bag)
        self.stamps: Stamps = np.array([stamp for stamp, _ in seen], np.int64)
        self._received = [received for _, received in seen]
        self.begin = int(self.stamps[0]) if seen else self._tape.begin

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Decode frames by their place in `stamps`."""
        with BagReader(self.path) as bag, _named(self.path):
            for index in map(int, indices):
                received = self._received[index]
                found = bag.messages([self._topics.image], received, received + 1)
                yield next(frame_of(message) for _, _, message in found
                           if _stamp(message) == self.stamps[index])

    def audible(self, untils: Stamps) -> NDArray[np.bool_]:
        """Say of each time whether the second that ends then was heard."""
        return self._tape.audible(untils)

    def sounds(self, untils: Iterable[int]) -> Iterator[Sound | Missing]:
        """Give the seconds that end at the times `untils` (ns)."""
        return map(self._tape.second, map(int, untils))

    def arrivals(self) -> Iterator[Frame | Chunk]:
        """Give frames and chunks of audio in the order of their receipt; what cannot be read is left out."""
        with BagReader(self.path) as bag:
            for _, item in self._items(bag, Counter()):
                with suppress(InputError):
                    yield item if isinstance(item, Chunk) else frame_of(item)

    def _first_format(self, bag: BagReader) -> AudioFormat:
        """Return what the first AudioInfo says, else what holds without one."""
        for _, _, info in bag.messages([self._topics.audio_info]):
            return format_of_info(info, self._listening.format.sample_format)
        return self._listening.format

    def _replay(self, bag: BagReader) -> tuple[list[tuple[int, int]], Tape]:
        """Hear the whole recording; return stamp and receipt (ns) of each frame, by stamp, and the tape."""
        hearing = Hearing(select=self._listening.select, stamp_at=self._listening.stamp_at)
        tape, seen = Tape(hearing), []
        for received, item in self._items(bag, self.unused):
            if isinstance(item, Chunk):
                try:
                    hearing.hear(item)
                except InputError as error:  # the node goes on too
                    self.unused[f'messages of audio: {error}'] += 1
                tape.follow()
            else:
                seen.append((_stamp(item), received))
        tape.finish()
        return sorted(self._fitting(seen)), tape

    def _fitting(self, seen: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return frames whose stamps can be; of two with one stamp the first.

        Each is compared with those around it, as time may start over within a recording.
        """
        if not seen:
            return []
        delays = np.array([received - stamp for stamp, received in seen], np.float64)
        usual = median_filter(delays, size=5, mode='mirror')
        fits = np.abs(delays - usual) <= FARTHEST
        once = dict(one for one, fit in zip(reversed(seen), fits[::-1].tolist(), strict=True) if fit)
        self.unused += Counter({'frames whose stamps do not fit those around them': int((~fits).sum()),
                                'frames with the stamp of another': int(fits.sum()) - len(once)})
        return list(once.items())

    def _items(self, bag: BagReader, unused: Counter[str]) -> Iterator[tuple[int, Any]]:
        """Give when each item was received (ns): chunks of audio, and image messages; count the rest."""
        told, topics, listening = self._told, self._topics, self._listening
        for topic, received, message in bag.messages([topics.image, topics.audio, topics.audio_info]):
            try:
                if topic == topics.audio_info:
                    told = format_of_info(message, listening.format.sample_format)
                elif topic == topics.audio:
                    chunk = to_chunk(message, received, told, listening.offset)
                    if chunk is not None:
                        yield received, chunk
                elif _stamp(message):
                    yield received, message
                else:
                    unused['frames without a stamp'] += 1
            except InputError as error:  # the node passes over messages that it cannot use
                unused[f'messages of {topic}: {error}'] += 1


def _stamp(message: Any) -> int:
    """Return the stamp of an image message in ns; 0 where it has none."""
    return to_nanoseconds(message.header.stamp)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the recording in what is wrong with a part of it."""
    try:
        yield
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f'{path}: {error}') from error
