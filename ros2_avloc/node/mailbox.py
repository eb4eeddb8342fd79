"""What the callbacks hand over to the worker."""

from __future__ import annotations

import threading
from collections import Counter, deque
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
    """Bounded queues, one per stream, between the executor's thread and the worker's.

    The oldest message makes room for the newest; what is lost so is counted.
    """

    def __init__(self) -> None:
        self._queues: dict[Stream, deque[Mail]] = {stream: deque() for stream in Stream}
        self._lost: Counter[Stream] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, mail: Mail) -> None:
        """Add a message; never blocks for long."""
        with self._changed:
            queue = self._queues[mail.stream]
            if len(queue) == _ROOM[mail.stream]:
                queue.popleft()
                self._lost[mail.stream] += 1
            queue.append(mail)
            self._changed.notify()

    def take_all(self, timeout: float) -> list[Mail]:
        """Take all that is there, or wait up to `timeout` seconds for something.

        What describes a stream comes before the stream, and sound before images, so that a frame
        finds the sound that came with it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(self._queues.values()), timeout)
            mails = [mail for stream in Stream for mail in self._queues[stream]]
            for queue in self._queues.values():
                queue.clear()
            return mails

    def close(self) -> None:
        """Wake the worker for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nobody will put anything in any more."""
        return self._closed

    @property
    def lost(self) -> dict[Stream, int]:
        """How many messages of each stream found no room."""
        with self._changed:
            return dict(self._lost)
