"""The graphs of a bundle in some library, and an engine out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines.base import Comparison, EngineIdentity

Array = NDArray[np.float32]
Graph = Callable[..., Array]
"""Takes the inputs of an ONNX graph in their order, returns its output in memory of its own."""


class Graphs:
    """Runs graphs by name, and speaks for the library in errors; used by one thread at a time.

    Parameters
    ----------
    identity
        What runs, as the library says it.
    graphs
        By name.
    """

    def __init__(self, identity: EngineIdentity, graphs: Mapping[str, Graph]) -> None:
        self.identity = identity
        self._graphs = dict(graphs)

    def run(self, graph: str, *inputs: Array) -> Array:
        """Run a graph; raise EngineError if the library fails."""
        if graph not in self._graphs:
            raise EngineError(f'{self.identity.name} was closed; open an engine again.')
        try:
            return self._graphs[graph](*inputs)
        except Exception as error:  # each library has errors of its own
            raise EngineError(f'{self.identity.name} failed in the {graph} graph: {error}') from error

    def close(self) -> None:
        """Free the graphs."""
        self._graphs.clear()


class GraphEngine:
    """Runs AVOL-Net's graphs of a bundle.

    Parameters
    ----------
    graphs
        ``vision``: ``(1, 3, 224, 224)`` to ``(1, 128, 14, 14)``; ``sound``: ``(1, 1, 257, 200)`` to
        ``(1, 128)``; ``head``: both of these to ``(1, 1, 14, 14)``.
    """

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._graphs.identity

    def embed_sound(self, spectrogram: Array) -> Array:
        """Embed float32 ``(257, 200)`` as float32 ``(1, 128)``; raise EngineError if the library fails."""
        return self._graphs.run('sound', spectrogram[None, None])

    def look(self, image: Array) -> Comparison:
        """Embed an image; raise EngineError if the library fails."""
        return partial(self._compare, self._graphs.run('vision', image))

    def localize(self, image: Array, sound: Array) -> Array:
        """Return float32 ``(14, 14)`` logits; raise EngineError if the library fails."""
        return self.look(image)(sound)

    def close(self) -> None:
        """Free the graphs."""
        self._graphs.close()

    def _compare(self, cells: Array, sound: Array) -> Array:
        logits = self._graphs.run('head', cells, sound)
        return logits.reshape(logits.shape[-2:])
