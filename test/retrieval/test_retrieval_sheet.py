"""The contact sheet shows what was looked for, and of each hit its frame, its sound, and which it is."""

import cv2
import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.retrieval import sheet as sheets
from ros2_avloc.retrieval.exhibits import Exhibit, read_exhibits
from ros2_avloc.retrieval.indexing import index_path, update
from ros2_avloc.retrieval.query import read_query
from ros2_avloc.retrieval.searching import LOOKS, SOUNDS, search
from ros2_avloc.retrieval.tables import clock, table

CALIBRATION = Calibration(0.5, 1.0, slope=-8.0, offset=8.0)
STRIP = slice(sheets.PICTURE_HEIGHT + sheets.GAP, sheets.PICTURE_HEIGHT + sheets.STRIP)
WORDS = slice(sheets.PICTURE_HEIGHT + sheets.STRIP, None)


@pytest.fixture
def found(folder, embedder):
    """A query, and what answers it."""
    library = update(folder, index_path(folder), 'one', 1.0, embedder).library
    moments = library.entries[2].moments  # red
    query = read_query('red.mp4@2', folder)
    answers = search(library, {LOOKS: moments.seen[1], SOUNDS: moments.heard[1]}, (LOOKS, SOUNDS), 8,
                     CALIBRATION)
    return query, answers, read_exhibits(folder, [hit for answer in answers for hit in answer.hits])


def colour_of(picture):
    return picture.reshape(-1, 3).mean(axis=0).argmax()


def test_the_sheet_has_a_row_for_the_query_and_one_for_each_answer(found):
    query, answers, exhibits = found
    drawn = sheets.contact_sheet(query, answers, exhibits)
    row = sheets.TITLE + sheets.TILE_HEIGHT
    assert drawn.shape == (5 * row + sheets.MARGIN, sheets.WIDTH, 3) and drawn.dtype == np.uint8
    for number in range(5):
        for column in range(1 if number == 0 else 3):
            top = number * row + sheets.TITLE
            left = sheets.MARGIN + column * (sheets.TILE_WIDTH + sheets.MARGIN)
            one = drawn[top:top + sheets.TILE_HEIGHT, left:left + sheets.TILE_WIDTH]
            name = 'red' if number == 0 else answers[number - 1].hits[column].entry.identity.path
            expected = {'b': 0, 'g': 1, 'r': 2}[name.split('/')[-1][0]]
            assert colour_of(one[:sheets.PICTURE_HEIGHT]) == expected
            assert one[STRIP].max() > 150 and one[WORDS].max() > 240
        assert (drawn[number * row + sheets.TITLE:(number + 1) * row, -sheets.TILE_WIDTH:] == 32).all()


def test_a_spectrogram_has_its_tone_at_the_right_height(make):
    for hertz in (1_500, 6_000, 10_500):
        samples = make.tone(hertz, 1.005)
        strip = sheets.tile(Exhibit(None, samples), 'a', 'b')[STRIP].astype(int).sum(axis=2).mean(axis=1)
        from_below = 1 - (strip.argmax() + 0.5) / len(strip)
        assert from_below == pytest.approx(hertz / 12_000, abs=0.03)


def test_what_is_missing_or_silent_is_written_there():
    silence = np.zeros(48_240, np.float32)
    neither, silent = (sheets.tile(Exhibit(None, samples), 'a', 'b') for samples in (None, silence))
    np.testing.assert_array_equal(neither[:sheets.PICTURE_HEIGHT], silent[:sheets.PICTURE_HEIGHT])
    assert (neither[STRIP] != silent[STRIP]).any()
    for tile in (neither, silent):
        assert 170 < tile[STRIP].max() <= 190 and 170 < tile[:sheets.PICTURE_HEIGHT].max() <= 190


@pytest.mark.parametrize('shape', [(1, 1), (10, 1000), (1000, 10), (480, 640)])
def test_frames_of_any_shape_are_shown_whole(shape):
    rgb = np.full((*shape, 3), (250, 0, 0), np.uint8)
    picture = sheets.tile(Exhibit(rgb, None), 'a', 'b')[:sheets.PICTURE_HEIGHT]
    red = (picture == (0, 0, 250)).all(axis=2)
    height, width = red.any(axis=1).sum(), red.any(axis=0).sum()
    assert height == sheets.PICTURE_HEIGHT or width == sheets.PICTURE_WIDTH
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.35)


def test_long_and_foreign_names_stay_in_their_tile():
    for name in ('x' * 300, 'Küche/台所-' * 30, 'short'):
        tile = sheets.tile(Exhibit(None, None), name, '')
        assert tile[WORDS].max() > 240
        assert (tile[WORDS, -1] == 32).all() or name == 'short'


def test_nothing_found_is_said(found):
    query, answers, exhibits = found
    empty = [type(answers[0])('looks like it', (), 0, False)]
    drawn = sheets.contact_sheet(query, empty, exhibits)
    assert 170 < drawn[-2 * sheets.LINE - sheets.MARGIN:].max() <= 190
    assert table(empty[0]).row_count == 0


def test_a_recording_that_is_gone_leaves_its_place(found, folder):
    _, answers, _ = found
    (folder / 'red.mp4').unlink()
    exhibits = read_exhibits(folder, [hit for answer in answers for hit in answer.hits])
    assert {path for (path, _), one in exhibits.items() if one.rgb is None} == {'red.mp4'}


def test_the_sheet_is_a_png_or_an_error(found, tmp_path):
    drawn = sheets.contact_sheet(*found)
    sheets.write_sheet(drawn, tmp_path / 'sheet.png')
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'sheet.png')), drawn)
    with pytest.raises(InputError, match='cannot be written .*--sheet'):
        sheets.write_sheet(drawn, tmp_path / 'none' / 'sheet.png')


@pytest.mark.parametrize(('seconds', 'text'), [(0, '0:00.0'), (9.96, '0:10.0'), (59.96, '1:00.0'),
                                               (72.5, '1:12.5'), (3732.5, '1:02:12.5')])
def test_times_as_people_read_them(seconds, text):
    assert clock(seconds) == text
