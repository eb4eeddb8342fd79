"""Frame and sound in, heatmap out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import SpectrogramStream
from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Comparison, Engine
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.preprocess import network_input


@dataclass(frozen=True)
class Localization:
    """Where in a frame the sound comes from.

    Attributes
    ----------
    heatmap
        Probability of each cell that what is seen there makes the sound, float32 ``(14, 14)``.
    correspondence
        Probability that anything in view makes the sound: the heatmap's maximum.
    """

    heatmap: NDArray[np.float32]
    correspondence: float


class Localizer:
    """Runs an engine on windows.

    Parameters
    ----------
    engine
        Opened on `bundle`.
    bundle
        Gives the calibration, from logits to probabilities.
    """

    def __init__(self, engine: Engine, bundle: Bundle) -> None:
        self._engine = engine
        self._calibration = bundle.calibration
        self._spectrograms = SpectrogramStream()
        self._heard: tuple[int, int] | None = None
        self._embedding: Any = None
        self._seen: tuple[Frame, Comparison] | None = None

    def look(self, frame: Frame) -> None:
        """Do with a frame what needs no sound; `localize` of the same frame will take less time.

        Raises
        ------
        EngineError
            If the engine fails.
        """
        self._seen = frame, self._engine.look(network_input(frame.rgb))

    def localize(self, frame: Frame, sound: Sound) -> Localization:
        """Compare every cell of a frame with a second of sound.

        A sound is embedded once for all frames in a row that share it.

        Raises
        ------
        InputError
            If the sound has a wrong length.
        EngineError
            If the engine fails, or computes what is not a number.
        """
        if self._seen is None or self._seen[0] is not frame:
            self.look(frame)
        assert self._seen is not None
        compare = self._seen[1]
        logits = compare(self._embed(sound))
        if not np.isfinite(logits).all():
            raise EngineError(f'{self._engine.identity.name} computed logits that are not finite; '
                              'choose another engine or precision.')
        heatmap = self._calibration.probability(logits)
        return Localization(heatmap, float(heatmap.max()))

    def _embed(self, sound: Sound) -> Any:
        heard = (sound.epoch, sound.end)
        if heard != self._heard:
            self._embedding = self._engine.embed_sound(self._spectrograms.spectrogram(sound))
            self._heard = heard
        return self._embedding
