"""From messages to windows: hearing and pairing, fed with what arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.messages.sounds import to_chunk
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.audio_format import FormatSource
from ros2_avloc.node.calibration import Calibration
from ros2_avloc.node.images import stamp_of_image
from ros2_avloc.node.mailbox import Mail, Stream
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.stamps import StampGuard
from ros2_avloc.node.statistics import TIME, Statistics
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.windows import Window, Windows


class Processing:
    """Turns the mail into windows, whose frames are not decoded yet, and knows the camera.

    Parameters
    ----------
    settings
        Of the node; see `apply`.
    statistics
        Where faults, skew and jumps are noted.
    info_published
        Says whether somebody publishes audio_info.
    on_jump_back
        Called when time has jumped back; timeline, windows and tracks see that themselves.
    """

    def __init__(self, settings: Settings, statistics: Statistics, info_published: Callable[[], bool],
                 on_jump_back: Callable[[], None]) -> None:
        self._settings = settings
        self._statistics = statistics
        self._on_jump_back = on_jump_back
        self._format = FormatSource(settings, info_published)
        self._own_format: AudioFormat | None = None
        self._calibration = Calibration(settings.camera_hfov)
        self._hearing = Hearing(select=settings.audio_select, stamp_at=settings.audio_stamp_at,
                                array=len(settings.audio_array) // 3)
        self._windows: Windows[Any] = Windows(
            self._hearing.timeline, alignment=settings.window_alignment, max_rate=settings.window_max_rate,
            timeout=settings.window_timeout)
        self._guards = {Stream.AUDIO: StampGuard(), Stream.IMAGE: StampGuard()}
        self._heard_more = False  # since the last frame

    def accept(self, mail: Mail) -> None:
        """Take a message.

        Raises
        ------
        InputError
            If it cannot be used.
        """
        if mail.stream is Stream.AUDIO_INFO:
            self._format.learn(mail.message)
        elif mail.stream is Stream.CAMERA_INFO:
            self._calibration.learn(mail.message)
        elif mail.stream is Stream.AUDIO:
            self._hear(mail)
        else:
            self._see(mail)

    def apply(self, settings: Settings) -> None:
        """Work with changed settings from now on."""
        if settings.window_max_rate != self._settings.window_max_rate:
            self._windows.max_rate = settings.window_max_rate
        self._windows.alignment = settings.window_alignment
        self._settings = settings

    def take(self, now: int) -> Window[Any] | None:
        """Take the window that is due at ROS time `now` (ns), its frame not yet decoded."""
        return self._windows.take(now)

    def upcoming(self) -> Any:
        """Return the message of the frame that is likely to be due next, or None."""
        return self._windows.upcoming()

    def note(self) -> None:
        """Note for the diagnostics how things stand; any thread may ask for it."""
        self._statistics.timeline = self._hearing.timeline.status
        self._statistics.drops = self._windows.drops.copy()
        self._statistics.audio_format = self._format.describe(self._own_format)
        self._statistics.camera = self._calibration.describe()

    def camera_of(self, frame: Frame) -> Camera:
        """Return the camera that took a frame."""
        height, width = frame.rgb.shape[:2]
        return self._calibration.camera(width, height)

    def _hear(self, mail: Mail) -> None:
        offset = round(self._settings.audio_offset * SECOND)
        given = self._format.current()
        chunk = to_chunk(mail.message, mail.arrival, given, offset)
        if chunk is None:
            return
        self._own_format = None if chunk.format is given else chunk.format
        if chunk.stamp is not None:
            self._fits(Stream.AUDIO, chunk.stamp, mail.arrival)  # heard all the same: the timeline decides
        self._hearing.hear(chunk)
        self._heard_more = True

    def _see(self, mail: Mail) -> None:
        stamp = stamp_of_image(mail.message)
        if not self._fits(Stream.IMAGE, stamp, mail.arrival):
            return
        self._compare(stamp)
        self._windows.offer(stamp, mail.message, mail.arrival)

    def _compare(self, stamp: int) -> None:
        """Note how far a frame is ahead of the audio, unless that stands still."""
        latest = self._hearing.timeline.latest
        if latest is not None and self._heard_more:
            self._statistics.compared(stamp, latest)
        self._heard_more = False

    def _fits(self, stream: Stream, stamp: int, arrival: int) -> bool:
        verdict = self._guards[stream].check(stamp, arrival)
        if verdict.fault:
            self._statistics.faults.report(stream.value, verdict.fault)
        if verdict.fits:
            self._statistics.delays[stream] = (arrival - stamp) / SECOND
        if verdict.back:
            self._jump_back(stream, verdict.back)
        return verdict.fits

    def _jump_back(self, stream: Stream, by: int) -> None:
        """Say it once: the guard of the other stream starts anew, or it would tell of the same jump again."""
        other = Stream.IMAGE if stream is Stream.AUDIO else Stream.AUDIO
        self._guards[other] = StampGuard()
        self._on_jump_back()
        self._statistics.jumps_back += 1
        self._statistics.faults.report(TIME, f'Time has jumped back by {by / SECOND:.1f} s, as when a bag '
                                             'starts over; everything starts anew.')
