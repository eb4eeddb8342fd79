"""How audio is heard that does not say so itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ros2_avloc.audio.chunk import AudioFormat


@dataclass(frozen=True)
class Listening:
    """What of the node's parameters a recording is heard by.

    Attributes
    ----------
    format
        Where no AudioInfo says it.
    select
        Channels that are mixed; none: all.
    stamp_at
        Whether stamps are of the first or of the last sample of a message.
    offset
        ns that are added to the stamps.
    """

    format: AudioFormat = AudioFormat('pcm', 'S16LE', 16_000, 1)
    select: tuple[int, ...] = ()
    stamp_at: Literal['start', 'end'] = 'start'
    offset: int = 0
