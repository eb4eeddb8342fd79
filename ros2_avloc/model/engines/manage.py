"""What ``avloc engine`` does: builds TensorRT's plans ahead of time, lists and removes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.plans import PlanCache, cache_directory

COLUMNS = ('name', 'gpu', 'TensorRT', 'bundle', 'MB', 'built in s')


def build_engine(bundle: Path, precision: str, options: EngineOptions) -> str:
    """Build what is lacking for this machine; run it, and hold it against the golden output.

    Parameters
    ----------
    bundle
        Directory of the model.
    precision
        ``'auto'``, ``'fp16'`` or ``'fp32'``.
    options
        See there; also told why a precision that is faster was not taken.

    Returns
    -------
    str
        What is ready now.

    Raises
    ------
    BundleError, EngineError
        If the bundle cannot be used, or TensorRT does not run here or computes something else.
    """
    engine, declined = open_engine(Bundle.load(bundle), name='tensorrt', precision=precision, strict=True,
                                   options=options)
    for reason in declined:
        options.warn(reason)
    runs = engine.identity
    engine.close()
    where = cache_directory(options.cache_dir)
    return f'TensorRT {runs.version} is ready in {runs.precision} on {runs.device}; its plans are in {where}.'


def list_engines(cache_dir: Path | None) -> str:
    """Return a table of the plans that are kept; raise EngineError if the directory is not private."""
    cache = PlanCache(cache_directory(cache_dir), _unheard)
    entries = cache.entries()
    if not entries:
        return f'{cache.directory} holds no engine.'
    rows = [COLUMNS, *(_row(name, facts) for name, facts in entries.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)


def remove_engines(cache_dir: Path | None, names: Sequence[str]) -> list[str]:
    """Remove plans by name, or all, and the timings of kernels, if no name is given; return the names.

    Raises
    ------
    EngineError
        If there is none of a name, or one cannot be removed.
    """
    cache = PlanCache(cache_directory(cache_dir), _unheard)
    removed = list(names or cache.entries())
    for name in removed:
        cache.remove(name)
    if not names:
        cache.remove_timings()
    return removed


def _unheard(_: str) -> None:
    pass


def _row(name: str, facts: dict[str, Any]) -> tuple[str, ...]:
    key = facts.get('key', {})
    seconds = facts.get('seconds', '')
    return (name, f'{key.get("gpu", "?")} ({key.get("capability", "?")})', str(key.get('library', '?')),
            str(key.get('bundle', '?'))[:12], f'{facts["bytes"] / 1e6:.1f}', str(seconds))
