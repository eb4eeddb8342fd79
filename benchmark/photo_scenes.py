"""Scenes of real photos and recordings, as long as one likes: a still camera looks at photos in a picture.

They have the script of the simulated ones: silence, then something sounds; of five turns three belong to
things in view, one to a thing out of view, one to a sound that nothing in the pack makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.learning.material.banks import Bank, Recording
from ros2_avloc.learning.material.pictures import draw_picture
from ros2_avloc.simulation.moments import LOOKS, SECOND, Moment, Thing, heard_shares
from ros2_avloc.simulation.script import Event, Turns
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

WIDTH, HEIGHT = 320, 240
HFOV = np.deg2rad(75)
GRAIN = 3.0
"""Standard deviation of a pixel's noise, of 255: no two frames are alike."""

EDGE = SAMPLE_RATE // 200
FLOOR = 10 ** (-65 / 20)
_STILL = Pose(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))


class PhotoScene:
    """One to three things in view, and a script of what sounds, all fixed by the seed.

    Parameters
    ----------
    bank
        Photos and recordings, with sounds of no category.
    seed
        Decides everything.
    """

    def __init__(self, bank: Bank, seed: int) -> None:
        rng = np.random.default_rng([seed, 4])
        names = sorted(bank.recordings)
        wanted = [str(name) for name in rng.choice(names, int(rng.integers(1, 4)), replace=False)]
        picture = draw_picture(bank, wanted, rng)
        self.camera = Camera.from_hfov(WIDTH, HEIGHT, HFOV)
        self._rgb = cv2.resize(picture.rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        across, down = WIDTH / picture.rgb.shape[1], HEIGHT / picture.rgb.shape[0]
        self._boxes = {name: ((x + w / 2) * across - 0.5, (y + h / 2) * down - 0.5, w * across, h * down)
                       for name, (x, y, w, h) in picture.objects}
        visible = {name: float(name in self._boxes) for name in names}
        self._script = Turns(seed, names, lambda t: visible)
        self._bank, self._seed = bank, seed
        self._sound_of = lru_cache(maxsize=4)(self._make_sound)

    def frame(self, t: float) -> NDArray[np.uint8]:
        """Give the picture at `t` seconds, uint8 ``(240, 320, 3)``."""
        rng = np.random.default_rng([self._seed, 5, round(1000 * t)])
        noisy = self._rgb + rng.normal(0, GRAIN, self._rgb.shape)
        return np.clip(noisy, 0, 255).round().astype(np.uint8)

    def audio(self, start: int, count: int) -> NDArray[np.float32]:
        """Give the samples from number `start` on, at 48 kHz, float32 ``(count,)``."""
        rng = np.random.default_rng([self._seed, 6, start])
        total = (FLOOR * rng.standard_normal(count)).astype(np.float32)
        for event in self._script.between(start / SAMPLE_RATE, (start + count) / SAMPLE_RATE):
            first, samples = round(event.start * SAMPLE_RATE), self._sound_of(event)
            low, high = max(start, first), min(start + count, first + len(samples))
            if low < high:
                total[low - start:high - start] += samples[low - first:high - first]
        return np.clip(total, -1, 1)

    def moments(self, times: Sequence[float]) -> Iterator[Moment]:
        """Yield what is true at times in seconds, of what is in view."""
        for t in times:
            second = [self._sounding(t - ago) for ago in (np.arange(LOOKS) + 0.5) / LOOKS]
            now = self._sounding(t)
            rays = self.camera.rays(np.array([box[:2] for box in self._boxes.values()]).reshape(-1, 2))
            things = (Thing(name, _STILL.rotation @ ray, box, 1.0, name in now, heard_shares(second, name))
                      for (name, box), ray in zip(self._boxes.items(), rays, strict=True))
            yield Moment(round(t * SECOND), _STILL, tuple(things))

    def _sounding(self, t: float) -> frozenset[str]:
        return frozenset(event.name for event in self._script.between(t, float(np.nextafter(t, np.inf))))

    def _make_sound(self, event: Event) -> NDArray[np.float32]:
        rng = np.random.default_rng([self._seed, 7, round(1000 * event.start)])
        bank = self._bank
        clips = bank.recordings.get(event.name) or bank.negatives[str(rng.choice(sorted(bank.negatives)))]
        count = round((event.end - event.start) * SAMPLE_RATE)
        samples = _lasting(clips[int(rng.integers(len(clips)))], count, rng)
        samples *= 10 ** (rng.uniform(-30, -12) / 20) / max(float(np.sqrt(np.mean(samples**2))), 1e-5)
        samples[:EDGE] *= np.linspace(0, 1, EDGE, dtype=np.float32)
        samples[-EDGE:] *= np.linspace(1, 0, EDGE, dtype=np.float32)
        return samples


def _lasting(clip: Recording, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Seconds of a recording that hold sound, one after the other, until there are `count` samples."""
    parts: list[NDArray[np.int16]] = []
    while sum(map(len, parts)) < count:
        start = int(rng.choice(clip.starts))
        parts.append(clip.samples[start:start + SAMPLE_RATE])
    return np.concatenate(parts)[:count].astype(np.float32) / 32_768
