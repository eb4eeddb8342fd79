"""How the way of a window grows, with the network left out: with frames, rate, channels, sources, topics."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.material import Material, simulate
from benchmark.measure import Run, times
from benchmark.sheet import Sheet
from benchmark.way import PEAKS, Given, Way, sounds_of, topics
from ros2_avloc.audio.array import Array
from ros2_avloc.audio.hearing import Hearing
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.node.process import settle

SIZES = ((320, 240), (1280, 720), (1920, 1080))
RATES = (30.0, 60.0)
CHANNELS = (1, 2, 4, 8)
MICROPHONES = (2, 4, 8)
RADIUS = 0.07
"""Of the circle that the microphones of an array are on, m."""

RUNS = 3

BASE = '640×480, rgb8, 15 Hz, one source, bearings'


def measure(bundle: Bundle) -> list[Sheet]:
    """Time windows that differ from the usual one in one thing each, and chunks of some channels."""
    settle()
    material = simulate()
    windows = times({name: way.run() for name, way in _ways(material, bundle).items()}, RUNS)
    rows = [
        {'window': name, 'ms': row, 'times the first': row.over(windows[BASE])}
        for name, row in windows.items()
    ]
    chunks = times({f'{count}': _hearing(material.of_channels(count)) for count in CHANNELS}, RUNS)
    heard = [
        {'channels': name, 'ms': row, 'times the first': row.over(chunks['1'])}
        for name, row in chunks.items()
    ]
    return [
        Sheet('Growth: a window from message to messages, network left out', rows),
        Sheet('Growth: an audio message of 1024 samples to the timeline', heard),
    ]


def circle(count: int) -> NDArray[np.float64]:
    """Return places of microphones in a plane, ``(count, 3)``, m."""
    angles = 2 * np.pi * np.arange(count) / count
    return RADIUS * np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], axis=1)


def _ways(material: Material, bundle: Bundle) -> dict[str, Way]:
    sounds = sounds_of(material)
    usual = partial(Way, material, sounds, Given(1), bundle)
    ways = {BASE: usual(), 'as JPEG': usual(compressed=True)}
    for width, height in SIZES:
        sized = material.sized(width, height)
        ways[f'{width}×{height}'] = Way(sized, sounds, Given(1), bundle)
        ways[f'{width}×{height}, as JPEG'] = Way(sized, sounds, Given(1), bundle, compressed=True)
    for rate in RATES:
        paced = material.at_rate(rate)
        ways[f'{rate:.0f} Hz'] = Way(paced, sounds_of(paced), Given(1), bundle)
    for count in (0, 3, len(PEAKS)):
        ways[f'{count} sources'] = Way(material, sounds, Given(count), bundle)
    for count in MICROPHONES:
        several = material.of_channels(count)
        heard = sounds_of(several, array=count)
        ways[f'array of {count}'] = Way(several, heard, Given(1), bundle, array=Array(circle(count)))
    ways |= {f'and {name}': usual(wanted=('bearings', name)) for name in topics() if name != 'bearings'}
    return ways | {'nobody listens': usual(wanted=())}


def _hearing(material: Material) -> Run:
    def begin() -> Iterator[Any]:
        hearing = Hearing()
        return (partial(hearing.hear, chunk) for chunk in material.chunks)

    return begin
