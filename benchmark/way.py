"""The way of a window through the node, from message to messages, with the network left out where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.material import Material
from benchmark.measure import Run
from ros2_avloc.attention.track import Track
from ros2_avloc.audio.array import Array
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import Sound
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Comparison, Engine, EngineIdentity
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.node import messages
from ros2_avloc.node.images import to_frame, to_image, to_jpeg
from ros2_avloc.node.markers import Markers
from ros2_avloc.node.messages import Where
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.pipeline import Pipeline, PipelineSettings, Result
from ros2_avloc.vision.pose import Pose

HERE = Pose(np.eye(3), np.zeros(3))
FRAME_ID = 'camera'
PEAKS = ((2, 2), (11, 11), (2, 11), (11, 2), (6, 6))
"""Cells in which something sounds, in networks that are left out."""

Topic = Callable[[Result, Sound, Where], Any]


class Given:
    """An engine that computes nothing: it answers with given logits.

    Parameters
    ----------
    sources
        How many peaks they have.
    """

    identity = EngineIdentity('given', '', '', 'fp32')

    def __init__(self, sources: int) -> None:
        logits = np.full((14, 14), -6, np.float32)
        for row, column in PEAKS[:sources]:
            logits[row, column] = 6
        self._logits = logits
        self.embedded = 0

    def embed_sound(self, spectrogram: NDArray[np.float32]) -> None:
        """Embed nothing, and count it."""
        self.embedded += 1

    def look(self, image: NDArray[np.float32]) -> Comparison:
        """See nothing."""
        return partial(self.localize, image)

    def localize(self, image: NDArray[np.float32], sound: None) -> NDArray[np.float32]:
        """Return the logits."""
        return self._logits

    def close(self) -> None:
        """Do nothing."""


def topics() -> dict[str, Topic]:
    """Return how the messages of each topic are made."""
    overlays, markers = Overlays(), Markers()

    def overlay(result: Result, sound: Sound, where: Where) -> NDArray[np.uint8]:
        return overlays.of(result, sound, where)

    def attended(result: Result) -> Track:
        return result.attended or result.tracks[0]  # before one is confirmed none is attended

    def head(result: Result) -> Any:
        return messages.header(FRAME_ID, result.frame.stamp)

    return {
        'bearings': lambda result, sound, where: messages.bearings_array(result, where),
        'tracks': lambda result, sound, where: messages.tracks_array(result, where),
        'sources': lambda result, sound, where: messages.sources_array(result),
        'attended': lambda result, sound, where: messages.attended_pose(result, attended(result), where),
        'attended_point': lambda result, sound, where: messages.attended_point(
            result, attended(result), where, 2.0
        ),
        'markers': lambda result, sound, where: markers.of(result, where, 2.0),
        'heatmap': lambda result, sound, where: messages.heatmap_image(result, upsample=False),
        'heatmap, upsampled': lambda result, sound, where: messages.heatmap_image(result, upsample=True),
        'overlay': lambda result, sound, where: to_image(overlay(result, sound, where), 'bgr8', head(result)),
        'overlay/compressed': lambda result, sound, where: to_jpeg(
            overlay(result, sound, where), head(result)
        ),
    }


@dataclass(frozen=True)
class Way:
    """What goes through, and how.

    Attributes
    ----------
    material
        Frames and sound.
    sounds
        Of each frame.
    engine
        That localises.
    bundle
        Its calibration counts.
    wanted
        Topics that somebody listens to.
    array
        Microphones that are listened to one by one.
    compressed
        Whether frames come as JPEG.
    """

    material: Material
    sounds: Sequence[Sound]
    engine: Engine
    bundle: Bundle
    wanted: Sequence[str] = ('bearings',)
    array: Array | None = None
    compressed: bool = False

    def run(self) -> Run:
        """Return a run: its calls are windows, in their order."""
        arrived = [self._message(frame) for frame in self.material.frames]

        def begin() -> Iterator[Callable[[], Any]]:
            pipeline = Pipeline(
                Localizer(self.engine, self.bundle),
                threshold=self.bundle.calibration.threshold,
                array=self.array,
                settings=PipelineSettings(limit=len(PEAKS)),
            )
            made = topics()
            makers = [made[name] for name in self.wanted]
            return (
                partial(self._window, pipeline, makers, *window)
                for window in zip(arrived, self.sounds, strict=True)
            )

        return begin

    def _message(self, frame: Any) -> Any:
        head = messages.header(FRAME_ID, frame.stamp)
        if self.compressed:
            return to_jpeg(np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR), np.uint8), head)
        return to_image(frame.rgb, 'rgb8', head)

    def _window(self, pipeline: Pipeline, makers: Sequence[Topic], message: Any, sound: Sound) -> None:
        mounting = None if self.array is None else HERE
        result = pipeline.process(to_frame(message), sound, self.material.camera, HERE, mounting)
        where = Where.of(FRAME_ID, HERE, FRAME_ID)
        for make in makers:
            make(result, sound, where)


def sounds_of(material: Material, *, array: int = 0) -> list[Sound]:
    """Hear all chunks and return the second of each frame."""
    hearing = Hearing(array=array)
    for chunk in material.chunks:
        hearing.hear(chunk)
    seconds = [hearing.timeline.second(frame.stamp) for frame in material.frames]
    return [second for second in seconds if isinstance(second, Sound)]
