"""The chain from window to result, with an engine whose network is known: brightness times loudness."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ros2_avloc.attention.bearing import azimuth_elevation
from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Comparison, EngineIdentity
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.model.manifest import Calibration, Manifest
from ros2_avloc.pipeline import Pipeline, PipelineSettings
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(560, 420, math.radians(60))
STILL = Pose(np.eye(3), np.zeros(3))
FRAME_NS = 66_666_667


class BrightAndLoud:
    """Says that a cell sounds when it is bright while it is loud."""

    identity = EngineIdentity('known', '1', 'CPU', 'fp32')

    def embed_sound(self, spectrogram: NDArray[np.float32]) -> float:
        return 1.0 if spectrogram.mean() > -1.5 else 0.0

    def look(self, image: NDArray[np.float32]) -> Comparison:
        return partial(self.localize, image)

    def localize(self, image: NDArray[np.float32], sound: float) -> NDArray[np.float32]:
        brightness = image[0].mean(axis=0).reshape(14, 16, 14, 16).mean(axis=(1, 3))
        return (4 * sound * (brightness + 1) - 5).astype(np.float32)

    def close(self) -> None:
        pass


def _pipeline(**settings: float) -> Pipeline:
    shapes = (1, 3, 224, 224), (257, 200), (14, 14)
    golden = Golden(*(np.zeros(shape, np.float32) for shape in shapes))
    calibration = Calibration(threshold=0.4, temperature=1.0)
    bundle = Bundle(Path(), Manifest('known', '1', 17, {}, calibration, {}, {}), golden, '')
    localizer = Localizer(BrightAndLoud(), bundle)
    return Pipeline(localizer, threshold=bundle.calibration.threshold, settings=PipelineSettings(**settings))


def _frame(number: int, *lamps: tuple[int, int, int]) -> Frame:
    """A dark image with lamps (x, y, brightness) of 80×60 pixels."""
    rgb = np.zeros((420, 560, 3), np.uint8)
    for x, y, brightness in lamps:
        rgb[y - 30:y + 30, x - 40:x + 40] = brightness
    return Frame(rgb, number * FRAME_NS, 'camera')


def _sound(number: int, loudness: float) -> Sound:
    noise = np.random.default_rng(number).uniform(-loudness, loudness, SOUND_SAMPLES)
    return Sound(noise.astype(np.float32), end=96000 * number, epoch=0)


def _run(pipeline: Pipeline, numbers: range, *lamps: tuple[int, int, int], loudness: float = 0.5):
    return [pipeline.process(_frame(n, *lamps), _sound(n, loudness), CAMERA, STILL) for n in numbers]


def test_what_sounds_is_found_confirmed_and_attended():
    results = _run(_pipeline(confirm=3), range(5), (120, 210, 255))
    assert [result.attended is not None for result in results] == [False, False, False, True, True]
    last = results[-1]
    source, = last.sources
    assert source.box == pytest.approx((119.5, 209.5, 80, 60), abs=40)
    ray = CAMERA.rays([(119.5, 209.5)])[0]
    np.testing.assert_allclose(last.attended.bearing.vector, ray, atol=0.01)
    azimuth, elevation = azimuth_elevation(last.attended.bearing.vector, optical=True)
    assert (azimuth, elevation) == pytest.approx((math.atan(160 / CAMERA.focal[0]), 0), abs=0.01)
    assert last.localization.correspondence == source.probability
    assert last.frame.stamp == 4 * FRAME_NS


def test_what_becomes_faint_goes_on_being_attended_but_is_no_source():
    pipeline, place = _pipeline(threshold=0.7), (120, 210)
    attended = _run(pipeline, range(10), (*place, 255))[-1].attended
    faint = _run(pipeline, range(10, 60), (*place, 180))
    assert all(0.6 < result.localization.correspondence < 0.7 for result in faint)
    assert all(result.sources == [] and result.attended.id == attended.id for result in faint)
    assert all(one is result.attended.source for result in faint for one in result.faint)
    assert faint[-1].faint
    assert _run(pipeline, range(60, 80), (*place, 100))[-1].attended is None
    assert _run(pipeline, range(80, 100), (*place, 180))[-1].attended is None


def test_silence_gives_no_source_and_soon_no_attention():
    pipeline = _pipeline(confirm=1)
    assert _run(pipeline, range(3), (120, 210, 255))[-1].attended is not None
    results = _run(pipeline, range(3, 20), (120, 210, 255), loudness=0.0)
    assert all(result.sources == [] for result in results)
    assert results[-1].attended is None
    assert [track.id for track in results[-1].tracks] == [1]  # remembered


def test_settings_change_while_it_runs():
    pipeline = _pipeline(confirm=1)
    lamps = (120, 210, 255), (400, 100, 160)
    assert len(_run(pipeline, range(1), *lamps)[0].sources) == 2
    pipeline.settings = replace(pipeline.settings, limit=1)
    assert len(_run(pipeline, range(1, 2), *lamps)[0].sources) == 1
    pipeline.settings = replace(pipeline.settings, limit=5, threshold=0.9)
    result, = _run(pipeline, range(2, 3), *lamps)
    assert len(result.sources) == 1
    assert len(result.tracks) == 2
    pipeline.settings = replace(pipeline.settings, forget=0.01)
    assert len(_run(pipeline, range(3, 4), *lamps)[0].tracks) == 1


def test_the_threshold_is_the_bundles_unless_set():
    lamp = (120, 210, 130)  # probability about 0.3
    assert _run(_pipeline(), range(1), lamp)[0].sources == []
    assert len(_run(_pipeline(threshold=0.2), range(1), lamp)[0].sources) == 1


def test_a_camera_of_another_size_is_refused_and_changes_nothing():
    pipeline = _pipeline(confirm=1)
    _run(pipeline, range(1), (120, 210, 255))
    with pytest.raises(InputError, match='560×420, but its camera 640×480'):
        pipeline.process(_frame(1), _sound(1, 0.5), Camera.from_hfov(640, 480, 1.0), STILL)
    assert _run(pipeline, range(1, 2), (120, 210, 255))[0].attended.id == 1


def test_without_a_pose_there_are_sources_but_no_tracks_and_those_that_were_wait():
    pipeline = _pipeline(confirm=1)
    attended = _run(pipeline, range(1), (120, 210, 255))[0].attended
    lost = pipeline.process(_frame(1, (120, 210, 255)), _sound(1, 0.5), CAMERA, None)
    assert len(lost.sources) == 1
    assert (lost.tracks, lost.attended) == ([], None)
    assert _run(pipeline, range(2, 3), (120, 210, 255))[0].attended.id == attended.id
