"""What each stage costs per window, from chunk and image to the attended track and the overlay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from material import Material
from measure import Times, times

from ros2_avloc.attention.sources import find_sources
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import SpectrogramStream
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.overlay import OverlayBox, draw_overlay
from ros2_avloc.pipeline import Pipeline
from ros2_avloc.sound_history import SoundHistory
from ros2_avloc.vision.encodings import to_rgb
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose
from ros2_avloc.vision.preprocess import network_input

HERE = Pose(np.eye(3), np.zeros(3))
Calls = Iterator[Callable[[], Any]]


def measure_stages(material: Material, engine: Engine, bundle: Bundle) -> dict[str, Times]:
    """Time each stage on its own, and all of them together as `window, all of it`."""
    sounds = [sound for sound in _sounds(material) if isinstance(sound, Sound)]
    inputs = [network_input(frame.rgb) for frame in material.frames]
    spectrograms = [SpectrogramStream().spectrogram(sound) for sound in sounds]
    embedding = engine.embed_sound(spectrograms[0])
    threshold = bundle.calibration.threshold
    heatmaps = [Localizer(engine, bundle).localize(frame, sound).heatmap
                for frame, sound in zip(material.frames, sounds, strict=True)]

    def hear() -> Calls:
        hearing = Hearing()
        return (partial(hearing.hear, chunk) for chunk in material.chunks)

    def spectrogram() -> Calls:
        stream = SpectrogramStream()
        return (partial(stream.spectrogram, sound) for sound in sounds)

    def whole() -> Calls:
        pipeline = Pipeline(Localizer(engine, bundle), threshold=threshold)
        return (partial(pipeline.process, frame, sound, material.camera, HERE)
                for frame, sound in zip(material.frames, sounds, strict=True))

    stages: dict[str, Callable[[], Calls]] = {
        'audio chunk to timeline': hear,
        'image to frame (rgb8)': lambda: (partial(_decode, frame.rgb, 'rgb8') for frame in material.frames),
        'image to frame (yuv422)': lambda: (
            partial(_decode, frame.rgb[:, :, :2], 'yuv422') for frame in material.frames),
        'frame to network input': lambda: (partial(network_input, frame.rgb) for frame in material.frames),
        'sound to spectrogram': spectrogram,
        'network: sound': lambda: (partial(engine.embed_sound, shown) for shown in spectrograms),
        'network: frame and head': lambda: (partial(engine.localize, shown, embedding) for shown in inputs),
        'heatmap to sources': lambda: (
            partial(find_sources, heatmap, material.camera, threshold=threshold, limit=5)
            for heatmap in heatmaps),
        'overlay, where somebody looks': lambda: _overlays(material, sounds, heatmaps, threshold),
        'window, all of it': whole,
    }
    return {name: times(run) for name, run in stages.items()}


def _overlays(material: Material, sounds: list[Sound], heatmaps: list[Any], threshold: float) -> Calls:
    """Draw heat, boxes with their labels, and the sound of the last seconds."""
    history = SoundHistory()

    def draw(frame: Frame, sound: Sound, heatmap: Any) -> None:
        sources = find_sources(heatmap, material.camera, threshold=threshold, limit=5)
        boxes = [OverlayBox(source.box, number, source.probability, 0.1 * number, number == 1)
                 for number, source in enumerate(sources, start=1)]
        draw_overlay(frame.rgb, heatmap=heatmap, correspondence=float(heatmap.max()), boxes=boxes,
                     strip=history.hear(sound))
    return (partial(draw, *window) for window in zip(material.frames, sounds, heatmaps, strict=True))


def _sounds(material: Material) -> list[Any]:
    hearing = Hearing()
    for chunk in material.chunks:
        hearing.hear(chunk)
    return [hearing.timeline.second(frame.stamp) for frame in material.frames]


def _decode(pixels: Any, encoding: str) -> None:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).reshape(-1)
    to_rgb(data, encoding=encoding, height=height, width=width, step=data.size // height, big_endian=False)
