"""Random views for training: single pictures of a world, made fast and straight at the network's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.simulation.background import panorama
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.objects import draw
from ros2_avloc.simulation.photo import spoil
from ros2_avloc.simulation.sprites import Sprite, put
from ros2_avloc.simulation.stands import draw_stand

Box = tuple[float, float, float, float]
"""Centre x, centre y, width, height, in pixels (the first pixel's centre is 0)."""

_LEAST_VISIBLE = 0.6
_PANORAMA_WIDTH = 1152


@dataclass(frozen=True)
class View:
    """A picture and what is in it.

    Attributes
    ----------
    rgb
        uint8 ``(height, width, 3)``.
    objects
        Kind and box of each object, in no order; each is visible to at least 60 %.
    """

    rgb: NDArray[np.uint8]
    objects: list[tuple[str, Box]]


class SpriteBank:
    """Drawn objects and surroundings to make views from; each is drawn when it is first asked for.

    Parameters
    ----------
    seed
        Fixes every drawing; banks of different seeds hold different individuals.
    per_kind
        Individuals of each kind.
    panoramas
        Surroundings.
    size
        Pixels of an object's longer side as drawn.
    """

    def __init__(self, seed: int = 0, *, per_kind: int = 40, panoramas: int = 40, size: int = 128) -> None:
        self._seed, self._size = seed, size
        self.per_kind, self.panoramas = per_kind, panoramas
        self._sprites: dict[tuple[str, int], Sprite] = {}
        self._stands: dict[int, Sprite] = {}
        self._panoramas: dict[int, NDArray[np.uint8]] = {}

    def sprite(self, kind: str, index: int) -> Sprite:
        """Individual `index` (below `per_kind`) of a kind."""
        if (kind, index) not in self._sprites:
            rng = np.random.default_rng([self._seed, 1, KINDS.index(kind), index])
            self._sprites[kind, index] = Sprite.from_drawing(draw(kind, rng, self._size))
        return self._sprites[kind, index]

    def stand(self, index: int) -> Sprite:
        """Stand `index` (below `per_kind`)."""
        if index not in self._stands:
            rng = np.random.default_rng([self._seed, 2, index])
            self._stands[index] = Sprite.from_drawing(draw_stand(rng, self._size))
        return self._stands[index]

    def panorama(self, index: int) -> NDArray[np.uint8]:
        """Surroundings `index` (below `panoramas`), uint8 ``(h, w, 3)``."""
        if index not in self._panoramas:
            rng = np.random.default_rng([self._seed, 3, index])
            image = panorama(rng, _PANORAMA_WIDTH)
            self._panoramas[index] = np.concatenate([image, image[:, : _PANORAMA_WIDTH // 3]], axis=1)
        return self._panoramas[index]


@lru_cache(maxsize=1)
def default_bank() -> SpriteBank:
    """Give the bank that `random_view` uses when it is given none."""
    return SpriteBank()


def random_view(
    rng: np.random.Generator,
    width: int = 224,
    height: int = 224,
    *,
    kinds: Sequence[str] | None = None,
    count: tuple[int, int] = (1, 3),
    bank: SpriteBank | None = None,
) -> View:
    """Make a random view of a random world.

    The picture is stretched to `width` × `height` as a 4:3 or 16:9 camera image is on its way into the
    network, and bears the marks of a camera: noise, blur, exposure, JPEG.

    Parameters
    ----------
    rng
        Source of all chance; the same state and bank make the same view.
    width, height
        Pixels.
    kinds
        Kinds to show: exactly one object of each, in place of a random choice.
    count
        Fewest and most objects, when `kinds` is None; they are of different kinds.
    bank
        Where drawings come from.

    Returns
    -------
    View
        Objects that found no free place are left out; the first always finds one.
    """
    bank = bank or default_bank()
    if kinds is None:
        kinds = [str(kind) for kind in rng.permutation(KINDS)[: rng.integers(count[0], count[1] + 1)]]
    stretch = float(rng.choice([4 / 3, 4 / 3, 16 / 9, 1.0]) * rng.uniform(0.92, 1.08))
    rgb = _surroundings(rng, bank, width, height, stretch)
    light = _light(rng)
    rgb = np.clip(rgb * light, 0, 255).astype(np.uint8)
    placed: list[tuple[str, Sprite, Box]] = []
    for kind in kinds:
        sprite = bank.sprite(kind, int(rng.integers(bank.per_kind)))
        box = _free_place(rng, sprite.aspect / stretch, (width, height), [other for _, _, other in placed])
        if box is not None:
            placed.append((kind, sprite.lit(light * rng.uniform(0.85, 1.1)), box))
    for _, _, box in placed:
        if rng.random() < 0.5:
            _support(rng, bank, rgb, box)
    for _, sprite, box in placed:
        put(rgb, sprite, _edges(box))
    return View(spoil(rng, rgb), [(kind, _clipped(box, width, height)) for kind, _, box in placed])


def _surroundings(
    rng: np.random.Generator, bank: SpriteBank, width: int, height: int, stretch: float
) -> NDArray[np.uint8]:
    image = bank.panorama(int(rng.integers(bank.panoramas)))
    across = rng.uniform(0.12, 0.25) * _PANORAMA_WIDTH
    down = min(across / stretch * height / width, 0.95 * image.shape[0])
    left = rng.uniform(0, _PANORAMA_WIDTH)
    top = (image.shape[0] - down) * rng.uniform(0.3, 0.7)
    matrix = np.array([[across / width, 0, left], [0, down / height, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=flags,
                                     borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def _light(rng: np.random.Generator) -> NDArray[np.float64]:
    warmth = rng.normal(0, 0.08)
    tint = np.array([1 + warmth, 1 + rng.normal(0, 0.02), 1 - warmth])
    return np.clip(rng.uniform(0.6, 1.2) * tint, 0.3, 1.5)


def _free_place(
    rng: np.random.Generator, aspect: float, size: tuple[int, int], others: list[Box]
) -> Box | None:
    """Find a box, 40 to 120 px long in a 224 px picture, that leaves 60 % of every other to be seen."""
    for _ in range(12):
        longer = np.exp(rng.uniform(np.log(40), np.log(120))) * min(size) / 224
        w, h = longer * min(aspect, 1), longer / max(aspect, 1)
        x = rng.uniform(0.35 * w, size[0] - 0.35 * w)
        y = rng.uniform(0.45 * h, size[1] - 0.45 * h)
        boxes = [*others, (float(x), float(y), float(w), float(h))]
        if all(_hidden(lower, boxes[k + 1 :]) <= 1 - _LEAST_VISIBLE for k, lower in enumerate(others)):
            return boxes[-1]
    return None


def _hidden(lower: Box, upper: Sequence[Box]) -> float:
    """Share of a box that lies under others, at most: what they share is counted twice."""
    return sum(_covered(box, lower) for box in upper)


def _covered(upper: Box, lower: Box) -> float:
    """Share of `lower` that lies under `upper`."""
    overlap = 1.0
    for axis in (0, 1):
        low = max(upper[axis] - upper[axis + 2] / 2, lower[axis] - lower[axis + 2] / 2)
        high = min(upper[axis] + upper[axis + 2] / 2, lower[axis] + lower[axis + 2] / 2)
        overlap *= max(0.0, high - low)
    return overlap / (lower[2] * lower[3])


def _edges(box: Box) -> NDArray[np.float64]:
    x, y, w, h = box
    return np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) + 0.5


def _clipped(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = np.clip(_edges(box), 0, (width, height, width, height)).tolist()
    return (left + right - 1) / 2, (top + bottom - 1) / 2, right - left, bottom - top


def _support(rng: np.random.Generator, bank: SpriteBank, rgb: NDArray[np.uint8], box: Box) -> None:
    x, _, w, h = box
    bottom = _edges(box)[3]
    half, tall = rng.uniform(0.35, 0.7) * w, rng.uniform(0.6, 1.5) * h
    foot = np.array([x + 0.5 - half, bottom - 0.02 * h, x + 0.5 + half, bottom + tall])
    put(rgb, bank.stand(int(rng.integers(bank.per_kind))), foot)
