"""rosbag2 recordings of messages as they came over the wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from rosbags.interfaces import Connection, Nodetype
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.writing import writing

METADATA_VERSION: Literal[9] = 9
"""Version of rosbag2's metadata.yaml: what Jazzy and later write, and Humble's reader still takes."""


class BagWriter:
    """Write serialised messages into a new rosbag2 recording (MCAP, compressed with zstd).

    Parameters
    ----------
    path
        Folder of the recording; must not exist yet.
    share
        Folders that hold ``<package>/msg/<Name>.msg``, searched for the types that rosbags does not
        bring itself: the ``share`` folders of a ROS installation.

    Raises
    ------
    InputError
        When the folder exists already or cannot be made.
    """

    def __init__(self, path: Path, *, share: Sequence[Path] = ()) -> None:
        self._path, self._share = path, share
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Connection] = {}
        try:
            self._writer = Writer(path, version=METADATA_VERSION, storage_plugin=StoragePlugin.MCAP)
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
        except WriterError as error:
            raise InputError(f'Cannot record: {error} Remove it or choose another name.') from error
        except OSError as error:
            raise InputError(f'Cannot record: {error}; choose another place.') from error

    def write(self, topic: str, message_type: str, stamp: int, message: bytes) -> None:
        """Append one message.

        Parameters
        ----------
        topic
            Full name of the topic.
        message_type
            For example ``sensor_msgs/msg/Image``.
        stamp
            When it was received, ns.
        message
            CDR, as a raw subscription hands it over.

        Raises
        ------
        InputError
            When the definition of the type is not found in the ``share`` folders, or the disk is full.
        """
        if topic not in self._connections:
            register_type(self._types, message_type, self._share)
            self._connections[topic] = self._writer.add_connection(
                topic, message_type, typestore=self._types
            )
        with writing(f'The recording {self._path}'):
            self._writer.write(self._connections[topic], stamp, message)

    def close(self) -> None:
        """Finish the recording."""
        with writing(f'The recording {self._path}'):
            self._writer.close()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def register_type(types: Typestore, message_type: str, share: Sequence[Path]) -> None:
    """Make a message type, and those it is made of, known to a type store.

    Parameters
    ----------
    types
        The store to add to.
    message_type
        For example ``vision_msgs/msg/Detection2DArray``.
    share
        Folders that hold ``<package>/msg/<Name>.msg``.

    Raises
    ------
    InputError
        When a definition is not found.
    """
    if message_type in types.types:
        return
    package, _, name = message_type.split('/')
    candidates = (folder / package / 'msg' / f'{name}.msg' for folder in share)
    path = next(filter(Path.is_file, candidates), None)
    if path is None:
        raise InputError(
            f'The definition of {message_type} was not found below '
            f'{", ".join(map(str, share)) or "any folder"}: install the package {package}.'
        )
    found = get_types_from_msg(path.read_text(encoding='utf-8'), message_type)
    for _, fields in found.values():
        for _, kind in fields:
            for part in _named_types(kind):
                register_type(types, part, share)
    types.register(found)


def _named_types(kind: Any) -> Iterator[str]:
    """Go through rosbags' description of a field's type: a name, or an array or sequence of it."""
    node, inner = kind
    if node is Nodetype.NAME:
        yield inner
    elif node in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        yield from _named_types(inner[0])
