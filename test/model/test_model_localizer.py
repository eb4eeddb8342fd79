from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import EngineError, InputError
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.preprocess import network_input


class Counting:
    """An engine that counts how often the engine within embeds a sound, or looks at an image."""

    def __init__(self, engine) -> None:
        self._engine = engine
        self.identity = engine.identity
        self.embedded = self.looked = 0

    def embed_sound(self, heard):
        self.embedded += 1
        return self._engine.embed_sound(heard)

    def look(self, image):
        self.looked += 1
        return self._engine.look(image)

    def localize(self, image, sound):
        return self.look(image)(sound)

    def close(self) -> None:
        self._engine.close()


def _noise(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, SOUND_SAMPLES).astype(np.float32)


def _frame(seed: int) -> Frame:
    rgb = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    return Frame(rgb, stamp=seed, frame_id='camera')


@pytest.fixture
def engine(bundle):
    return Counting(open_engine(bundle, precision='fp32')[0])


def test_the_heatmap_is_the_calibrated_probability(bundle, tiny, engine):
    frame, samples = _frame(1), _noise(1)
    localization = Localizer(engine, bundle).localize(frame, Sound(samples, end=48000, epoch=0))
    logits = tiny.expected(network_input(frame.rgb), spectrogram(samples))
    assert localization.heatmap.dtype == np.float32
    np.testing.assert_allclose(localization.heatmap, expit(logits / 1.5), atol=1e-4)
    assert localization.correspondence == localization.heatmap.max()


def test_a_sound_is_embedded_once_and_never_mistaken_for_another(bundle, engine):
    localizer = Localizer(engine, bundle)
    sounds = [Sound(_noise(1), 48000, 0), Sound(_noise(1), 48000, 0), Sound(_noise(2), 96000, 0),
              Sound(_noise(3), 96000, 1), Sound(_noise(1), 48000, 0)]
    heatmaps = [localizer.localize(_frame(1), sound).heatmap for sound in sounds]
    assert engine.embedded == 4
    np.testing.assert_array_equal(heatmaps[0], heatmaps[1])
    np.testing.assert_allclose(heatmaps[0], heatmaps[4], atol=1e-6)
    assert not np.allclose(heatmaps[2], heatmaps[3], atol=1e-4)


def test_a_sound_that_failed_is_not_remembered(bundle, engine):
    localizer = Localizer(engine, bundle)
    with pytest.raises(InputError):
        localizer.localize(_frame(1), Sound(_noise(1)[:-1], 48000, 0))
    localizer.localize(_frame(1), Sound(_noise(1), 48000, 0))
    assert engine.embedded == 1


def test_a_frame_that_was_looked_at_is_not_looked_at_again(bundle, engine):
    localizer, frame, sound = Localizer(engine, bundle), _frame(1), Sound(_noise(1), 48000, 0)
    unprepared = localizer.localize(frame, sound).heatmap
    localizer.look(frame)
    assert engine.looked == 2
    np.testing.assert_array_equal(localizer.localize(frame, sound).heatmap, unprepared)
    assert engine.looked == 2
    assert not np.allclose(localizer.localize(_frame(2), sound).heatmap, unprepared, atol=1e-4)
    assert engine.looked == 3


class NotANumber(Counting):
    def look(self, image):
        compare = super().look(image)
        return lambda sound: compare(sound) * np.float32(np.nan)


def test_what_is_not_a_number_never_becomes_a_heatmap(bundle, engine):
    with pytest.raises(EngineError, match='not finite'):
        Localizer(NotANumber(engine), bundle).localize(_frame(1), Sound(_noise(1), 48000, 0))
