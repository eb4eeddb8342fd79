"""A recording through the pipeline of the node: ``avloc run``.

Nothing is late here, so that every frame whose second was recorded is looked at, where the node on a robot
passes over what it has no time for.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rclpy.serialization import serialize_message
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from ros2_avloc.audio.listening import Listening
from ros2_avloc.audio.sound import Missing, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.node.audio_format import format_of_settings
from ros2_avloc.node.calibration import Calibration
from ros2_avloc.node.messages import Where, type_name
from ros2_avloc.node.model import Model
from ros2_avloc.node.outputs import TYPES, Answers
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.tally import Tally
from ros2_avloc.pipeline import Result
from ros2_avloc.recordings.bag import BagWriter
from ros2_avloc.recordings.film import Film
from ros2_avloc.recordings.finding import open_recording
from ros2_avloc.recordings.recording import HALF, SECOND, Recording
from ros2_avloc.recordings.topics import Named
from ros2_avloc.share import message_folders
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose
from ros2_avloc.windows import RateLimit

T = TypeVar('T')

BAG, VIDEO = 'bag', 'overlay.mp4'
"""What is written."""

NODE = '/avloc'
"""Name of the node, under which its topics are recorded."""

CAMERA = 'camera_optical_frame'
"""Frame id of frames that have none, as those of video files: RViz shows nothing without one."""

class Recorded(Answers):
    """Writes all messages but the overlay, which is a video, into a bag; each at its frame's time."""

    def __init__(self, bag: BagWriter) -> None:
        super().__init__()
        self._bag = bag
        self._stamp = 0

    def publish(self, result: Result, sound: Sound, where: Where | None, settings: Settings) -> None:
        """Write the messages of a result."""
        self._stamp = result.frame.stamp
        super().publish(result, sound, where, settings)

    def _wanted(self, name: str) -> bool:
        return not name.startswith('overlay')

    def _send(self, name: str, message: Any) -> None:
        self._bag.write(f'{NODE}/{name}', type_name(TYPES[name]), self._stamp, serialize_message(message))


def run(path: Path, out: Path, settings: Settings, named: Named, console: Console) -> None:
    """Look at a recording, write a bag and a video into a new folder, and say what came of it.

    Parameters
    ----------
    path
        A video file or a rosbag2 recording.
    out
        The folder.
    settings
        Of the node; without transforms, tracks and bearings are told in the camera's frame.
    named
        Topics of a bag.
    console
        Who is told.

    Raises
    ------
    InputError
        If the recording cannot be used, the folder is there already, or no frame has its second of sound.
    AvlocError
        If the model cannot be used.
    """
    recording = open_recording(path, named, _listening(settings))
    _check(recording, settings)
    if out.exists():
        raise InputError(f'{out} is there already; name another folder, or remove it.')
    say = partial(_say, console)
    calibration = _calibration(recording, settings, say)
    model = Model(settings, EngineOptions(progress=say, warn=say))
    try:
        model.warm_up()
        _make(out)
        begun = time.monotonic()
        tally = _looked_through(recording, out, settings, model, calibration, console)
        seconds = time.monotonic() - begun
    finally:
        model.close()
    tally.tell(recording, settings, model, seconds, say)
    if tally.localised:
        say(f'Written: {out / BAG} (topics {NODE}/...) and {out / VIDEO}.')
    else:
        shutil.rmtree(out)
        raise InputError(f'No frame of {path} could be looked at, so nothing was written.')
    if tally.stopped:
        raise KeyboardInterrupt


def _check(recording: Recording, settings: Settings) -> None:
    """Refuse what nothing can come of.

    Raises
    ------
    InputError
        If there are no frames, or no sound for any.
    """
    unused = ''.join(f' Not used ({count}): {what}.' for what, count in recording.unused.items() if count)
    if not len(recording.stamps):
        raise InputError(f'{recording.path} holds no pictures that can be used; give a recording of a camera '
                         f'and a microphone.{unused}')
    if not recording.audible(recording.stamps + _later(settings)).any():
        raise InputError(f'No frame of {recording.path} has its second of sound; look at its audio, and at '
                         f'the parameters audio.offset, audio.sample_rate and audio.format.{unused}')


def _later(settings: Settings) -> int:
    """Return by how much the end of its second is later than a frame, ns."""
    return HALF if settings.window_alignment == 'centered' else 0


def _calibration(recording: Recording, settings: Settings, say: Callable[[str], None]) -> Calibration:
    calibration = Calibration(settings.camera_hfov)
    if recording.camera_info is not None:
        try:
            calibration.learn(recording.camera_info)
        except InputError as error:  # the node goes on too
            say(str(error))
    say(f'Camera: {calibration.describe()}.')
    return calibration


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise InputError(f'The folder {out} cannot be made ({error.strerror}); name another.') from error


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, soft_wrap=True, markup=False)


def _listening(settings: Settings) -> Listening:
    return Listening(format_of_settings(settings), settings.audio_select, settings.audio_stamp_at,
                     round(settings.audio_offset * SECOND))


def _looked_through(recording: Recording, out: Path, settings: Settings, model: Model,
                    calibration: Calibration, console: Console) -> Tally:
    pipeline, overlays, tally = model.pipeline(settings), Overlays(), Tally()
    places = _places(recording, settings)
    tally.left['frames more than window.max_rate'] = len(recording.stamps) - len(places)
    pose = Pose(np.eye(3), np.zeros(3))
    with BagWriter(out / BAG, share=message_folders()) as bag, \
            Film(out / VIDEO, _rate(recording, places), recording) as film, _stopped_at_once(tally):
        answers = Recorded(bag)
        looks = _looks(recording, places, _later(settings), tally)
        for frame, sound in track(looks, escape(recording.path.name), len(places), console=console):
            if not isinstance(frame, Frame):
                continue
            if not isinstance(sound, Sound):
                film.show(np.ascontiguousarray(frame.rgb[..., ::-1]), frame.stamp)
                continue
            height, width = frame.rgb.shape[:2]
            result = pipeline.process(frame, sound, calibration.camera(width, height), pose)
            where = Where.of(frame.frame_id, pose, frame.frame_id)
            answers.publish(result, sound, where, settings)
            tally.count(result)
            film.show(overlays.of(result, sound, where), frame.stamp)
    return tally


@contextmanager
def _stopped_at_once(tally: Tally) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the recording where it is, with all that was written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        tally.stopped = True
    finally:
        signal.signal(signal.SIGTERM, before)


def _places(recording: Recording, settings: Settings) -> list[int]:
    """Return the places of the frames to look at."""
    limit = RateLimit(settings.window_max_rate)
    return [place for place, stamp in enumerate(recording.stamps.tolist()) if limit.admits(stamp)]


def _rate(recording: Recording, places: Sequence[int]) -> float:
    """Return the usual frames per second."""
    apart = np.diff(recording.stamps[list(places)])
    return float(np.clip(SECOND / np.median(apart), 1.0, 240.0)) if len(apart) else 1.0


def _looks(recording: Recording, places: Sequence[int], later: int,
           tally: Tally) -> Iterator[tuple[Frame | None, Sound | None]]:
    """Give frames, each with its second, as far as both can be read and heard; the rest is counted."""
    untils = (recording.stamps[list(places)] + later).tolist()
    frames = _each(recording.frames, places, 'pictures that cannot be read', tally)
    sounds = _each(recording.sounds, untils, 'seconds of sound that cannot be read', tally)
    for frame, sound in zip(frames, sounds, strict=True):
        if isinstance(sound, Missing):
            tally.lack(sound)
        named = frame and (frame if frame.frame_id else replace(frame, frame_id=CAMERA))
        yield named, sound if isinstance(sound, Sound) else None


def _each(read: Callable[[Sequence[int]], Iterator[T]], wanted: Sequence[int], unread: str,
          tally: Tally) -> Iterator[T | None]:
    """Read one after the other; for one that cannot be read, which is counted, give ``None`` and go on."""
    found = read(wanted)
    for number in range(len(wanted)):
        try:
            yield next(found)
        except InputError as error:
            tally.fail(unread, error)
            found = read(wanted[number + 1:])
            yield None
