"""From a window to a result: localise, find sources, track them, attend to one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from ros2_avloc.attention.attention import Attention, Why
from ros2_avloc.attention.fusion import fuse, hear_out_of_view
from ros2_avloc.attention.heard import Heard
from ros2_avloc.attention.interest import hear
from ros2_avloc.attention.sources import Source, find_sources_and_faint
from ros2_avloc.attention.track import Track
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.audio.array import Array, PowerMap
from ros2_avloc.audio.sound import Sound
from ros2_avloc.errors import InputError
from ros2_avloc.model.localizer import Localization
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose


@dataclass(frozen=True)
class PipelineSettings:
    """What may change while the pipeline runs.

    Attributes
    ----------
    threshold
        Lowest probability of a source; 0 takes the bundle's.
    limit
        Most sources per frame.
    confirm
        Sightings until a track is confirmed.
    forget
        Seconds for which a track out of sight is remembered.
    min_dwell
        Seconds for which an attended track stays so while it sounds.
    switch_margin
        By how much a rival's interest must exceed the attended track's.
    """

    threshold: float = 0.0
    limit: int = 5
    confirm: int = 3
    forget: float = 10.0
    min_dwell: float = 1.0
    switch_margin: float = 0.1


@dataclass(frozen=True)
class Result:
    """All that is known after a window.

    Attributes
    ----------
    frame
        The window's frame.
    localization
        Its heatmap; with an array of microphones, that of what is seen and heard.
    sources
        What sounds in this frame, best first; bearings in the camera's optical frame.
    tracks
        All live tracks, best first; bearings in the target frame.
    attended
        The track to turn to, or ``None``.
    why
        Why that one, or why none.
    """

    frame: Frame
    localization: Localization
    sources: list[Source]
    tracks: list[Track]
    attended: Track | None
    why: Why = Why.SILENT

    @property
    def faint(self) -> list[Source]:
        """What is too faint for a source and keeps up a track."""
        own = {id(source) for source in self.sources}
        return [track.source for track in self.tracks
                if isinstance(track.source, Source) and id(track.source) not in own]

    def track_of(self, source: Source) -> Track | None:
        """Return the track that a source of this frame belongs to, if any."""
        return next((track for track in self.tracks if track.source is source), None)


class Localizes(Protocol):
    """What a pipeline asks of a localizer."""

    def look(self, frame: Frame) -> None:
        """Do with a frame what needs no sound."""

    def localize(self, frame: Frame, sound: Sound) -> Localization:
        """Compare a frame with a second of sound."""


class Pipeline:
    """Processes windows in the order of their stamps.

    Parameters
    ----------
    localizer
        Gives heatmaps.
    threshold
        The bundle's: lowest probability of a source where the settings say 0.
    settings
        May be replaced at any time, from any thread; the next window takes them.
    array
        The microphones whose channels the sounds bring, if they are to be listened to one by one.
    """

    def __init__(self, localizer: Localizes, *, threshold: float,
                 settings: PipelineSettings | None = None, array: Array | None = None) -> None:
        self.settings = settings or PipelineSettings()
        self._localizer = localizer
        self._threshold = threshold
        self._array = array
        self._tracker = Tracker(confirm=self.settings.confirm, forget=self.settings.forget)
        self._attention = Attention(min_dwell=self.settings.min_dwell,
                                    switch_margin=self.settings.switch_margin)

    def look(self, frame: Frame) -> None:
        """Do with a frame, while its sound is on the way, what needs none; `process` then takes less time.

        Raises
        ------
        EngineError
            If the engine fails.
        """
        self._localizer.look(frame)

    def process(self, frame: Frame, sound: Sound, camera: Camera, pose: Pose | None,
                mounting: Pose | None = None) -> Result:
        """Process a window.

        Parameters
        ----------
        frame, sound
            The window.
        camera
            Of the frame, at the frame's size.
        pose
            Of the camera in the target frame at the frame's stamp. ``None`` where it is not known: then
            the result has no tracks, and those that were there wait.
        mounting
            Pose of the camera in the array's frame. ``None`` where it is not known: then the array is not
            listened to.

        Raises
        ------
        InputError
            If the camera has another size than the frame, or the sound a wrong length.
        EngineError
            If the engine fails.
        """
        _check_size(frame, camera)
        settings = self._take_settings()
        localization = self._localizer.localize(frame, sound)
        power = self._listen(sound)
        if power is not None and mounting is not None:
            localization = _fused(localization, power, camera, mounting)
        threshold = settings.threshold or self._threshold
        sources, faint = find_sources_and_faint(localization.heatmap, camera, threshold=threshold,
                                                limit=settings.limit)
        if pose is None:
            return Result(frame, localization, sources, [], None, Why.NO_POSE)
        heard: list[Heard] = []
        if power is not None and mounting is not None:
            heard = hear_out_of_view(power, sources, camera, mounting)
        tracks = self._tracker.update(frame.stamp, [*sources, *heard], pose, camera, faint=faint,
                                      correspondence=localization.correspondence)
        attended = self._attention.choose(frame.stamp, tracks, hear(sound.samples))
        return Result(frame, localization, sources, tracks, attended, self._attention.why)

    def start_over(self) -> None:
        """Drop all tracks, as when the frame that they are told in is another one."""
        self._tracker.start_over()
        self._attention.start_over()

    def _listen(self, sound: Sound) -> PowerMap | None:
        if self._array is None or sound.channels is None:
            return None
        return self._array.listen(sound.channels)

    def _take_settings(self) -> PipelineSettings:
        settings = self.settings
        self._tracker.confirm, self._tracker.forget = settings.confirm, settings.forget
        self._attention.min_dwell = settings.min_dwell
        self._attention.switch_margin = settings.switch_margin
        return settings


def _fused(localization: Localization, power: PowerMap, camera: Camera, mounting: Pose) -> Localization:
    heatmap = fuse(localization.heatmap, power, camera, mounting)
    return replace(localization, heatmap=heatmap, correspondence=float(heatmap.max()))


def _check_size(frame: Frame, camera: Camera) -> None:
    height, width = frame.rgb.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise InputError(f'The image is {width}×{height}, but its camera {camera.width}×{camera.height}; '
                         'let camera_info describe the image that is published.')
