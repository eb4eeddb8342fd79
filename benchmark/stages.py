"""What each stage costs per window, from chunk and image to the attended track and the message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.material import Material, simulate
from benchmark.measure import Run, Times, again, times
from benchmark.sheet import Goal, Row, Sheet
from benchmark.way import FRAME_ID, HERE, Given, Way, sounds_of
from ros2_avloc.attention.attention import Attention
from ros2_avloc.attention.interest import hear
from ros2_avloc.attention.sources import find_sources
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import SpectrogramStream
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.node import messages
from ros2_avloc.node.messages import Where
from ros2_avloc.node.process import settle
from ros2_avloc.pipeline import Pipeline, PipelineSettings
from ros2_avloc.vision.encodings import to_rgb
from ros2_avloc.vision.preprocess import network_input

HEARD, YUV, RESIZED = 'audio chunk to timeline', 'image to frame (yuv422)', 'frame to network input'
APART = (HEARD, YUV)
"""Stages that are not part of each of these windows."""

WHOLE, REST = 'window, all of it', 'window, network left out'


def measure(bundle: Bundle) -> list[Sheet]:
    """Time the stages at 640×480."""
    settle()
    material = simulate()
    sounds = sounds_of(material)
    engine, _ = open_engine(bundle)
    try:
        found = times(
            _before(material, sounds)
            | _network(material, sounds, engine)
            | _behind(material, sounds, bundle)
            | {
                REST: Way(material, sounds, Given(1), bundle).run(),
                WHOLE: Way(material, sounds, engine, bundle).run(),
            }
        )
    finally:
        engine.close()
    runs = engine.identity
    note = (
        f'The network runs on {runs.name}, {runs.precision}, {runs.device}. Message in to messages out; one '
        'source, one listener to `~/bearings`.'
    )
    rows: list[Row] = [
        {'stage': name, 'ms': row}
        | ({} if name in APART else {'of a window, %': row.over(found[WHOLE]) * 100})
        for name, row in found.items()
    ]
    shared = embeddings(material, sounds[0], bundle)
    return [Sheet('Stages of a window at 640×480', rows, goals(found, shared), [note])]


def goals(found: Mapping[str, Times], shared: int) -> list[Goal]:
    """Return what is asked for of the times, and of how often a shared sound was embedded."""
    return [
        Goal(
            'everything but the network at 640×480, ms', found[REST].median, 2, aim='rest',
            why=f'Scaling the frame takes {found[RESIZED].median:.2g} ms of it.',
        ),
        Goal('embeddings of a sound that all frames share', shared, 1, aim='shared'),
    ]


def embeddings(material: Material, sound: Sound, bundle: Bundle) -> int:
    """Return how often a sound is embedded that all frames share."""
    given = Given(1)
    localizer = Localizer(given, bundle)
    for frame in material.frames:
        localizer.localize(frame, sound)
    return given.embedded


def _before(material: Material, sounds: list[Sound]) -> dict[str, Run]:
    """From messages to the network's inputs."""

    def heard() -> Iterator[Any]:
        hearing = Hearing()
        return (partial(hearing.hear, chunk) for chunk in material.chunks)

    def spectrogram() -> Iterator[Any]:
        stream = SpectrogramStream()
        return (partial(stream.spectrogram, sound) for sound in sounds)

    def decoded(encoding: str, channels: int) -> Run:
        images = [np.ascontiguousarray(frame.rgb[:, :, :channels]) for frame in material.frames]
        return lambda: (partial(_decode, image, encoding) for image in images)

    return {
        HEARD: heard,
        'image to frame (rgb8)': decoded('rgb8', 3),
        YUV: decoded('yuv422', 2),
        RESIZED: lambda: (partial(network_input, frame.rgb) for frame in material.frames),
        'sound to spectrogram': spectrogram,
    }


def _network(material: Material, sounds: list[Sound], engine: Engine) -> dict[str, Run]:
    inputs = [network_input(frame.rgb) for frame in material.frames]
    spectrograms = [SpectrogramStream().spectrogram(sound) for sound in sounds]
    embedded = [engine.embed_sound(shown) for shown in spectrograms]
    return {
        'network: sound': lambda: (partial(engine.embed_sound, shown) for shown in spectrograms),
        'network: frame and head': lambda: (
            partial(engine.localize, shown, heard) for shown, heard in zip(inputs, embedded, strict=True)
        ),
    }


def _behind(material: Material, sounds: list[Sound], bundle: Bundle) -> dict[str, Run]:
    """From the heatmap to a message, with one source."""
    threshold, settings = bundle.calibration.threshold, PipelineSettings()
    pipeline = Pipeline(Localizer(Given(1), bundle), threshold=threshold)
    result = pipeline.process(material.frames[0], sounds[0], material.camera, HERE)
    find = partial(
        find_sources, result.localization.heatmap, material.camera, threshold=threshold, limit=settings.limit
    )

    def tracks() -> Iterator[Any]:
        tracker = Tracker(confirm=settings.confirm, forget=settings.forget)
        attention = Attention(min_dwell=settings.min_dwell, switch_margin=settings.switch_margin)

        def follow(stamp: int, sound: Sound) -> None:
            followed = tracker.update(stamp, result.sources, HERE, material.camera)
            attention.choose(stamp, followed, hear(sound.samples))

        return (
            partial(follow, frame.stamp, sound) for frame, sound in zip(material.frames, sounds, strict=True)
        )

    def message() -> None:
        messages.bearings_array(result, Where.of(FRAME_ID, HERE, FRAME_ID))

    return {
        'heatmap to sources': again(find),
        'sources to tracks and attended': tracks,
        'tracks to message': again(message),
    }


def _decode(pixels: NDArray[np.uint8], encoding: str) -> None:
    height, width, channels = pixels.shape
    to_rgb(
        pixels.reshape(-1), encoding=encoding, height=height, width=width, step=width * channels,
        big_endian=False,
    )
