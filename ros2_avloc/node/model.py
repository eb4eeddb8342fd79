"""The model that a configured node holds."""

from __future__ import annotations

from pathlib import Path

from ros2_avloc.audio.array import Array
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.node.settings import Settings
from ros2_avloc.pipeline import Pipeline, PipelineSettings
from ros2_avloc.share import share_path

_WARM_UPS = 3


class Model:
    """A bundle and the engine that runs it.

    Raises
    ------
    BundleError, EngineError
        If the bundle cannot be used, or no engine that may be taken works.
    InputError
        If the places of the microphones make no array.
    """

    def __init__(self, settings: Settings) -> None:
        self.array = Array.from_flat(settings.audio_array) if settings.audio_array else None
        self._bundle = Bundle.load(_bundle_path(settings.model_bundle))
        self._engine, self.declined = open_engine(
            self._bundle, name=settings.model_engine, precision=settings.model_precision,
            strict=settings.model_strict)

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


def pipeline_settings(settings: Settings) -> PipelineSettings:
    """Return the parameters that the pipeline knows."""
    return PipelineSettings(
        threshold=settings.sources_threshold, limit=settings.sources_max, confirm=settings.tracks_confirm,
        forget=settings.tracks_forget, min_dwell=settings.attention_min_dwell,
        switch_margin=settings.attention_switch_margin)


def _bundle_path(name: str) -> Path:
    """Return the directory of a bundle: a bare name is one that is shipped."""
    path = Path(name).expanduser()
    return path if len(path.parts) > 1 else share_path('models', name)
