"""The model that a configured node holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ros2_avloc.audio.array import Array
from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import Engine, EngineIdentity
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.fallback import ON_DEVICES, FallbackEngine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.node.settings import Settings
from ros2_avloc.pipeline import Pipeline, PipelineSettings
from ros2_avloc.share import bundle_path

_WARM_UPS = 3


class Model:
    """A bundle and the engine that runs it.

    Parameters
    ----------
    settings
        Of the node.
    told
        Who is told of a build, and may cancel it.

    Attributes
    ----------
    declined
        Why each engine and precision that comes before the one that runs was not taken; a sentence each.
    lost_device
        Says, once the device of the first engine was lost, that it was; empty until then.

    Raises
    ------
    BundleError, EngineError
        If the bundle cannot be used, or no engine that may be taken works.
    InputError
        If the places of the microphones make no array.
    """

    def __init__(self, settings: Settings, told: EngineOptions | None = None) -> None:
        self.array = Array.from_flat(settings.audio_array) if settings.audio_array else None
        self._bundle = Bundle.load(bundle_path(settings.model_bundle))
        self._strict = settings.model_strict
        self._precision = settings.model_precision
        self._options = _options(settings, told or EngineOptions())
        engine, self.declined = open_engine(
            self._bundle, name=settings.model_engine, precision=self._precision, strict=self._strict,
            options=self._options)
        self._engine = FallbackEngine(engine, self._open_next, self._tell_lost)
        self.lost_device = ''

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._engine.identity

    @property
    def bundle(self) -> str:
        """Name, version and checksum of the bundle, for people."""
        manifest = self._bundle.manifest
        return f'{manifest.name} {manifest.version} ({self._bundle.sha256[:12]}) from {self._bundle.path}'

    def warm_up(self) -> None:
        """Run the golden input, so that the first frame does not wait for what libraries do only once."""
        golden = self._bundle.golden
        for _ in range(_WARM_UPS):
            self._engine.localize(golden.image, self._engine.embed_sound(golden.spectrogram))

    def pipeline(self, settings: Settings) -> Pipeline:
        """Make a pipeline that knows nothing yet."""
        return Pipeline(Localizer(self._engine, self._bundle), threshold=self._bundle.calibration.threshold,
                        settings=pipeline_settings(settings), array=self.array)

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def _open_next(self) -> Engine:
        if self._strict:
            raise EngineError('model.strict allows no other engine.')
        engine, declined = open_engine(self._bundle, precision=self._precision, options=self._options,
                                       without=ON_DEVICES)
        self.declined = list(dict.fromkeys(self.declined + declined))
        return engine

    def _tell_lost(self, sentence: str) -> None:
        self.lost_device = sentence
        self._options.warn(sentence)


def _options(settings: Settings, told: EngineOptions) -> EngineOptions:
    directory = Path(settings.model_cache_dir) if settings.model_cache_dir else None
    return replace(told, cache_dir=directory, level=settings.model_build_level,
                   workspace=settings.model_build_workspace << 20)


def pipeline_settings(settings: Settings) -> PipelineSettings:
    """Return the parameters that the pipeline knows."""
    return PipelineSettings(
        threshold=settings.sources_threshold, limit=settings.sources_max, confirm=settings.tracks_confirm,
        forget=settings.tracks_forget, min_dwell=settings.attention_min_dwell,
        switch_margin=settings.attention_switch_margin)
