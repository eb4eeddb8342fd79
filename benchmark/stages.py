"""What each stage costs per window, from chunk and image to the attended track and the overlay."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmark.material import Material, simulate
from benchmark.measure import Run, times
from benchmark.sheet import Goal, Row, Sheet
from benchmark.way import Given, Way, sounds_of
from ros2_avloc.attention.sources import find_sources
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import SpectrogramStream
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.vision.encodings import to_rgb
from ros2_avloc.vision.preprocess import network_input

YUV = 'image to frame (yuv422)'
APART = ('audio chunk to timeline', YUV)
"""Stages that are not part of each of these windows."""

WHOLE, REST = 'window, all of it', 'window, network left out'


def measure(bundle: Bundle) -> list[Sheet]:
    """Time the stages at 640×480."""
    material = simulate()
    engine, _ = open_engine(bundle)
    try:
        found = times(_stages(material, sounds_of(material), engine, bundle))
    finally:
        engine.close()
    runs = engine.identity
    whole, rest = found[WHOLE], found[REST]
    rows: list[Row] = [
        {'stage': name, 'ms': row} | ({} if name in APART else {'of a window, %': row.over(whole) * 100})
        for name, row in found.items()
    ]
    note = f'The network runs on {runs.name}, {runs.precision}, {runs.device}. Message in to messages out.'
    goals = [Goal('everything but the network at 640×480, ms', rest.median, 2.0)]
    return [Sheet('Stages of a window at 640×480', rows, goals, [note])]


def _stages(material: Material, sounds: list[Sound], engine: Engine, bundle: Bundle) -> dict[str, Run]:
    inputs = [network_input(frame.rgb) for frame in material.frames]
    spectrograms = [SpectrogramStream().spectrogram(sound) for sound in sounds]
    embeddings = [engine.embed_sound(shown) for shown in spectrograms]
    logits = [engine.localize(shown, heard) for shown, heard in zip(inputs, embeddings, strict=True)]
    probability = bundle.calibration.probability

    def hear() -> Iterator[Any]:
        hearing = Hearing()
        return (partial(hearing.hear, chunk) for chunk in material.chunks)

    def spectrogram() -> Iterator[Any]:
        stream = SpectrogramStream()
        return (partial(stream.spectrogram, sound) for sound in sounds)

    def sources() -> Iterator[Any]:
        return (partial(_find, shown, material, bundle) for shown in map(probability, logits))

    return {
        APART[0]: hear,
        'image to frame (rgb8)': lambda: (partial(_decode, frame.rgb, 'rgb8') for frame in material.frames),
        YUV: lambda: (
            partial(_decode, frame.rgb[:, :, :2], 'yuv422') for frame in material.frames
        ),
        'frame to network input': lambda: (partial(network_input, frame.rgb) for frame in material.frames),
        'sound to spectrogram': spectrogram,
        'network: sound': lambda: (partial(engine.embed_sound, shown) for shown in spectrograms),
        'network: frame and head': lambda: (
            partial(engine.localize, shown, heard) for shown, heard in zip(inputs, embeddings, strict=True)
        ),
        'heatmap to sources': sources,
        REST: Way(material, sounds, Given(1), bundle).run(),
        WHOLE: Way(material, sounds, engine, bundle).run(),
    }


def _find(heatmap: Any, material: Material, bundle: Bundle) -> None:
    find_sources(heatmap, material.camera, threshold=bundle.calibration.threshold, limit=5)


def _decode(pixels: Any, encoding: str) -> None:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).reshape(-1)
    to_rgb(data, encoding=encoding, height=height, width=width, step=data.size // height, big_endian=False)
