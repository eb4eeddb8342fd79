"""Heatmaps that are known already, sent through sources, tracks and attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.model.localizer import Localization
from ros2_avloc.pipeline import Pipeline, PipelineSettings, Result
from ros2_avloc.simulation.moments import Moment
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose

Heatmap = NDArray[np.float32]

LEVEL = 0.1
"""RMS of the noise that stands for the sound."""


STILL = Pose(np.eye(3), np.zeros(3))


@dataclass(frozen=True)
class Replayed:
    """A window's answer.

    Attributes
    ----------
    heatmap
        Probabilities, float32 ``(14, 14)``.
    sound
        The second that was heard; ``None``: a steady noise stands for it.
    """

    heatmap: Heatmap
    sound: Sound | None = None


class Known:
    """A localizer that knows the heatmap of each stamp."""

    def __init__(self) -> None:
        self._heatmaps: dict[int, Heatmap] = {}

    def learn(self, stamp: int, heatmap: Heatmap) -> None:
        """Take the heatmap that is asked for next."""
        self._heatmaps = {stamp: heatmap}

    def look(self, frame: Frame) -> None:
        """Do nothing: all is known."""

    def localize(self, frame: Frame, sound: Sound) -> Localization:
        """Return what was learned of the frame's stamp."""
        heatmap = self._heatmaps[frame.stamp]
        return Localization(heatmap, float(heatmap.max()))


def replay(moments: Iterable[Moment], windows: Iterable[Replayed], camera: Camera, *, threshold: float,
           settings: PipelineSettings | None = None, undo_motion: bool = True) -> Iterator[Result]:
    """Yield what a pipeline makes of windows whose heatmaps are known.

    Parameters
    ----------
    moments
        Of the frames.
    windows
        Their heatmaps, as many as moments.
    camera
        Of the frames.
    threshold
        Lowest probability of a source.
    settings
        Of the pipeline.
    undo_motion
        Whether the camera's pose is known; else tracks are told in the camera's own frame.
    """
    known = Known()
    pipeline = Pipeline(known, threshold=threshold, settings=settings)
    rgb = np.zeros((camera.height, camera.width, 3), np.uint8)
    noise = LEVEL * np.random.default_rng(0).standard_normal(SOUND_SAMPLES).astype(np.float32)
    for number, (moment, window) in enumerate(zip(moments, windows, strict=True)):
        known.learn(moment.stamp, window.heatmap)
        frame = Frame(rgb, moment.stamp, 'camera')
        pose = moment.pose if undo_motion else STILL
        sound = window.sound or Sound(noise, number, 0)
        yield pipeline.process(frame, sound, camera, pose)
