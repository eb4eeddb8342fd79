"""Photos, drawings and recordings, decoded or made once and held in memory; scenes are composed from them.

A pack is a directory with an ``INDEX.csv`` that names, for each file, its kind, category, split and
group. The category never reaches a network: it says which photo and which recording make one pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE, SOUND_SAMPLES
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.packs import (
    AUDIO,
    IMAGE,
    Row,
    box_of,
    nameless,
    part_of,
    read_index,
    starts_of,
)
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.sounds import NEGATIVES, negative, synthesise
from ros2_avloc.simulation.views import SpriteBank

PHOTO_SIDE = 150
"""Photos are kept no larger than this (longer side, px): no object is composed larger."""

PixelBox = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True)
class Photo:
    """One object: uint8 ``(h, w, 4)`` RGBA, cropped to its box; opaque throughout unless it is cut out."""

    rgba: NDArray[np.uint8]
    cut_out: bool


@dataclass(frozen=True)
class Recording:
    """Mono int16 at 48 kHz, and the samples at which its seconds that hold sound begin."""

    samples: NDArray[np.int16]
    starts: NDArray[np.int64]


@dataclass(frozen=True)
class Bank:
    """Everything that scenes of one source are composed from.

    Attributes
    ----------
    recordings
        By category; each category can also be seen.
    negatives
        Sounds that nothing in any picture makes, by name.
    photos, backgrounds
        Objects by category, and scenes without them, uint8 ``(h, w, 3)``; empty where there are `drawings`.
    drawings
        Of the simulated world, else ``None``.
    """

    recordings: dict[str, list[Recording]]
    negatives: dict[str, list[Recording]]
    photos: dict[str, list[Photo]] = field(default_factory=dict)
    backgrounds: list[NDArray[np.uint8]] = field(default_factory=list)
    drawings: SpriteBank | None = None


def pack_bank(root: Path, part: str) -> Bank:
    """Read one part of a pack.

    Parameters
    ----------
    root
        Directory of the pack, which holds ``INDEX.csv``.
    part
        ``'learn'``, ``'calibrate'`` (both from the split `train`, by group) or ``'val'``.

    Raises
    ------
    InputError
        If the index cannot be used, a file of it cannot be read, or nothing of it is both seen and heard.
    """
    rows = [row for row in read_index(root) if part_of(row) == part]
    photos: dict[str, list[Photo]] = defaultdict(list)
    recordings: dict[str, list[Recording]] = defaultdict(list)
    negatives: dict[str, list[Recording]] = defaultdict(list)
    backgrounds = []
    for row in rows:
        if row['kind'] == IMAGE:
            photos[row['category']].append(_photo(root, row))
        elif row['kind'] == AUDIO:
            wanted = negatives if nameless(row) else recordings
            wanted[row['category']].append(_recording(root, row))
        else:
            backgrounds.append(_background(root, row))
    heard = {category: clips for category, clips in recordings.items() if category in photos}
    if not heard:
        where = 'one group in eight of the split train' if part == 'calibrate' else f'the part {part!r}'
        raise InputError(f'{root} has no category with both photos and recordings in {where}; give a pack of '
                         'more groups, or another split.')
    return Bank(heard, dict(negatives), dict(photos), backgrounds)


def simulated_bank(seed: int, per_kind: int = 120) -> Bank:
    """Make the sounds of a simulated world, and its drawings; another seed makes other individuals.

    Parameters
    ----------
    seed
        Decides everything.
    per_kind
        Drawings, and sounds of 3 s, of each kind; of each sound that nothing makes, a quarter as many.
    """
    rng = np.random.default_rng(seed)
    recordings = {kind: [_made(synthesise(kind, rng, 3.0)) for _ in range(per_kind)] for kind in KINDS}
    negatives = {name: [_made(negative(name, rng, 3.0)) for _ in range(max(1, per_kind // 4))]
                 for name in NEGATIVES}
    drawings = SpriteBank(seed, per_kind=per_kind, panoramas=max(8, per_kind // 2))
    return Bank(recordings, negatives, drawings=drawings)


def _made(samples: NDArray[np.float32]) -> Recording:
    starts = np.arange(0, len(samples) - SOUND_SAMPLES, SAMPLE_RATE // 4)
    return Recording(np.rint(samples * 32_767).astype(np.int16), starts)


def _image(root: Path, row: Row) -> NDArray[np.uint8]:
    image = cv2.imread(str(root / row['path']), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(f'{root / row["path"]} cannot be read as an image.')
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGR2RGBA if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def _photo(root: Path, row: Row) -> Photo:
    left, top, width, height = box_of(row)
    rgba = _image(root, row)[top:top + height, left:left + width]
    if not rgba.size:
        raise InputError(f'{root / row["path"]}: its box {row["box_xywh"]!r} lies outside the picture.')
    scale = PHOTO_SIDE / max(rgba.shape[:2])
    if scale < 1:
        rgba = np.asarray(cv2.resize(rgba, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return Photo(np.ascontiguousarray(rgba), cut_out=row['mask'].startswith('alpha'))


def _background(root: Path, row: Row) -> NDArray[np.uint8]:
    rgb = _image(root, row)[..., :3]
    scale = max(224 / min(rgb.shape[:2]), 1.0)
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)


def _recording(root: Path, row: Row) -> Recording:
    starts = np.array(starts_of(row)) * SAMPLE_RATE
    return Recording(read_audio(root / row['path']), starts.astype(np.int64))


def read_audio(path: Path) -> NDArray[np.int16]:
    """Decode an audio file to mono int16 at 48 kHz.

    Raises
    ------
    InputError
        If the file cannot be decoded.
    """
    resampler = av.AudioResampler(format='s16', layout='mono', rate=SAMPLE_RATE)
    try:
        with av.open(str(path)) as container:
            decoded: Iterable[av.AudioFrame | None] = [*container.decode(audio=0), None]
            blocks = [block.to_ndarray()[0] for frame in decoded for block in resampler.resample(frame)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise InputError(f'{path} cannot be read as audio: {error}.') from error
    if not sum(map(len, blocks)):
        raise InputError(f'{path} cannot be read as audio: it holds no sound.')
    return np.concatenate(blocks, dtype=np.int16)


def categories(banks: Sequence[Bank]) -> list[str]:
    """Return the names of all categories of `banks`, sorted: the identities that pairs are told apart by."""
    return sorted({category for bank in banks for category in bank.recordings})
