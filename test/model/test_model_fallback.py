"""An engine whose device is lost is replaced, and nobody above it notices but by what is told."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from ros2_avloc.errors import DeviceLostError, EngineError
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.fallback import FallbackEngine


class Fragile:
    """An engine that works until its device is lost."""

    def __init__(self, engine):
        self.engine = engine
        self.lost = self.closed = False

    @property
    def identity(self):
        return self.engine.identity

    def embed_sound(self, spectrogram):
        self.check()
        return self.engine.embed_sound(spectrogram)

    def look(self, image):
        self.check()
        return partial(self.localize, image)

    def localize(self, image, sound):
        self.check()
        return self.engine.localize(image, sound)

    def close(self):
        self.closed = True

    def check(self):
        if self.lost:
            raise DeviceLostError('The GPU has fallen off the bus')


@pytest.fixture
def fragile(bundle):
    return Fragile(open_engine(bundle, name='openvino', precision='fp32', strict=True)[0])


def opened(bundle):
    return open_engine(bundle, name='onnxruntime', strict=True)[0]


@pytest.mark.parametrize('when', ['embedding', 'localising'])
def test_the_frame_in_hand_is_answered_by_the_next_engine(fragile, bundle, tiny, when):
    told = []
    engine = FallbackEngine(fragile, lambda: opened(bundle), told.append)
    sound = engine.embed_sound(tiny.spectrogram)
    np.testing.assert_allclose(engine.localize(tiny.image, sound), tiny.logits, atol=1e-4)
    fragile.lost = True
    if when == 'embedding':
        sound = engine.embed_sound(tiny.spectrogram)
    for _ in range(2):
        np.testing.assert_allclose(engine.localize(tiny.image, sound), tiny.logits, atol=1e-4)
    assert engine.identity.name == 'onnxruntime'
    assert fragile.closed
    assert told == ['The GPU has fallen off the bus. onnxruntime runs instead.']


@pytest.mark.parametrize('when', ['looking', 'embedding', 'comparing'])
def test_a_frame_that_was_looked_at_is_answered_by_the_next_engine(fragile, bundle, tiny, when):
    engine = FallbackEngine(fragile, lambda: opened(bundle), [].append)
    sound = engine.embed_sound(tiny.spectrogram)
    fragile.lost = when == 'looking'
    compare = engine.look(tiny.image)
    fragile.lost = True
    if when == 'embedding':
        sound = engine.embed_sound(tiny.spectrogram)
    for _ in range(2):
        np.testing.assert_allclose(compare(sound), tiny.logits, atol=1e-4)
    assert engine.identity.name == 'onnxruntime'


def test_a_sound_is_kept_as_it_is_without_a_copy(fragile, tiny):
    engine = FallbackEngine(fragile, lambda: pytest.fail('nothing was lost'), print)
    assert engine.embed_sound(tiny.spectrogram).spectrogram is tiny.spectrogram


def test_without_another_engine_every_frame_fails_and_it_is_told_once(fragile, tiny):
    def none():
        raise EngineError('model.strict allows no other engine.')

    told = []
    engine = FallbackEngine(fragile, none, told.append)
    sound = engine.embed_sound(tiny.spectrogram)
    fragile.lost = True
    for _ in range(3):
        with pytest.raises(DeviceLostError, match='fallen off the bus'):
            engine.localize(tiny.image, sound)
        with pytest.raises(DeviceLostError):
            engine.embed_sound(tiny.spectrogram)
    assert told == ['The GPU has fallen off the bus. Nothing takes its place: '
                    'model.strict allows no other engine.']


def test_other_errors_of_an_engine_are_passed_on(fragile, tiny):
    engine = FallbackEngine(fragile, lambda: pytest.fail('nothing was lost'), print)
    with pytest.raises(EngineError, match='failed in the sound graph'):
        engine.embed_sound(tiny.spectrogram[:10])
