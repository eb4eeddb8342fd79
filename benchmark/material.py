"""What the benchmarks run on: some seconds of a simulated scene, as messages would bring it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.scene import Scene
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame

SECOND = 1_000_000_000
CHUNK = 1024
SEED = 4
PCM = AudioFormat('pcm', 'S16LE', SAMPLE_RATE, 1)


@dataclass(frozen=True)
class Material:
    """Frames and the audio chunks that belong to them, in the order of their stamps."""

    frames: list[Frame]
    chunks: list[Chunk]
    camera: Camera


def simulate(width: int = 640, height: int = 480, *, seconds: float = 3.5, rate: float = 15.0) -> Material:
    """Render a scene in which one thing sounds that stays in view."""
    scene = Scene(SEED, objects=12, width=width, height=height, script='one')
    times = np.arange(1.5, seconds, 1 / rate)
    frames = [Frame(scene.frame(t), SECOND + round(t * SECOND), 'camera') for t in times]
    chunks = [_chunk(scene, index) for index in range(int(seconds * SAMPLE_RATE / CHUNK) + 1)]
    return Material(frames, chunks, scene.camera)


def _chunk(scene: Scene, index: int) -> Chunk:
    pcm = (scene.audio(index * CHUNK, CHUNK) * 32767).astype('<i2').tobytes()
    stamp = SECOND + round(index * CHUNK / SAMPLE_RATE * SECOND)
    return Chunk(pcm, PCM, stamp, stamp)
