"""What scenes look like: photos pasted so that no edge, size or colour gives an object away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.learning.material.banks import Bank, Photo, PixelBox
from ros2_avloc.simulation.views import SpriteBank, random_view
from ros2_avloc.vision.preprocess import SIDE

Image = NDArray[np.uint8]
Rng = np.random.Generator

# Boxes are left, top, width, height; the first pixel spans 0 to 1.

FRAME_ASPECTS = (0.55, 1.0)
"""Width that frames between 16:9 and square lose when they are stretched to a square."""


@dataclass(frozen=True)
class Layout:
    """How a composed picture is laid out and varied; the values are those of training.

    Attributes
    ----------
    smallest, largest
        Longer side of a pasted object in the network's input, px.
    mosaics
        Share of pictures laid out as tiles, where no pasted edge marks the object.
    plain
        Whether photos stay as they are, but for mirroring: no tones, no coarse ones, no blur, no noise.
    """

    smallest: float = 50
    largest: float = 150
    mosaics: float = 0.25
    plain: bool = False


LEARNING = Layout()
"""How pictures to learn from are composed."""


@dataclass(frozen=True)
class Picture:
    """What is seen: uint8 ``(224, 224, 3)``, and the category and box of each object."""

    rgb: Image
    objects: tuple[tuple[str, PixelBox], ...]


def draw_picture(bank: Bank, wanted: list[str], rng: Rng, layout: Layout = LEARNING) -> Picture:
    """Show one object of each of the `wanted` categories; one that finds no free place is left out.

    Drawings lie as the simulated world lays them out, whatever the `layout`.
    """
    if bank.drawings is not None:
        return _view(bank.drawings, wanted, rng)
    return _composed(bank, wanted, rng, layout)


def _view(drawings: SpriteBank, wanted: list[str], rng: Rng) -> Picture:
    view = random_view(rng, SIDE, SIDE, kinds=wanted, bank=drawings)
    boxes = ((kind, (x - width / 2 + 0.5, y - height / 2 + 0.5, width, height))
             for kind, (x, y, width, height) in view.objects)
    return Picture(view.rgb, tuple(boxes))


def _composed(bank: Bank, wanted: list[str], rng: Rng, layout: Layout) -> Picture:
    photos = [_relit(_pick(bank.photos[category], rng), rng, layout.plain) for category in wanted]
    mosaic = rng.random() < layout.mosaics
    canvas = _background(bank, rng, layout.plain)
    boxes = _mosaic(photos, canvas, rng) if mosaic else _pasted(photos, canvas, rng, layout)
    objects = tuple((category, box) for category, box in zip(wanted, boxes, strict=True) if box is not None)
    picture = Picture(canvas, objects)
    return picture if layout.plain else _varied(picture, rng)


def _varied(picture: Picture, rng: Rng) -> Picture:
    """Return `picture` as another camera, lamp or mirror would show it; boxes stay true."""
    rgb, objects = picture.rgb, picture.objects
    if rng.random() < 0.5:
        rgb = rgb[:, ::-1]
        objects = tuple((name, (SIDE - left - width, top, width, height))
                        for name, (left, top, width, height) in objects)
    rgb = _toned(rgb, rng)
    if rng.random() < 0.15:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
    if rng.random() < 0.3:
        noise = rng.integers(-12, 13, rgb.shape, dtype=np.int16) * rng.random()
        rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    return Picture(np.ascontiguousarray(rgb), objects)


def _pick(photos: list[Photo], rng: Rng) -> Photo:
    return photos[rng.integers(len(photos))]


def _toned(rgb: Image, rng: Rng) -> Image:
    """Brightness, contrast, tint and saturation, through one 3×3 matrix."""
    grey = np.full((3, 3), 1 / 3)
    saturation = 0.0 if rng.random() < 0.05 else rng.uniform(0.6, 1.3)
    gains = rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
    matrix = (saturation * np.eye(3) + (1 - saturation) * grey) * gains[:, None]
    shift = rng.uniform(-15, 15) + 128 * (1 - gains.mean())
    mixed = cv2.transform(rgb, np.column_stack([matrix, np.full(3, shift)]))
    return np.asarray(mixed, np.uint8)


def _relit(photo: Photo, rng: Rng, plain: bool) -> Photo:
    """Mirror, tone and coarsen one photo: greyness and resolution differ by category otherwise."""
    rgba = photo.rgba[:, ::-1] if rng.random() < 0.5 else photo.rgba
    if plain:
        return Photo(np.ascontiguousarray(rgba), photo.cut_out)
    rgba = np.dstack([_toned(np.ascontiguousarray(rgba[..., :3]), rng), rgba[..., 3]])
    if rng.random() < 0.1:
        height, width = rgba.shape[:2]
        coarse = min(1.0, rng.uniform(35, 100) / max(height, width))
        rgba = _resized(rgba, (max(1, round(width * coarse)), max(1, round(height * coarse))))
    return Photo(rgba, photo.cut_out)


def _resized(image: Image, size: tuple[int, int]) -> Image:
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _background(bank: Bank, rng: Rng, plain: bool) -> Image:
    """Return a crop of a scene without objects, or (one in ten) a plain gradient."""
    if not bank.backgrounds or rng.random() < 0.1:
        corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
        return np.asarray(cv2.resize(corners, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
    whole = bank.backgrounds[rng.integers(len(bank.backgrounds))]
    height, width = (max(32, int(side * rng.uniform(0.5, 1.0))) for side in whole.shape[:2])
    top = int(rng.integers(whole.shape[0] - height + 1))
    left = int(rng.integers(whole.shape[1] - width + 1))
    crop = whole[top:top + height, left:left + width]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    crop = _resized(crop, (SIDE, SIDE))
    return crop if plain else _toned(crop, rng)


def _pasted(photos: list[Photo], canvas: Image, rng: Rng, layout: Layout) -> list[PixelBox | None]:
    """Paste photos onto `canvas`; return their boxes, without one where there was no place."""
    aspect = rng.uniform(*FRAME_ASPECTS)
    boxes: list[PixelBox | None] = []
    for photo in photos:
        side = np.exp(rng.uniform(np.log(layout.smallest), np.log(layout.largest)))
        height, width = photo.rgba.shape[:2]
        scale = side / max(height, width * aspect)
        size = max(8, round(width * aspect * scale)), max(8, round(height * scale))
        box = _free_place(size, [box for box in boxes if box is not None], rng)
        boxes.append(box)
        if box is not None:
            small = _resized(photo.rgba, size)
            _paste(canvas, small, photo.cut_out, box, rng)
    return boxes


def _free_place(size: tuple[int, int], taken: list[PixelBox], rng: Rng) -> PixelBox | None:
    """Return a place where at most a tenth of either box is covered; ``None`` after twelve tries."""
    width, height = (min(side, SIDE) for side in size)
    for _ in range(12):
        left, top = rng.integers(SIDE - width + 1), rng.integers(SIDE - height + 1)
        box = (float(left), float(top), float(width), float(height))
        if all(_overlap(box, other) < 0.1 * min(width * height, other[2] * other[3]) for other in taken):
            return box
    return None


def _overlap(one: PixelBox, other: PixelBox) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _paste(canvas: Image, rgba: Image, cut_out: bool, box: PixelBox, rng: Rng) -> None:
    left, top, width, height = (int(side) for side in box)
    rgba = rgba[:height, :width]
    alpha = rgba[..., 3] if cut_out else _soft_mask(height, width, rng)
    weight = (alpha.astype(np.float32) / 255)[..., None]
    place = canvas[top:top + height, left:left + width]
    place[:] = (place + weight * (rgba[..., :3].astype(np.float32) - place)).astype(np.uint8)


def _soft_mask(height: int, width: int, rng: Rng) -> Image:
    """Opacity of a photo that is a rectangle: hard, feathered, or an ellipse."""
    mask = np.full((height, width), 255, np.uint8)
    shape = rng.random()
    if shape < 0.2:
        return mask
    border = max(1, int(rng.uniform(0.05, 0.2) * min(height, width)))
    if shape < 0.7:
        mask[:border], mask[-border:], mask[:, :border], mask[:, -border:] = 0, 0, 0, 0
    else:
        mask[:] = 0
        axes = (max(1, (width - border) // 2), max(1, (height - border) // 2))
        cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, (255,), -1)
    size = (2 * border + 1, 2 * border + 1)
    return np.asarray(cv2.blur(mask, size, borderType=cv2.BORDER_CONSTANT), np.uint8)


def _mosaic(photos: list[Photo], canvas: Image, rng: Rng) -> list[PixelBox | None]:
    """Lay photos out on `canvas` as tiles: 1×2, 2×1 or 2×2; those without a photo show background."""
    columns, rows = ((2, 2) if len(photos) > 2 else [(1, 2), (2, 1), (2, 2)][rng.integers(3)])
    xs, ys = (_cuts(parts, rng) for parts in (columns, rows))
    tiles = [(x, y) for x in range(columns) for y in range(rows)]
    boxes: list[PixelBox | None] = []
    for photo, tile in zip(photos, rng.permutation(len(tiles)), strict=False):
        column, row = tiles[tile]
        left, top, right, bottom = xs[column], ys[row], xs[column + 1], ys[row + 1]
        size = (right - left, bottom - top)
        small = _resized(photo.rgba, size)
        box = (float(left), float(top), float(size[0]), float(size[1]))
        opaque = rng.random() < 0.5 or not photo.cut_out
        weight = np.float32(1.0) if opaque else small[..., 3:].astype(np.float32) / 255
        place = canvas[top:bottom, left:right]
        place[:] = (place + weight * (small[..., :3].astype(np.float32) - place)).astype(np.uint8)
        boxes.append(box)
    return boxes


def _cuts(parts: int, rng: Rng) -> list[int]:
    inner = [int(SIDE * rng.uniform(0.35, 0.65))] if parts == 2 else []
    return [0, *inner, SIDE]
