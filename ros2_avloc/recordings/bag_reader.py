"""rosbag2 recordings (MCAP, SQLite): messages as they were received. No ROS is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import Connection, MessageDefinitionFormat
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from ros2_avloc.errors import InputError

DEFINITIONS = {
    'audio_common_msgs/msg/AudioData': 'uint8[] data\n',
    'audio_common_msgs/msg/AudioDataStamped':
        'std_msgs/Header header\naudio_common_msgs/AudioData audio\n',
    'audio_common_msgs/msg/AudioInfo':
        'uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\nstring coding_format\n',
}
"""Messages of ros-drivers/audio_common, for recordings that do not bring their definitions (before Iron)."""


class BagReader:
    """Reads a rosbag2 recording: its folder, or a single ``.mcap`` or ``.db3`` file.

    Definitions of messages come from the recording itself where it has them.

    Attributes
    ----------
    topics
        Name and message type of each.

    Raises
    ------
    InputError
        If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._types = get_typestore(Stores.ROS2_JAZZY)
        try:
            self._reader = Reader(path)
            self._reader.open()
            self._connections: list[Connection] = list(self._reader.connections)
        except Exception as error:  # rosbags raises whatever comes up in a damaged file
            raise self._damage(error) from error
        self.topics = {connection.topic: connection.msgtype for connection in self._connections}

    def messages(self, topics: Collection[str], start: int | None = None,
                 stop: int | None = None) -> Iterator[tuple[str, int, Any]]:
        """Read messages in the order in which they were received.

        Parameters
        ----------
        topics
            Names.
        start, stop
            Only messages received at or after `start` and before `stop`, ns.

        Yields
        ------
        tuple
            The topic, when it was received (ns), and the message, whose fields are as in ROS (arrays of
            NumPy).

        Raises
        ------
        InputError
            If the recording is damaged, or nobody defines a type.
        """
        wanted = [connection for connection in self._connections if connection.topic in topics]
        for connection in wanted:
            self._learn(connection)
        if not wanted:
            return
        missing = sum(connection.msgcount for connection in wanted) if start is stop is None else 0
        found = self._reader.messages(wanted, start, stop)
        while True:
            try:
                connection, received, raw = next(found)
                message = self._types.deserialize_cdr(raw, connection.msgtype)
            except StopIteration:
                break
            except Exception as error:  # as above
                raise self._damage(error) from error
            missing -= 1
            yield connection.topic, received, message
        if missing > 0:  # rosbags passes over parts that make no sense
            raise self._damage(f'{missing} of its messages are missing')

    def close(self) -> None:
        """Close the recording."""
        self._reader.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _learn(self, connection: Connection) -> None:
        """Make the type of a connection known, by the recording's own definition if it has one."""
        kind, definition = connection.msgtype, connection.msgdef
        if kind in self._types.fielddefs:
            return
        if definition.format == MessageDefinitionFormat.NONE and kind not in DEFINITIONS:
            raise InputError(f'{self.path} does not say how its messages of type {kind} are made up; '
                             'record it with ROS 2 Iron or later.')
        try:
            if definition.format == MessageDefinitionFormat.IDL:
                found = get_types_from_idl(definition.data)
            elif definition.format == MessageDefinitionFormat.MSG:
                found = get_types_from_msg(definition.data, kind)
            else:
                found = {name: types for known, text in DEFINITIONS.items()
                         for name, types in get_types_from_msg(text, known).items()}
            self._types.register({name: types for name, types in found.items()
                                  if name not in self._types.fielddefs})
        except Exception as error:  # as above
            raise self._damage(error) from error

    def _damage(self, error: object) -> InputError:
        return InputError(f'{self.path} cannot be read as a rosbag2 recording ({error}); '
                          'replace it or leave it out.')
