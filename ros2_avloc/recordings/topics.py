"""Which topics of a recording are camera and microphone, and what their messages hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ros2_avloc.errors import InputError
from ros2_avloc.messages.sounds import TYPES
from ros2_avloc.messages.stamps import to_nanoseconds
from ros2_avloc.vision.compressed import decode_compressed
from ros2_avloc.vision.encodings import to_rgb
from ros2_avloc.vision.frame import Frame

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
AUDIO = tuple(f'audio_common_msgs/msg/{name}' for name in TYPES)
AUDIO_INFO = 'audio_common_msgs/msg/AudioInfo'


@dataclass(frozen=True)
class Named:
    """Camera and microphone that somebody named, for recordings that have several; empty: by their type."""

    image: str = ''
    audio: str = ''


BY_TYPE = Named()


@dataclass(frozen=True)
class Topics:
    """Names of topics; empty where there is none."""

    image: str
    audio: str
    audio_info: str
    camera_info: str


def choose_topics(topics: Mapping[str, str], image: str = '', audio: str = '') -> Topics:
    """Choose camera and microphone.

    Parameters
    ----------
    topics
        Name and type of each topic of a recording.
    image, audio
        Names, where they are known. Otherwise the only topic of a type that fits is taken; of several image
        topics the one beside a CameraInfo, and the raw one before the compressed.

    Raises
    ------
    InputError
        If a topic that was named is not there or of another type, or several fit.
    """
    audio = _named(topics, audio, AUDIO) if audio else _only(_of(topics, *AUDIO), 'audio')
    infos = [name for name in _of(topics, AUDIO_INFO) if name == f'{audio}_info'] or _of(topics, AUDIO_INFO)
    image = _named(topics, image, (IMAGE, COMPRESSED)) if image else _camera(topics)
    beside = [name for name in _of(topics, CAMERA_INFO)
              if image and name.rpartition('/')[0] == _folder(image, topics[image])]
    return Topics(image, audio, infos[0] if infos else '', beside[0] if beside else '')


def _camera(topics: Mapping[str, str]) -> str:
    beside = {name.rpartition('/')[0] for name in _of(topics, CAMERA_INFO)}
    found = [_of(topics, kind) for kind in (IMAGE, COMPRESSED)]
    # A compressed image lies one level below the raw one.
    cameras = [[name for name in names if _folder(name, topics[name]) in beside] for names in found]
    return _only(next(filter(None, (*cameras, *found)), []), 'image')


def _folder(name: str, kind: str) -> str:
    return name.rpartition('/')[0].rpartition('/')[0] if kind == COMPRESSED else name.rpartition('/')[0]


def _of(topics: Mapping[str, str], *kinds: str) -> list[str]:
    return sorted(name for name, kind in topics.items() if kind in kinds)


def _named(topics: Mapping[str, str], name: str, kinds: tuple[str, ...]) -> str:
    if topics.get(name) not in kinds:
        there = ', '.join(_of(topics, *kinds)) or 'none'
        raise InputError(f'The recording has no topic {name} of type {" or ".join(kinds)}; of these it has '
                         f'{there}.')
    return name


def _only(found: list[str], what: str) -> str:
    if len(found) > 1:
        raise InputError(f'The recording has several {what} topics ({", ".join(found)}); '
                         f'name the one to take, as with --{what}-topic {found[0]}.')
    return found[0] if found else ''


def frame_of(message: Any) -> Frame:
    """Decode an Image or CompressedImage.

    Raises
    ------
    InputError
        If its content cannot be read.
    """
    if hasattr(message, 'format'):
        rgb = decode_compressed(message.data, message.format)
    else:
        rgb = to_rgb(message.data, encoding=message.encoding, height=message.height, width=message.width,
                     step=message.step, big_endian=bool(message.is_bigendian))
    return Frame(rgb, to_nanoseconds(message.header.stamp), message.header.frame_id)
