"""Which audio messages are installed, and which of them a topic carries."""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.node import Node

from ros2_avloc.errors import AvlocError
from ros2_avloc.messages.sounds import TYPES

PACKAGE = 'audio_common_msgs'


def audio_message_type(name: str) -> type[Any]:
    """Return the class of an audio message.

    Raises
    ------
    AvlocError
        If the package is not installed, or is the other one of that name.
    """
    kind = _find(name)
    if kind is None:
        source = 'mgonzs13/audio_common' if name == 'AudioStamped' else 'ros-$ROS_DISTRO-audio-common-msgs'
        raise AvlocError(f'{PACKAGE}/{name} is not installed here; install {source}, which has it '
                         '(there are two packages of this name), and build this workspace again.')
    return kind


def audio_info_type() -> type[Any] | None:
    """Return the class of the AudioInfo that comes on a topic of its own, if it is installed."""
    kind = _find('AudioInfo')
    return kind if kind is not None and hasattr(kind, 'coding_format') else None


def published_audio_type(node: Node, topic: str) -> str:
    """Name the type that is published on a topic; empty while nobody publishes.

    Raises
    ------
    AvlocError
        If it is none of `sounds.TYPES`.
    """
    kinds = {info.topic_type for info in node.get_publishers_info_by_topic(topic)}
    for name in TYPES:
        if f'{PACKAGE}/msg/{name}' in kinds:
            return name
    if kinds:
        raise AvlocError(f'{topic} carries {", ".join(sorted(kinds))}, which is none of the audio messages '
                         f'{", ".join(TYPES)} of {PACKAGE}; remap audio to the right topic.')
    return ''


def _find(name: str) -> type[Any] | None:
    try:
        return getattr(importlib.import_module(f'{PACKAGE}.msg'), name, None)
    except ImportError:
        return None
