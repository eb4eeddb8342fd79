"""What the callbacks hand over to the worker."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Stream(Enum):
    """The inputs of the node, by the names of their topics."""

    AUDIO_INFO = 'audio_info'
    CAMERA_INFO = 'camera_info'
    AUDIO = 'audio'
    IMAGE = 'image'


@dataclass(frozen=True)
class Mail:
    """A message that has arrived.

    Attributes
    ----------
    stream
        Where.
    message
        As ROS gave it.
    arrival
        ROS time in ns by the node's clock.
    """

    stream: Stream
    message: Any
    arrival: int


_ROOM = {Stream.AUDIO_INFO: 4, Stream.CAMERA_INFO: 4, Stream.AUDIO: 1024, Stream.IMAGE: 8}


class Mailbox:
    """Bounded queues, one per stream, from the executor's thread to the worker's.

    The oldest message makes room for the newest; what is lost so is counted. Neither thread ever waits for
    a lock that the other holds.
    """

    def __init__(self) -> None:
        self._queues: dict[Stream, deque[Mail]] = {stream: deque() for stream in Stream}
        self._lost: Counter[Stream] = Counter()
        self._asleep = threading.Lock()  # released, by anyone, to let the worker look
        self._asleep.acquire()
        self._closed = False

    def put(self, mail: Mail) -> None:
        """Add a message."""
        queue = self._queues[mail.stream]
        if len(queue) >= _ROOM[mail.stream]:
            with suppress(IndexError):  # the worker has just taken all
                queue.popleft()
                self._lost[mail.stream] += 1
        queue.append(mail)
        self._wake()

    def take_all(self, timeout: float) -> list[Mail]:
        """Take all that is there, or wait up to `timeout` seconds for something; it may be nothing.

        What describes a stream comes before the stream, and sound before images, so that a frame
        finds the sound that came with it.
        """
        if not self._closed:
            self._asleep.acquire(timeout=timeout)
        # what comes first is taken last: all of it is there that was put in before what has been taken
        taken = {stream: list(_drained(self._queues[stream])) for stream in reversed(Stream)}
        return [mail for stream in Stream for mail in taken[stream]]

    def close(self) -> None:
        """Wake the worker for the last time."""
        self._closed = True
        self._wake()

    @property
    def closed(self) -> bool:
        """Whether nobody will put anything in any more."""
        return self._closed

    @property
    def lost(self) -> dict[Stream, int]:
        """How many messages of each stream found no room."""
        return dict(self._lost)

    def _wake(self) -> None:
        with suppress(RuntimeError):  # it will look again before it sleeps
            self._asleep.release()


def _drained(queue: deque[Mail]) -> Iterator[Mail]:
    with suppress(IndexError):
        while True:
            yield queue.popleft()
