"""Opening recordings by their path, and finding them in folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ros2_avloc.audio.listening import Listening
from ros2_avloc.errors import InputError
from ros2_avloc.recordings.bag_file import LISTENING, BagFile
from ros2_avloc.recordings.recording import Recording
from ros2_avloc.recordings.topics import BY_TYPE, Named
from ros2_avloc.recordings.video_file import SUFFIXES, VideoFile

BAG_SUFFIXES = frozenset({'.mcap', '.db3'})


def open_recording(path: Path, named: Named = BY_TYPE, listening: Listening = LISTENING) -> Recording:
    """Open a video file, or a rosbag2 recording (its folder, or a single ``.mcap`` or ``.db3`` file).

    Parameters
    ----------
    path
        Where it is.
    named
        Topics of a rosbag2 recording.
    listening
        How the audio of a rosbag2 recording is heard.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    if not path.exists():
        raise InputError(f'{path} does not exist; give a video file or a rosbag2 recording.')
    if path.is_dir() or path.suffix.lower() in BAG_SUFFIXES:
        return BagFile(path, image=named.image, audio=named.audio, listening=listening)
    return VideoFile(path)


def find_recordings(root: Path) -> list[Path]:
    """Return the video files and rosbag2 recordings below a folder, however deep, in order of their names.

    A folder with a ``metadata.yaml`` is one recording; so is a file that is no part of such a folder. A
    `root` that is a recording itself is the only one.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(below(root))
    if not found:
        raise InputError(f'{root} holds neither a video file ({", ".join(sorted(SUFFIXES))}) '
                         'nor a rosbag2 recording.')
    return found


def below(path: Path, others: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Give what `find_recordings` returns, and the files with the endings `others`, in no order."""
    if path.is_dir() and not (path / 'metadata.yaml').is_file():
        for inner in path.iterdir():
            yield from below(inner, others)
    elif path.is_dir() or path.suffix.lower() in SUFFIXES | BAG_SUFFIXES | others:
        yield path
