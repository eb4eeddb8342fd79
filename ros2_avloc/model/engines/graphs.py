"""An engine out of three graphs that some library runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines.base import EngineIdentity

Array = NDArray[np.float32]
Graph = Callable[..., Array]
"""Takes the inputs of an ONNX graph in their order, returns its output in memory of its own."""


class GraphEngine:
    """Runs the vision, sound and head graph of a bundle, and speaks for the library in errors.

    Used by one thread at a time.

    Parameters
    ----------
    identity
        What runs, as the library says it.
    vision, sound, head
        The graphs: ``(1, 3, 224, 224)`` to ``(1, 128, 14, 14)``; ``(1, 1, 257, 200)`` to ``(1, 128)``;
        both of these to ``(1, 1, 14, 14)``.
    """

    def __init__(self, identity: EngineIdentity, *, vision: Graph, sound: Graph, head: Graph) -> None:
        self._identity = identity
        self._graphs = {'vision': vision, 'sound': sound, 'head': head}

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._identity

    def embed_sound(self, spectrogram: Array) -> Array:
        """Embed float32 ``(257, 200)`` as float32 ``(1, 128)``; raise EngineError if the library fails."""
        return self._run('sound', spectrogram[None, None])

    def localize(self, image: Array, sound: Array) -> Array:
        """Return float32 ``(14, 14)`` logits; raise EngineError if the library fails."""
        logits = self._run('head', self._run('vision', image), sound)
        return logits.reshape(logits.shape[-2:])

    def close(self) -> None:
        """Free the graphs."""
        self._graphs.clear()

    def _run(self, graph: str, *inputs: Array) -> Array:
        if graph not in self._graphs:
            raise EngineError(f'{self._identity.name} was closed; open an engine again.')
        try:
            return self._graphs[graph](*inputs)
        except Exception as error:  # each library has errors of its own
            raise EngineError(f'{self._identity.name} failed in the {graph} graph: {error}') from error
