"""How an engine is opened: where its plans are kept, how they are built, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _unheard(_: str) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class EngineOptions:
    """What most engines need not know.

    Attributes
    ----------
    asked
        Name of the engine that was asked for, or ``'auto'``; given by `open_engine`.
    cache_dir
        Where TensorRT's plans are kept; ``None``: in the user's cache.
    level
        How long TensorRT's builder tries, 0 (least) to 5.
    workspace
        Most memory of the device that a layer may use while it runs, bytes.
    progress
        Told how a build goes; called by the thread that opens the engine, about once a second.
    warn
        Told what went wrong and did no harm to the result.
    cancelled
        Asked about as often, and before and after each engine is opened, whether none is wanted any more.
    """

    asked: str = 'auto'
    cache_dir: Path | None = None
    level: int = 3
    workspace: int = 1 << 30
    progress: Callable[[str], None] = _unheard
    warn: Callable[[str], None] = _unheard
    cancelled: Callable[[], bool] = _never
