"""Pictures and sounds of moments, decoded to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.recording import Recording, Stamps
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.retrieval.material import open_material
from ros2_avloc.retrieval.moments import frames_at, second_around
from ros2_avloc.retrieval.searching import Hit

Key = tuple[str, int]
"""Path of the recording and stamp of the moment."""


@dataclass(frozen=True)
class Exhibit:
    """What is seen, uint8 ``(h, w, 3)``, and heard, float32 ``(48240,)``, at a moment; or nothing."""

    rgb: NDArray[np.uint8] | None
    samples: NDArray[np.float32] | None


def read_exhibits(root: Path, hits: Iterable[Hit], named: Named = BY_TYPE) -> dict[Key, Exhibit]:
    """Decode the moments of hits, each once; of what cannot be read any more there is nothing."""
    wanted: dict[str, set[int]] = {}
    for hit in hits:
        wanted.setdefault(hit.entry.identity.path, set()).add(hit.stamp)
    exhibits: dict[Key, Exhibit] = {}
    for path, stamps in wanted.items():
        times = np.array(sorted(stamps), np.int64)
        try:
            read = _read(open_material(root / path, named), times)
        except InputError:
            read = [Exhibit(None, None)] * len(times)
        exhibits.update({(path, time): one for time, one in zip(times.tolist(), read, strict=True)})
    return exhibits


def _read(recording: Recording, times: Stamps) -> list[Exhibit]:
    moments = zip(frames_at(recording, times), second_around(recording, times), strict=True)
    return [Exhibit(None if frame is None else frame.rgb, sound.samples if isinstance(sound, Sound) else None)
            for frame, sound in moments]
