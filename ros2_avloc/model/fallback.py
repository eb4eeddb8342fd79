"""An engine that is replaced by the next one when its device is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import DeviceLostError, EngineError
from ros2_avloc.model.engines.base import Comparison, Engine, EngineIdentity

ON_DEVICES = ('tensorrt', 'torch')
"""Engines of the device that is lost: CUDA does not recover within a process."""


@dataclass
class Heard:
    """A sound, so that another engine can embed it again.

    Attributes
    ----------
    spectrogram
        float32 ``(257, 200)``.
    engine
        That embedded it.
    embedding
        Of this engine.
    """

    spectrogram: NDArray[np.float32]
    engine: Engine
    embedding: Any


class FallbackEngine:
    """Runs an engine, and another one from the moment that its device is lost.

    Parameters
    ----------
    engine
        The first one.
    open_next
        Opens one that needs no device; raises EngineError if there is none, or none is wanted.
    report
        Told, once, in a sentence, that the device was lost and what runs now.
    """

    def __init__(self, engine: Engine, open_next: Callable[[], Engine],
                 report: Callable[[str], None]) -> None:
        self._engine = engine
        self._open_next = open_next
        self._report = report
        self._lost: DeviceLostError | None = None

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._engine.identity

    def embed_sound(self, spectrogram: NDArray[np.float32]) -> Heard:
        """Embed float32 ``(257, 200)``, which must not change then; raise EngineError if no engine can."""
        try:
            embedding = self._engine.embed_sound(spectrogram)
        except DeviceLostError as error:
            self._replace(error)
            embedding = self._engine.embed_sound(spectrogram)
        return Heard(spectrogram, self._engine, embedding)

    def look(self, image: NDArray[np.float32]) -> Comparison:
        """Do with float32 ``(1, 3, 224, 224)`` what needs no sound; raise EngineError if no engine can."""
        try:
            engine, compare = self._engine, self._engine.look(image)
        except DeviceLostError as error:
            self._replace(error)
            engine, compare = self._engine, self._engine.look(image)

        def compare_or_replace(sound: Heard) -> NDArray[np.float32]:
            if engine is self._engine is sound.engine:
                try:
                    return compare(sound.embedding)
                except DeviceLostError as error:
                    self._replace(error)
            return self.localize(image, sound)
        return compare_or_replace

    def localize(self, image: NDArray[np.float32], sound: Heard) -> NDArray[np.float32]:
        """Return float32 ``(14, 14)`` logits; raise EngineError if no engine can."""
        if sound.engine is self._engine:
            try:
                return self._engine.localize(image, sound.embedding)
            except DeviceLostError as error:
                self._replace(error)
        again = self.embed_sound(sound.spectrogram)
        sound.engine, sound.embedding = again.engine, again.embedding
        return self._engine.localize(image, sound.embedding)

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def _replace(self, error: DeviceLostError) -> None:
        if self._lost is not None:
            raise error  # it was tried, in vain
        self._lost = error
        try:
            following = self._open_next()
        except EngineError as refusal:
            self._report(f'{error}. Nothing takes its place: {refusal}')
            raise error from refusal
        lost, self._engine = self._engine, following
        lost.close()
        self._report(f'{error}. {following.identity.name} runs instead.')
