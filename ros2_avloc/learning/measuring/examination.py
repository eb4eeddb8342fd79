"""What a network answers to cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.learning.measures.maps import Box, target_cells
from ros2_avloc.learning.measuring.cases import SOUNDING, SWAPPED, Case, CaseSet, Heard, View
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Engine
from ros2_avloc.vision.preprocess import network_input

KEPT_SIDE = 320
"""Longer side of the pictures that are kept for the report, px."""


class Judge(Protocol):
    """Whoever says where in a view a sound comes from; views and sounds are looked at once each."""

    def see(self, view: View) -> Any:
        """Return what `compare` needs of a view."""

    def hear(self, heard: Heard) -> Any:
        """Return what `compare` needs of a sound."""

    def compare(self, seen: Any, heard: Any) -> NDArray[np.float32]:
        """Return the heatmap, probabilities ``(14, 14)``."""


class NetworkJudge:
    """An AVOL-Net in an engine.

    Parameters
    ----------
    engine
        Opened on `bundle`. Where it runs the towers apart, each view passes its tower once; else once for
        every sound.
    bundle
        Gives the calibration.
    """

    def __init__(self, engine: Engine, bundle: Bundle) -> None:
        self._engine = engine
        self._calibration = bundle.calibration

    def see(self, view: View) -> Any:
        """Look at a view."""
        return self._engine.look(network_input(view.rgb))

    def hear(self, heard: Heard) -> Any:
        """Embed a sound."""
        return self._engine.embed_sound(spectrogram(heard.samples))

    def compare(self, seen: Any, heard: Any) -> NDArray[np.float32]:
        """Return the heatmap."""
        return self._calibration.probability(seen(heard))


@dataclass(frozen=True)
class Answers:
    """Heatmaps of pairs of a view and a sound, and the truth about each pair.

    Attributes
    ----------
    heatmaps
        ``(n, 14, 14)`` float32, probabilities.
    blind
        ``(n, 14, 14)``: the mean of the view's heatmaps over the pool of sounds.
    targets
        ``(n, 14, 14)`` bool: cells on what sounds.
    boxes
        Of what sounds, ``(n,)`` tuples.
    kinds, names, groups
        ``(n,)`` str, as in `cases`.
    objects
        ``(n,)`` int: objects in view.
    views
        ``(n,)`` int: index into the pictures.
    """

    heatmaps: NDArray[np.float32]
    blind: NDArray[np.float32]
    targets: NDArray[np.bool_]
    boxes: NDArray[np.object_]
    kinds: NDArray[np.str_]
    names: NDArray[np.str_]
    groups: NDArray[np.str_]
    objects: NDArray[np.int64]
    views: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kinds)

    def where(self, mask: NDArray[np.bool_]) -> Answers:
        """Return some of the pairs."""
        return replace(self, **{field.name: getattr(self, field.name)[mask] for field in fields(self)})

    @property
    def found(self) -> NDArray[np.float64]:
        """Correspondence of each pair, ``(n,)``."""
        return np.asarray(self.heatmaps.max(axis=(1, 2), initial=0.0), np.float64)

    @property
    def true(self) -> NDArray[np.bool_]:
        """Whether something in view makes the sound, ``(n,)``."""
        return np.isin(self.kinds, (SOUNDING, SWAPPED))


def examine(judge: Judge, cases: CaseSet,
            advance: Callable[[], None] = lambda: None) -> tuple[Answers, list[bytes]]:
    """Put every case before a judge.

    Parameters
    ----------
    advance
        Called after each case.

    Returns
    -------
    Answers
        A row for each pair of a view and a sound.
    list[bytes]
        The views as JPEG.
    """
    pool = [judge.hear(heard) for heard in cases.pool]
    rows: list[tuple[Any, ...]] = []
    pictures: list[bytes] = []
    for number, case in enumerate(cases.cases()):
        rows.extend(_rows(judge, case, pool, number))
        pictures.append(jpeg(case.view.rgb))
        advance()
    return _answers(rows), pictures


def _rows(judge: Judge, case: Case, pool: list[Any], number: int) -> list[tuple[Any, ...]]:
    seen = judge.see(case.view)
    blind = np.mean([judge.compare(seen, heard) for heard in pool], axis=0, dtype=np.float32)
    rows = []
    for heard in case.sounds:
        boxes = _sounding(case.view, heard)
        rows.append((judge.compare(seen, judge.hear(heard)), blind, target_cells(boxes), boxes, heard.kind,
                     heard.name, case.group, len(case.view.objects), number))
    return rows


def _sounding(view: View, heard: Heard) -> tuple[Box, ...]:
    """Return the boxes of what makes a sound."""
    if heard.kind not in (SOUNDING, SWAPPED):
        return ()
    names = heard.name.split('+')
    return tuple(box for name, box in view.objects if name in names)


def _answers(rows: list[tuple[Any, ...]]) -> Answers:
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * 9
    boxes = np.empty(len(rows), object)
    boxes[:] = columns[3]
    maps = [np.array(column, kind).reshape(-1, 14, 14)
            for column, kind in zip(columns[:3], (np.float32, np.float32, bool), strict=True)]
    texts = [np.array(column, str) for column in columns[4:7]]
    return Answers(maps[0], maps[1], maps[2], boxes, texts[0], texts[1], texts[2],
                   np.array(columns[7], np.int64), np.array(columns[8], np.int64))


def joined(parts: Sequence[Answers]) -> Answers:
    """Return all pairs of several sets; their views are numbered on."""
    first = np.cumsum([0, *(len(part) and part.views.max() + 1 for part in parts)])
    columns = {field.name: np.concatenate([getattr(part, field.name) for part in parts])
               for field in fields(Answers)}
    views = [part.views + start for part, start in zip(parts, first, strict=False)]
    return Answers(**columns | {'views': np.concatenate(views)})


def jpeg(rgb: NDArray[np.uint8], side: int = KEPT_SIDE) -> bytes:
    """Return a picture as JPEG, its longer side at most `side` pixels."""
    scale = min(1.0, side / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    _, content = cv2.imencode('.jpg', cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    return content.tobytes()
