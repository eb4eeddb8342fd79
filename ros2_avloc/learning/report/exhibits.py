"""Heatmaps over frames: which are shown, and how they are drawn."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.measures.localisation import peak_on
from ros2_avloc.learning.measures.maps import Box, peaks
from ros2_avloc.learning.measuring.cases import SOUNDING, SWAPPED
from ros2_avloc.learning.measuring.examination import Answers
from ros2_avloc.overlay.heat import warmed
from ros2_avloc.vision.grid import GRID, cell_to_pixel

SHOWN = 8
"""Exhibits in a row of the gallery."""

OF_CATEGORY = 6
"""Exhibits of each category."""

_WIDTH = 224
_RIGHT, _WRONG, _TRUTH, _EDGE = (120, 220, 60), (70, 70, 255), (255, 255, 255), (30, 30, 30)

Indices = NDArray[np.int64]
Image = NDArray[np.uint8]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Exhibit:
    """A picture as a data URL, what is written below it, and whether the answer is right."""

    picture: str
    caption: str
    right: bool


def exhibit(answers: Answers, pictures: Sequence[bytes], index: int, threshold: float) -> Exhibit:
    """Show one pair: the frame under its heatmap, the box of what sounds, and the peak."""
    heatmap, boxes = answers.heatmaps[index], answers.boxes[index]
    found = float(heatmap.max())
    row = answers.where(np.arange(len(answers)) == index)
    right = bool(peak_on(row.heatmaps, row.targets)[0]) if boxes else found < threshold
    image = _drawn(pictures[answers.views[index]], heatmap, boxes, right, found >= threshold)
    heard = (answers.names[index] or answers.kinds[index]).replace('_', ' ')
    return Exhibit(_data_url(image), f'{heard} · {found:.2f}', right)


def best(answers: Answers) -> Indices:
    """Return the pairs that are right and surest, of different views."""
    return _surest(answers, _right(answers))


def worst(answers: Answers) -> Indices:
    """Return the pairs that are wrong and surest."""
    return _surest(answers, answers.true & ~_right(answers))


def false_alarms(answers: Answers) -> Indices:
    """Return the surest of those where nothing in view sounds."""
    return _surest(answers, ~answers.true)


def at_random(answers: Answers) -> Indices:
    """Return some pairs in which something in view sounds, always the same ones."""
    return _drawn_from(np.flatnonzero(answers.true), SHOWN)


def swaps(answers: Answers) -> list[tuple[int, int]]:
    """Return some views of two objects, each as two pairs: with the one's sound and with the other's."""
    second = _drawn_from(np.flatnonzero(answers.kinds == SWAPPED), SHOWN)
    first = np.flatnonzero(answers.kinds == SOUNDING)
    return [(int(first[answers.views[first] == answers.views[index]][0]), int(index)) for index in second]


def of_category(answers: Answers, name: str) -> Indices:
    """Return the surest right one and the surest wrong one of a category, and others at random."""
    true = answers.true & (answers.names == name)
    ends = [_surest(answers, true & some)[:1] for some in (_right(answers), ~_right(answers))]
    others = np.setdiff1d(np.flatnonzero(true), np.concatenate(ends))
    rest = OF_CATEGORY - sum(map(len, ends))
    return np.concatenate([*ends, _drawn_from(others, rest)])


def _right(answers: Answers) -> NDArray[np.bool_]:
    return peak_on(answers.heatmaps, answers.targets)


def _surest(answers: Answers, mask: NDArray[np.bool_]) -> Indices:
    """Return the pairs of a mask with the highest correspondence, no view twice."""
    order = np.flatnonzero(mask)[np.argsort(-answers.found[mask], kind='stable')]
    _, first = np.unique(answers.views[order], return_index=True)
    return np.asarray(order[np.sort(first)][:SHOWN])


def _drawn_from(indices: Indices, count: int) -> Indices:
    chosen = np.random.default_rng(0).permutation(indices)[:count]
    return np.sort(chosen)


def _drawn(jpeg: bytes, heatmap: NDArray[np.float32], boxes: Sequence[Box], right: bool,
           over: bool) -> Image:
    bgr = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    size = _WIDTH, round(_WIDTH * bgr.shape[0] / bgr.shape[1])
    frame = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = warmed(np.ascontiguousarray(frame[..., ::-1]), heatmap)
    for box in boxes:
        _frame(picture, box, _EDGE, 3)
        _frame(picture, box, _TRUTH, 1)
    if over:
        _mark(picture, int(peaks(heatmap[None])[0]), _RIGHT if right else _WRONG)
    return picture


def _frame(picture: Image, box: Box, colour: Colour, line: int) -> None:
    left, top, width, height = box
    x, y = picture.shape[1], picture.shape[0]
    cv2.rectangle(picture, (round(left * x), round(top * y)),
                  (round((left + width) * x) - 1, round((top + height) * y) - 1), colour, line)


def _mark(picture: Image, cell: int, colour: Colour) -> None:
    """Ring the middle of a cell."""
    height, width = picture.shape[:2]
    x, y = cell_to_pixel([divmod(cell, GRID)], width, height)[0].round().astype(int).tolist()
    cv2.circle(picture, (x, y), 9, _EDGE, 4, cv2.LINE_AA)
    cv2.circle(picture, (x, y), 9, colour, 2, cv2.LINE_AA)


def _data_url(image: Image) -> str:
    _, content = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return f'data:image/jpeg;base64,{base64.b64encode(content.tobytes()).decode()}'
