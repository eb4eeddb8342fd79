"""What is found: queries and their first answers, as rows of pictures."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.measures.retrieval import DIRECTIONS, similarities
from ros2_avloc.learning.measuring.embedders import Items
from ros2_avloc.learning.report.parts import figure, words

QUERIES, ANSWERS = 3, 5
"""Rows of a gallery, and answers in a row."""


def finds(items: Items, direction: str) -> Iterator[str]:
    """Yield a row of figures for each of some queries: the query, then its first answers, the best first."""
    similarity = similarities(items.images, items.sounds, direction)
    asked, found = DIRECTIONS[direction]
    for query in asked_about(items.names):
        answers = np.argsort(-similarity[query], kind='stable')[:min(ANSWERS, len(items.names) - 1)]
        shown = [_shown(items, query, asked, 'query')]
        shown += [_shown(items, number, found, 'right' * bool(items.names[number] == items.names[query]))
                  for number in answers]
        yield f'<div class="gallery found">{"".join(shown)}</div>'


def asked_about(names: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return items of different categories at random; for one list of names always the same ones."""
    order = np.random.default_rng(0).permutation(len(names))
    _, first = np.unique(names[order], return_index=True)
    return order[np.sort(first)][:QUERIES]


def _shown(items: Items, number: int, sound: int, kind: str) -> str:
    content = base64.b64encode(items.pictures[number]).decode()
    return figure(f'data:image/jpeg;base64,{content}', '♪ ' * sound + words(str(items.names[number])), kind)
