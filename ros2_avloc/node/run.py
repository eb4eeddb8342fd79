"""A recording through the pipeline of the node: ``avloc run``.

Nothing is late here, so that every frame whose second was recorded is looked at, where the node on a robot
passes over what it has no time for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.serialization import serialize_message
from rich.console import Console
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

BAG, VIDEO = 'bag', 'overlay.mp4'
"""What is written."""

NODE = '/avloc'
"""Name of the node, under which its topics are recorded."""

CAMERA = 'camera_optical_frame'
"""Frame id of frames that have none, as those of video files: RViz shows nothing without one."""

UNHEEDED = ('target_frame', 'audio.array')
"""Parameters that need transforms."""

UNREADABLE = 'cannot be read'
LACKS = {Missing.NO_AUDIO: 'before the first second of sound', Missing.NOT_YET: 'after the last sound',
         Missing.HOLE: 'where a part of the sound lacks'}

Look = tuple[Frame | InputError, Sound | Missing]
"""A frame, or why it cannot be read, and its second."""


@dataclass
class Tally:
    """What came of a recording.

    Attributes
    ----------
    localised, sounding
        Frames that were looked at, and those in which something sounds.
    attended
        Ids of the tracks that were attended to.
    left
        How many frames were not looked at, by why.
    fault
        What was wrong with the camera's calibration, or with the first frame that cannot be read.
    """

    localised: int = 0
    sounding: int = 0
    attended: set[int] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)
    fault: str = ''


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
    if not len(recording.stamps):
        raise InputError(f'{path} holds no pictures; give a recording of a camera and a microphone.')
    if out.exists():
        raise InputError(f'{out} is there already; name another folder, or remove it.')
    say = partial(_say, console)
    model = Model(settings, EngineOptions(progress=say, warn=say))
    try:
        model.warm_up()
        _make(out)
        begun = time.monotonic()
        tally = _looked_through(recording, out, settings, model, console)
        seconds = time.monotonic() - begun
    finally:
        model.close()
    _tell(recording, out, settings, model, tally, seconds, console)


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
                    console: Console) -> Tally:
    calibration, pipeline, tally = Calibration(settings.camera_hfov), model.pipeline(settings), Tally()
    if recording.camera_info is not None:
        try:
            calibration.learn(recording.camera_info)
        except InputError as error:  # the node goes on too
            tally.fault = f'{error} Until then {calibration.describe()}.'
    places = _places(recording, settings)
    later = HALF if settings.window_alignment == 'centered' else 0
    overlays = Overlays()
    with BagWriter(out / BAG, share=message_folders()) as bag, \
            Film(out / VIDEO, _rate(recording, places)) as film:
        answers = Recorded(bag)
        looks = _looks(recording, places, later)
        for frame, sound in track(looks, recording.path.name, len(places), console=console):
            if isinstance(frame, InputError):
                tally.left[UNREADABLE] += 1
                tally.fault = tally.fault or str(frame)
                continue
            if isinstance(sound, Missing):
                tally.left[LACKS[sound]] += 1
                film.show(np.ascontiguousarray(frame.rgb[..., ::-1]), frame.stamp)
                continue
            height, width = frame.rgb.shape[:2]
            pose = Pose(np.eye(3), np.zeros(3))
            result = pipeline.process(frame, sound, calibration.camera(width, height), pose)
            where = Where.of(frame.frame_id, pose, frame.frame_id)
            answers.publish(result, sound, where, settings)
            film.show(overlays.of(result, sound, where), frame.stamp)
            film.hear(sound, frame.stamp + later)
            _count(tally, result)
    return tally


def _places(recording: Recording, settings: Settings) -> list[int]:
    """Return the places of the frames to look at: of several with one stamp the first."""
    limit, last = RateLimit(settings.window_max_rate), None
    places = []
    for place, stamp in enumerate(recording.stamps.tolist()):
        if stamp != last and limit.admits(stamp):
            places.append(place)
        last = stamp
    return places


def _rate(recording: Recording, places: Sequence[int]) -> float:
    """Return the usual frames per second."""
    apart = np.diff(recording.stamps[list(places)])
    return float(np.clip(SECOND / np.median(apart), 1.0, 240.0)) if len(apart) else 1.0


def _looks(recording: Recording, places: Sequence[int], later: int) -> Iterator[Look]:
    """Give frames, each with its second; reading goes on after one that cannot be read."""
    sounds = recording.sounds((recording.stamps[list(places)] + later).tolist())
    frames = recording.frames(places)
    for number, sound in enumerate(sounds):
        try:
            frame = next(frames)
        except InputError as error:
            frames = recording.frames(places[number + 1:])
            yield error, sound
            continue
        yield frame if frame.frame_id else replace(frame, frame_id=CAMERA), sound


def _count(tally: Tally, result: Result) -> None:
    tally.localised += 1
    tally.sounding += bool(result.sources)
    if result.attended is not None:
        tally.attended.add(result.attended.id)


def _tell(recording: Recording, out: Path, settings: Settings, model: Model, tally: Tally, seconds: float,
          console: Console) -> None:
    span = (int(recording.stamps[-1]) - int(recording.stamps[0])) / SECOND
    reasons = ', '.join(f'{count} {why}' for why, count in sorted(tally.left.items()))
    left = f'; left out: {reasons}' if reasons else ''
    say = partial(_say, console)
    say(f'{len(recording.stamps)} frames in {span:.1f} s: {tally.localised} localised{left}.')
    if tally.fault:
        say(tally.fault)
    unheeded = [name for name in UNHEEDED if getattr(settings, name.replace('.', '_'))]
    if unheeded:
        say(f'Not heeded, for want of transforms: {", ".join(unheeded)}. Tracks and bearings are told in the '
            "camera's frame.")
    if not tally.localised:
        raise InputError(f'No frame of {recording.path} has its second of sound, so {out} holds no answers; '
                         'look at audio.offset and at the topics.')
    say(f'Something in view sounds in {tally.sounding / tally.localised:.0%} of them; '
        f'{len(tally.attended)} tracks were attended to.')
    runs = model.identity
    say(f'{model.bundle} ran on {runs.name} {runs.version}, {runs.precision}, {runs.device}, at '
        f'{span / seconds:.1f} times the speed of the recording.')
    say(f'Written: {out / BAG} (topics {NODE}/...) and {out / VIDEO}.')
