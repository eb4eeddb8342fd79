"""The contact sheet: what was looked for, and the moments that were found, with what is seen and heard."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.audio.spectrogram import spectrogram
from ros2_avloc.errors import InputError
from ros2_avloc.retrieval.exhibits import Exhibit, Key
from ros2_avloc.retrieval.moments import QUIET
from ros2_avloc.retrieval.query import Query
from ros2_avloc.retrieval.searching import Answer, Hit
from ros2_avloc.retrieval.tables import clock

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

COLUMNS = 4
"""Tiles beside one another."""

PICTURE_WIDTH, PICTURE_HEIGHT, STRIP = 288, 216, 64
"""Size of a frame, and height of the spectrogram below it, in pixels."""

MARGIN, GAP, TITLE, LINE = 16, 2, 44, 22

_GROUND, _BESIDE, _EMPTY = (32, 32, 32), (44, 44, 44), (64, 64, 64)
_INK, _FAINT = (255, 255, 255), (190, 190, 190)
_ACROSS = ', and how probably both belong together'
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_HIGHEST_ROW = 128
"""Of the spectrogram as drawn: 12 kHz, above which there is little to see."""

TILE_WIDTH, TILE_HEIGHT = PICTURE_WIDTH, PICTURE_HEIGHT + STRIP + 2 * LINE + MARGIN
WIDTH = COLUMNS * (TILE_WIDTH + MARGIN) + MARGIN


def contact_sheet(query: Query, answers: Sequence[Answer], exhibits: dict[Key, Exhibit]) -> Image:
    """Draw what was looked for, and below it a row or more for each answer.

    Parameters
    ----------
    query
        What was looked for.
    answers
        What was found.
    exhibits
        Of all hits.

    Returns
    -------
    uint8 ``(height, WIDTH, 3)``, blue first.
    """
    asked = tile(Exhibit(query.rgb, query.samples), query.name, '')
    rows = [_title('searched for'), _row([asked])]
    for answer in answers:
        rows.append(_title(f'{answer.title}{_ACROSS if answer.across else ""}'))
        tiles = [_hit_tile(number, hit, exhibits) for number, hit in enumerate(answer.hits, 1)]
        rows += [_row(tiles[begin:begin + COLUMNS]) for begin in range(0, len(tiles), COLUMNS)]
        if not tiles:
            rows.append(_line('nothing'))
    return np.concatenate([*rows, np.full((MARGIN, WIDTH, 3), _GROUND, np.uint8)])


def check_place(path: Path) -> None:
    """Refuse a place where no sheet can be written, before hours of work."""
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f'The contact sheet {path} cannot be written (it is a folder, or its folder is '
                         'missing or protected); name another file with --sheet.')


def write_sheet(sheet: Image, path: Path) -> None:
    """Write a sheet as PNG.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        path.write_bytes(cv2.imencode('.png', sheet)[1].tobytes())
    except OSError as error:
        raise InputError(f'The contact sheet {path} cannot be written ({error.strerror}); '
                         'name another file with --sheet.') from error


def tile(exhibit: Exhibit, name: str, words: str) -> Image:
    """Draw a moment: its frame, the spectrogram of its second, and two lines of text.

    Returns
    -------
    uint8 ``(TILE_HEIGHT, TILE_WIDTH, 3)``, blue first.
    """
    drawn = np.full((TILE_HEIGHT, TILE_WIDTH, 3), _GROUND, np.uint8)
    drawn[:PICTURE_HEIGHT] = _picture(exhibit.rgb)
    drawn[PICTURE_HEIGHT + GAP:PICTURE_HEIGHT + STRIP] = _strip(exhibit.samples)
    baseline = PICTURE_HEIGHT + STRIP + LINE - 5
    _write(drawn, _shortened(name), 0, baseline, _INK)
    _write(drawn, words, 0, baseline + LINE, _FAINT)
    return drawn


def _hit_tile(number: int, hit: Hit, exhibits: dict[Key, Exhibit]) -> Image:
    path = hit.entry.identity.path
    chance = '' if hit.probability is None else f', {hit.probability:.0%}'
    words = f'{clock(hit.time)}, distance {hit.distance:.2f}{chance}'
    return tile(exhibits[path, hit.stamp], f'{number}. {path}', words)


def _picture(rgb: Image | None) -> Image:
    """Fit a frame into its place, whole."""
    place = np.full((PICTURE_HEIGHT, PICTURE_WIDTH, 3), _EMPTY if rgb is None else _BESIDE, np.uint8)
    if rgb is None:
        _write(place, 'no picture', MARGIN, PICTURE_HEIGHT // 2, _FAINT)
        return place
    height, width = rgb.shape[:2]
    scale = min(PICTURE_WIDTH / width, PICTURE_HEIGHT / height)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (PICTURE_WIDTH - size[0]) // 2, (PICTURE_HEIGHT - size[1]) // 2
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    place[top:top + size[1], left:left + size[0]] = cv2.resize(bgr, size, interpolation=shrink)
    return place


def _strip(samples: NDArray[np.float32] | None) -> Image:
    """Draw a spectrogram: low frequencies below, 80 dB from dark to bright."""
    height = STRIP - GAP
    if samples is None or Sound(samples, 0, 0).level < QUIET:
        strip = np.full((height, TILE_WIDTH, 3), _EMPTY, np.uint8)
        _write(strip, 'no sound' if samples is None else 'silent', MARGIN, height // 2 + 5, _FAINT)
        return strip
    values = np.clip((spectrogram(samples)[:_HIGHEST_ROW] + 2) / 4, 0, 1)
    levels = np.round(255 * values[::-1]).astype(np.uint8)
    small = cv2.resize(levels, (TILE_WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.applyColorMap(small, cv2.COLORMAP_INFERNO), np.uint8)


def _row(tiles: Sequence[Image]) -> Image:
    row = np.full((TILE_HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    for number, one in enumerate(tiles):
        left = MARGIN + number * (TILE_WIDTH + MARGIN)
        row[:, left:left + TILE_WIDTH] = one
    return row


def _title(text: str) -> Image:
    strip = np.full((TITLE, WIDTH, 3), _GROUND, np.uint8)
    cv2.putText(strip, text, (MARGIN, TITLE - 12), _FONT, 0.75, _INK, 2, cv2.LINE_AA)
    return strip


def _line(text: str) -> Image:
    strip = np.full((2 * LINE, WIDTH, 3), _GROUND, np.uint8)
    _write(strip, text, MARGIN, LINE, _FAINT)
    return strip


def _write(picture: Image, text: str, left: int, baseline: int, colour: Colour) -> None:
    cv2.putText(picture, _plain(text), (left, baseline), _FONT, 0.5, colour, 1, cv2.LINE_AA)


def _shortened(name: str) -> str:
    """Leave out the middle of a name that is too long for a tile."""
    plain = _plain(name)
    kept = len(plain)
    while kept > 8 and cv2.getTextSize(name, _FONT, 0.5, 1)[0][0] > TILE_WIDTH:
        kept -= 1
        name = f'{plain[:kept // 3]}..{plain[len(plain) - (kept - kept // 3):]}'
    return name


def _plain(text: str) -> str:
    """Return what OpenCV's font can draw: letters without accents, and ? for other scripts."""
    return unicodedata.normalize('NFKD', text).encode('ascii', 'replace').decode()
