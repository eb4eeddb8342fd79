"""Frames and sounds in, vectors out: AVE-Net, for searches within and across what is seen and heard."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import EngineError
from ros2_avloc.model.bundle import EmbedderBundle
from ros2_avloc.model.engines.base import EngineIdentity
from ros2_avloc.model.engines.graphs import Array, Graphs
from ros2_avloc.model.golden import GoldenEmbeddings
from ros2_avloc.vision.preprocess import network_input

LIBRARIES = ('openvino', 'onnxruntime')
"""In the order in which ``'auto'`` tries them."""

TOLERANCE = {'fp32': 1e-3, 'bf16': 1e-1, 'fp16': 1e-2}
"""Largest distance of an embedding from the golden one, by precision."""


class Embedder:
    """Embeds frames and seconds of sound; used by one thread at a time.

    Parameters
    ----------
    graphs
        ``vision`` and ``sound``, with what runs them.
    embedding
        Length of the vectors.
    """

    def __init__(self, graphs: Graphs, embedding: int) -> None:
        self._graphs, self._embedding = graphs, embedding

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._graphs.identity

    def embed_images(self, frames: Iterable[NDArray[np.uint8]]) -> Array:
        """Embed frames.

        Parameters
        ----------
        frames
            RGB of any size, uint8 ``(height, width, 3)``.

        Returns
        -------
        Array
            float32 ``(n, embedding)``; each row has length 1.

        Raises
        ------
        EngineError
            If the library fails.
        """
        return self._embedded('vision', (network_input(frame) for frame in frames))

    def embed_sounds(self, spectrograms: Iterable[NDArray[np.float32]]) -> Array:
        """Embed seconds of sound.

        Parameters
        ----------
        spectrograms
            float32 ``(257, 200)``, see `audio.spectrogram`.

        Returns
        -------
        Array
            float32 ``(n, embedding)``; each row has length 1.

        Raises
        ------
        EngineError
            If the library fails.
        """
        return self._embedded('sound', (spectrogram[None, None] for spectrogram in spectrograms))

    def close(self) -> None:
        """Free what the library holds."""
        self._graphs.close()

    def _embedded(self, graph: str, inputs: Iterable[Array]) -> Array:
        rows = [self._graphs.run(graph, one) for one in inputs]
        if not rows:
            return np.empty((0, self._embedding), np.float32)
        embeddings = np.concatenate(rows)
        # Reduced precision computes lengths a little off.
        lengths: Array = np.linalg.norm(embeddings, axis=1, keepdims=True)
        return embeddings / lengths


def open_embedder(bundle: EmbedderBundle, *, library: str = 'auto', precision: str = 'fp32') -> Embedder:
    """Open the first library that works here and computes what the bundle says.

    Parameters
    ----------
    bundle
        The model.
    library
        ``'auto'`` or one of `LIBRARIES`.
    precision
        ``'fp32'``, so that vectors of two machines compare; ``'bf16'`` is faster where OpenVINO has it.

    Raises
    ------
    EngineError
        If none works; it says why.
    """
    if library != 'auto' and library not in LIBRARIES:
        raise EngineError(f'There is no library {library!r} for this; choose auto, {", ".join(LIBRARIES)}.')
    reasons = []
    for name in LIBRARIES if library == 'auto' else (library,):
        try:
            return _open(bundle, name, precision)
        except EngineError as error:
            reasons.append(f'{name} in {precision} was not taken: {error}.')
    raise EngineError(' '.join(['Nothing can run the model.', *reasons]))


def _open(bundle: EmbedderBundle, name: str, precision: str) -> Embedder:
    try:
        module = importlib.import_module(f'ros2_avloc.model.engines.{name}')
        graphs: Graphs = module.graphs({graph: bundle.graph(graph) for graph in bundle.graphs}, precision)
    except ImportError as error:
        raise EngineError(f'it cannot be imported ({error}); pip install {name}') from error
    except EngineError:
        raise
    except Exception as error:  # each library has errors of its own
        raise EngineError(f'it cannot load the model ({" ".join(str(error).split())})') from error
    _check_golden(graphs, bundle.golden)
    return Embedder(graphs, bundle.golden.seen.size)


def _check_golden(graphs: Graphs, golden: GoldenEmbeddings) -> None:
    seen = graphs.run('vision', golden.image)
    heard = graphs.run('sound', golden.spectrogram[None, None])
    for what, one, other in (('image', seen, golden.seen), ('sound', heard, golden.heard)):
        if one.shape != other.shape or not np.isfinite(one).all():
            raise EngineError(f'its embedding of the golden {what} is not finite {other.shape}')
        distance = float(np.linalg.norm(one - other))
        if distance > TOLERANCE[graphs.identity.precision]:
            raise EngineError(f'its embedding of the golden {what} lies {distance:.2g} from the golden one')
