"""What a second ear is worth: ``python -m benchmark.second_ear``; table, JSON in benchmark/results/.

With ``--picture docs/images/second-ear.jpg`` it draws the picture of the documentation instead.

Scenes of the simulator in a room with a reverberation of 0.3 s, with the shipped model. Alike: two drums are
in view, one of them sounds. Behind: one thing sounds, 100 to 180° from where the camera looks.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmark import machine
from ros2_avloc.attention.bearing import angle, azimuth_elevation
from ros2_avloc.audio.array import Array
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Sound
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.overlay.drawing import OverlayBox, draw_overlay
from ros2_avloc.overlay.pen import WHITE, Pen, darken
from ros2_avloc.pipeline import Pipeline, PipelineSettings, Result
from ros2_avloc.share import share_path
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.scene import OPTICAL_TO_LINK, Scene, Setup
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose

RESULTS = Path(__file__).parent / 'results' / 'second_ear.json'

ARRAYS: dict[str, NDArray[np.float64]] = {
    'none': np.zeros((0, 3)),
    'square': 0.05 * np.array([[1.0, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0]]),
    'tetrahedron': 0.04 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, -1, 1], [-1, 1, -1]]),
}
"""On the camera, x forward, y left, z up: sides of 10 cm, and of 11 cm."""

RT60 = 0.3
START, STEP, WINDOWS = 1.2, 0.2, 6
"""Seconds of the first window's end, and between two."""

UNCONFIRMED = PipelineSettings().confirm - 1
NEAR = math.radians(10.0)
BELOW = 70
"""Rows below the middle of a drum at which the picture says that it sounds."""
STILL = Pose(OPTICAL_TO_LINK, np.zeros(3))
ALIKE = ['drum', 'drum', 'bell', 'dog', 'piano', 'kettle', 'flute', 'siren']


@dataclass
class Alike:
    """Windows in which the best source is the drum that sounds (alone, if so), the other one, or neither."""

    windows: int = 0
    right: int = 0
    alone: int = 0
    other: int = 0
    nothing: int = 0


@dataclass
class Behind:
    """Windows from the third on, before which nothing is attended, and what is attended in them.

    Attributes
    ----------
    windows
        All.
    near, far
        Something out of view, within 10° of what sounds and farther.
    in_view, nothing
        Something in view, though nothing in view sounds; nothing.
    """

    windows: int = 0
    near: int = 0
    far: int = 0
    in_view: int = 0
    nothing: int = 0


class Trial:
    """A model, and scenes to try it on."""

    def __init__(self) -> None:
        self._bundle = Bundle.load(share_path('models', 'avolnet'))
        engine, _ = open_engine(self._bundle, name='onnxruntime', precision='fp32', strict=True)
        self._localizer = Localizer(engine, self._bundle)

    def alike(self, microphones: NDArray[np.float64], seed: int, windows: int = WINDOWS) -> Alike:
        """Look at two drums, of which first one sounds, then in another run the other one."""
        found, world = Alike(), Scene(seed, objects=ALIKE).world
        middle = sum(_flat(world.place(name)) for name in ('drum', 'drum_2'))
        yaw = math.atan2(middle[1], middle[0])
        for name, other in (('drum', 'drum_2'), ('drum_2', 'drum')):
            for result, truth in self.look(microphones, seed, ALIKE, name, yaw, windows):
                found.windows += 1
                if not result.sources:
                    found.nothing += 1
                    continue
                best = result.sources[0].bearing.vector
                away = {drum: angle(best, truth[drum]) for drum in (name, other)}
                nearest = min(away, key=lambda drum: away[drum])
                found.right += nearest == name and away[name] < NEAR
                found.alone += nearest == name and away[name] < NEAR and len(result.sources) == 1
                found.other += nearest == other and away[other] < NEAR
        return found

    def behind(self, microphones: NDArray[np.float64], seed: int, windows: int = WINDOWS
               ) -> tuple[Behind, list[float], list[float]]:
        """Listen to something out of view. The lists hold errors in degrees: of the angle, of the azimuth."""
        found, errors, azimuths = Behind(), [], []
        rng = np.random.default_rng([seed, 3])
        kinds = [str(kind) for kind in rng.permutation(KINDS)[:6]]
        place = Scene(seed, objects=kinds).world.place(kinds[0])
        yaw = math.atan2(place[1], place[0]) + rng.choice([-1, 1]) * rng.uniform(math.radians(100), math.pi)
        results = self.look(microphones, seed, kinds, kinds[0], float(yaw), windows)
        for result, truth in islice(results, UNCONFIRMED, None):
            found.windows += 1
            track = result.attended
            if track is None:
                found.nothing += 1
            elif not track.heard_only:
                found.in_view += 1
            else:
                camera = truth['camera'] @ track.bearing.vector
                errors.append(math.degrees(angle(camera, truth[kinds[0]])))
                azimuths.append(_azimuth_error(camera, truth[kinds[0]]))
                found.near += errors[-1] <= math.degrees(NEAR)
                found.far += errors[-1] > math.degrees(NEAR)
        return found, errors, azimuths

    def pipeline(self, array: Array | None) -> Pipeline:
        """Make one that knows nothing yet."""
        return Pipeline(self._localizer, threshold=self._bundle.calibration.threshold, array=array)

    def look(self, microphones: NDArray[np.float64], seed: int, kinds: list[str], name: str, yaw: float,
             windows: int) -> Iterator[tuple[Result, dict[str, NDArray[np.float64]]]]:
        """Yield results while one thing sounds, and bearings of all; `camera` turns into their frame."""
        array = Array(microphones) if len(microphones) else None
        # Without an array the same sound is heard, from one of the microphones of the square.
        setup = Setup(microphones if array else ARRAYS['square'], RT60, lambda t: yaw)
        scene = Scene(seed, objects=kinds, script=f'{name} 0 inf', setup=setup)
        pipeline = self.pipeline(array)
        for number in range(windows):
            t = START + number * STEP
            end = int(t * SAMPLE_RATE) // HOP * HOP
            channels = scene.audio(end - SOUND_SAMPLES, SOUND_SAMPLES)
            sound = Sound(channels.mean(axis=1), end, 0, channels)
            frame = Frame(scene.frame(t, yaw), round(t * 1e9), 'camera')
            pose = scene.camera_pose(t, yaw)
            result = pipeline.process(frame, sound, scene.camera, pose, STILL)
            bearings = {truth.name: truth.bearing for truth in scene.truth(t, yaw)}
            yield result, bearings | {'camera': pose.rotation.T}


def picture(path: Path, seed: int = 0) -> None:
    """Write what the overlay shows of two drums, the right one of which sounds, without and with an array."""
    trial, scene = Trial(), Scene(seed, objects=ALIKE)
    middle = sum(_flat(scene.world.place(name)) for name in ('drum', 'drum_2'))
    halves = []
    for name, words in (('none', 'one microphone'), ('square', 'four microphones')):
        windows = trial.look(ARRAYS[name], seed, ALIKE, 'drum', math.atan2(middle[1], middle[0]), 1)
        result, bearings = next(windows)
        localization = result.localization
        boxes = [OverlayBox(source.box, None, source.probability, None, attended=False)
                 for source in result.sources]
        half = draw_overlay(result.frame.rgb, heatmap=localization.heatmap,
                            correspondence=localization.correspondence, boxes=boxes)
        pen = Pen.for_height(len(half))
        (x, y), = scene.camera.pixels(bearings['drum'][None])
        below = round(y) + BELOW
        for text, left, top in ((words, 0, 0), ('sounds', round(x) - pen.width('sounds') // 2, below)):
            darken(half, top, top + pen.row, left, left + pen.width(text) + 2 * pen.margin)
            pen.write(half, text, left, top, WHITE)
        halves.append(half)
    cv2.imwrite(str(path), np.hstack(halves), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _flat(place: NDArray[np.float64]) -> NDArray[np.float64]:
    return place[:2] / np.linalg.norm(place[:2])


def _azimuth_error(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    azimuths = [azimuth_elevation(vector, optical=True)[0] for vector in (one, other)]
    return abs(math.degrees(math.remainder(azimuths[0] - azimuths[1], 2 * math.pi)))


def main(seeds: int = 10) -> None:
    """Measure, show, and write down."""
    trial, console, written = Trial(), Console(), {}
    table = Table('array', 'two drums: right', 'alone', 'the other', 'behind: within 10°', 'farther',
                  'in view', 'nothing', 'error p50, p90', 'azimuth p50, p90', title='A second ear')
    for name, microphones in ARRAYS.items():
        alike = _sum([asdict(trial.alike(microphones, seed)) for seed in range(seeds)])
        runs = [trial.behind(microphones, seed) for seed in range(seeds)]
        behind = _sum([asdict(found) for found, _, _ in runs])
        errors, azimuths = (_quantiles([error for run in runs for error in run[k]]) for k in (1, 2))
        shares = [behind[key] / behind['windows'] for key in ('near', 'far', 'in_view', 'nothing')]
        table.add_row(name, *(f'{alike[key] / alike["windows"]:.1%}' for key in ('right', 'alone', 'other')),
                      *(f'{share:.1%}' for share in shares), ', '.join(errors), ', '.join(azimuths))
        written[name] = {'alike': alike, 'behind': behind, 'error p50, p90 (°)': errors,
                         'azimuth error p50, p90 (°)': azimuths}
    console.print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    made = machine.describe() | {'rt60': RT60, 'arrays': written}
    RESULTS.write_text(json.dumps(made, indent=2) + '\n', encoding='utf-8')


def _sum(counts: list[dict[str, int]]) -> dict[str, int]:
    return {key: sum(count[key] for count in counts) for key in counts[0]}


def _quantiles(errors: list[float]) -> list[str]:
    return [f'{np.quantile(errors, part):.1f}°' if errors else '–' for part in (0.5, 0.9)]


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Measure what a second ear is worth, or draw it.')
    parser.add_argument('--picture', type=Path, help='file to write the picture to, instead of measuring')
    given = parser.parse_args().picture
    main() if given is None else picture(given)
