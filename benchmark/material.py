"""What the benchmarks run on: some seconds of a simulated scene, as messages would bring it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ros2_avloc.audio.chunk import AudioFormat, Chunk
from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.simulation.scene import Scene
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame

SECOND = 1_000_000_000
CHUNK = 1024
SEED = 4
SECONDS = 3.5
"""Of a scene; frames come from 1.5 on, when a whole second has been heard."""


@dataclass(frozen=True)
class Material:
    """Frames and the audio chunks that belong to them, in the order of their stamps."""

    frames: list[Frame]
    chunks: list[Chunk]
    camera: Camera

    def sized(self, width: int, height: int) -> Material:
        """Return the same, with frames of another size."""
        frames = [
            replace(frame, rgb=np.asarray(cv2.resize(frame.rgb, (width, height)), np.uint8))
            for frame in self.frames
        ]
        angle = 2 * math.atan(self.camera.width / 2 / self.camera.focal[0])
        return replace(self, frames=frames, camera=Camera.from_hfov(width, height, angle))

    def at_rate(self, rate: float) -> Material:
        """Return the same pictures as a camera of another rate would have taken them, in Hz."""
        first = self.frames[0].stamp
        frames = [
            replace(frame, stamp=first + round(number * SECOND / rate))
            for number, frame in enumerate(self.frames)
        ]
        return replace(self, frames=frames)

    def of_channels(self, channels: int) -> Material:
        """Return the same with the sound in so many channels."""
        return replace(self, chunks=[_in_channels(chunk, channels) for chunk in self.chunks])


def simulate(
    width: int = 640, height: int = 480, *, seconds: float | None = None, rate: float = 15.0
) -> Material:
    """Render a scene in which one thing sounds that stays in view; ``None``: `SECONDS`."""
    seconds = SECONDS if seconds is None else seconds
    scene = Scene(SEED, objects=12, width=width, height=height, script='one')
    times = np.arange(1.5, seconds, 1 / rate)
    frames = [Frame(scene.frame(t), SECOND + round(t * SECOND), 'camera') for t in times]
    chunks = [_chunk(scene, index) for index in range(int(seconds * SAMPLE_RATE / CHUNK) + 1)]
    return Material(frames, chunks, scene.camera)


def _chunk(scene: Scene, index: int) -> Chunk:
    pcm = (scene.audio(index * CHUNK, CHUNK) * 32767).astype('<i2').tobytes()
    stamp = SECOND + round(index * CHUNK / SAMPLE_RATE * SECOND)
    return Chunk(pcm, AudioFormat('pcm', 'S16LE', SAMPLE_RATE, 1), stamp, stamp)


def _in_channels(chunk: Chunk, channels: int) -> Chunk:
    mono = np.frombuffer(chunk.data, '<i2')
    return replace(
        chunk, data=np.repeat(mono, channels).tobytes(), format=replace(chunk.format, channels=channels)
    )
