"""What every recording offers, whether a video file or a rosbag2 recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import Chunk
from ros2_avloc.audio.sound import Missing, Sound
from ros2_avloc.vision.frame import Frame

SECOND = 1_000_000_000
"""In ns."""

HALF = SECOND // 2
"""From a frame to the end of the second around it, ns, as in "Objects that Sound"."""

Stamps = NDArray[np.int64]
"""Times in ns."""


class Recording(Protocol):
    """A camera and a microphone, recorded.

    It holds an index only; pictures and sounds are decoded when asked for. No file stays open between calls,
    so that several processes can use one recording at once.

    Attributes
    ----------
    path
        The file or folder.
    begin
        Stamp at which it begins, ns.
    stamps
        Of its frames, int64 ``(n,)``, rising.
    camera_info
        The first sensor_msgs/CameraInfo beside the frames; ``None`` where there is none.
    unused
        How many of what are not used, in words that say why.
    """

    path: Path
    begin: int
    stamps: Stamps
    camera_info: Any
    unused: Counter[str]

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Decode frames by their place in `stamps`.

        Rising indices are read in one pass, and what lies between is skipped where it can be.

        Raises
        ------
        InputError
            If a frame cannot be read.
        """

    def audible(self, untils: Stamps) -> NDArray[np.bool_]:
        """Say of each time whether `sounds` has the second that ends then."""

    def sounds(self, untils: Iterable[int]) -> Iterator[Sound | Missing]:
        """Give the seconds that end at the times `untils` (ns, rising), or say why they cannot be had.

        As in `audio.timeline.Timeline.second` the ends are rounded down to multiples of 240 samples.

        Raises
        ------
        InputError
            If the audio cannot be read.
        """

    def arrivals(self) -> Iterator[Frame | Chunk]:
        """Give all frames and chunks of audio in the order in which a node would receive them.

        Raises
        ------
        InputError
            If a part cannot be read.
        """

