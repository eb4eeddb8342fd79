"""What can be searched: video files, rosbag2 recordings, files of sound alone, and photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.chunk import Chunk
from ros2_avloc.audio.sound import Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.container import BEGIN
from ros2_avloc.recordings.finding import below, open_recording
from ros2_avloc.recordings.recording import Recording, Stamps
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.recordings.video_file import VideoFile
from ros2_avloc.vision.frame import Frame

PHOTO_SUFFIXES = frozenset({'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff'})
SOUND_SUFFIXES = frozenset({'.wav', '.flac', '.ogg', '.oga', '.opus', '.mp3', '.m4a', '.aac', '.aiff'})

OWN_NAME = 'avloc-search'
"""With this begin the names of contact sheets, which are no photos to be searched."""


def find_material(folder: Path) -> list[Path]:
    """Return everything below a folder that can be searched, in order of names.

    Raises
    ------
    InputError
        If the folder cannot be read, or there is nothing.
    """
    if not folder.exists():
        raise InputError(f'{folder} does not exist; give a folder of recordings.')
    try:
        found = sorted(path for path in below(folder, PHOTO_SUFFIXES | SOUND_SUFFIXES)
                       if not path.name.startswith(OWN_NAME))
    except OSError as error:
        raise InputError(f'{folder} cannot be read ({error}); give a folder that can.') from error
    if not found:
        raise InputError(f'{folder} holds no recording: neither video files, rosbag2 recordings, '
                         'files of sound nor photos; give another folder.')
    return found


def root_of(folder: Path) -> Path:
    """Return what names of recordings are relative to: the folder; of a single recording, where it lies."""
    is_collection = folder.is_dir() and not (folder / 'metadata.yaml').is_file()
    return folder if is_collection else folder.absolute().parent


def open_material(path: Path, named: Named = BY_TYPE) -> Recording:
    """Open what `find_material` returned; of bags with several cameras or microphones take those `named`.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file():
        return Photo(path)
    if path.suffix.lower() in SOUND_SUFFIXES and path.is_file():
        return SoundFile(path)
    return open_recording(path, named)


class SoundFile(VideoFile):
    """A file of sound, as `recordings.recording.Recording` without frames; a cover is not looked at."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stamps: Stamps = np.empty(0, np.int64)


class Photo:
    """A picture file, as `recordings.recording.Recording` of one frame without sound."""

    camera_info = None

    def __init__(self, path: Path) -> None:
        self.path, self.begin = path, BEGIN
        self.unused: Counter[str] = Counter()
        self.stamps: Stamps = np.array([BEGIN], np.int64)

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Decode the picture, upright as its EXIF says, once for each index."""
        for _ in indices:
            yield Frame(self._rgb(), BEGIN, '')

    def audible(self, untils: Stamps) -> NDArray[np.bool_]:
        """Say that nothing is heard."""
        return np.zeros(len(untils), np.bool_)

    def sounds(self, untils: Iterable[int]) -> Iterator[Sound | Missing]:
        """Say of each time that there is no sound."""
        for _ in untils:
            yield Missing.NO_AUDIO

    def arrivals(self) -> Iterator[Frame | Chunk]:
        """Give the one frame."""
        return self.frames([0])

    def _rgb(self) -> NDArray[np.uint8]:
        try:
            bgr = cv2.imdecode(np.fromfile(self.path, np.uint8), cv2.IMREAD_COLOR)
        except (OSError, cv2.error) as error:
            raise InputError(f'{self.path} cannot be read as a picture ({" ".join(str(error).split())}); '
                             'replace the file or leave it out.') from error
        if bgr is None:
            raise InputError(f'{self.path} is damaged or no picture; replace the file or leave it out.')
        return np.ascontiguousarray(np.asarray(bgr, np.uint8)[..., ::-1])
