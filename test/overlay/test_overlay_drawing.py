"""The overlay: what must be seen is there, what must not be touched is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.overlay.drawing import OverlayArrow, OverlayBox, draw_overlay
from ros2_avloc.overlay.heat import COLOURS, warmed
from ros2_avloc.overlay.pen import Pen
from ros2_avloc.overlay.sound_history import SoundHistory, SoundStrip
from ros2_avloc.vision.grid import cell_to_pixel

NOTHING = np.zeros((14, 14), np.float32)
SIZES = [(320, 240), (640, 480), (1280, 720)]
CYAN = (255, 230, 0)


def scene(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(5).integers(40, 200, (height, width, 3), np.uint8)


def box(attended: bool = True, **more: object) -> OverlayBox:
    return OverlayBox(**{'box': (160.0, 120.0, 80.0, 60.0), 'id': 3, 'probability': 0.9, 'azimuth': 0.3,
                         'attended': attended, **more})


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_where_nothing_sounds_the_picture_is_the_frame(width: int, height: int) -> None:
    rgb = scene(width, height)
    before = rgb.copy()
    picture = draw_overlay(rgb, heatmap=NOTHING, correspondence=0.0, boxes=[])
    assert picture.shape == rgb.shape and picture.dtype == np.uint8 and not np.shares_memory(picture, rgb)
    np.testing.assert_array_equal(rgb, before)
    np.testing.assert_array_equal(picture[:-height // 8], rgb[:-height // 8, :, ::-1])
    assert picture[-height // 30:].std() > 10


@pytest.mark.parametrize(('width', 'height'), SIZES)
@pytest.mark.parametrize('cell', [(0, 0), (4, 11), (8, 2)])
def test_heat_is_where_its_cell_is(width: int, height: int, cell: tuple[int, int]) -> None:
    heatmap = NOTHING.copy()
    heatmap[cell] = 1.0
    grey = np.full((height, width, 3), 90, np.uint8)
    picture = draw_overlay(grey, heatmap=heatmap, correspondence=1.0, boxes=[])
    change = np.abs(picture[:-height // 8].astype(int) - 90).sum(-1)
    y, x = np.unravel_index(change.argmax(), change.shape)
    (centre_x, centre_y), = cell_to_pixel([cell], width, height)
    assert abs(x - centre_x) <= width / 28 and abs(y - centre_y) <= height / 28
    blue, _, red = picture[round(centre_y), round(centre_x)]
    assert red > 150 > blue


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_the_legend_shows_the_colours_from_none_to_all(width: int, height: int) -> None:
    rgb = scene(width, height)
    picture = draw_overlay(rgb, heatmap=NOTHING, correspondence=0.0, boxes=[])
    ramp = COLOURS[np.linspace(0, 255, width // 8).astype(np.uint8)]
    windows = np.lib.stride_tricks.sliding_window_view(picture, len(ramp), axis=1)
    rows, columns = np.nonzero((windows == ramp.T).all(axis=(2, 3)))
    assert len(set(columns)) == 1 and columns[0] > width / 2
    assert rows.min() > height - 2 * Pen.for_height(height).row and len(rows) > height // 60
    right, left = columns[0] + len(ramp), columns[0]
    for part in (picture[rows, left - width // 40:left], picture[rows, right:right + width // 30]):
        assert (part > 150).any()  # 0 % before it, and 100 % after


@pytest.mark.parametrize(('width', 'height'), [*SIZES, (333, 251)])
def test_heat_drawn_alone_is_heat_drawn_everywhere(width: int, height: int) -> None:
    """Two corners that are hardly warm let the whole frame be blended; between them it is the same."""
    alone = NOTHING.copy()
    alone[5:7, 3:6] = 0.9
    whole = alone.copy()
    whole[0, 0] = whole[13, 13] = 0.051
    grey = np.full((height, width, 3), 90, np.uint8)
    pictures = [warmed(grey, given)[height // 5:-height // 5].astype(int) for given in (whole, alone)]
    np.testing.assert_array_equal(*pictures)
    assert np.abs(pictures[1] - 90).max() > 60


def test_more_probable_is_more_visible() -> None:
    grey = np.full((240, 320, 3), 90, np.uint8)
    changes = []
    for probability in (0.02, 0.5, 1.0):
        heatmap = np.full((14, 14), probability, np.float32)
        picture = draw_overlay(grey, heatmap=heatmap, correspondence=0.0, boxes=[])
        changes.append(np.abs(picture[100, 100].astype(int) - 90).sum())
    assert changes[0] < 30 < changes[1] < changes[2]


def test_a_frame_that_is_a_reversed_view() -> None:
    rgb = scene(320, 240)
    view = rgb[..., ::-1].copy()[..., ::-1]
    view.flags.writeable = False
    heatmap = np.random.default_rng(6).random((14, 14), np.float32)
    pictures = [draw_overlay(frame, heatmap=heatmap, correspondence=0.5, boxes=[box()])
                for frame in (rgb, view)]
    np.testing.assert_array_equal(*pictures)


def test_boxes_are_drawn_and_the_attended_one_stands_out() -> None:
    grey = np.full((240, 320, 3), 90, np.uint8)
    attended, other = (draw_overlay(grey, heatmap=NOTHING, correspondence=0.9, boxes=[box(attended=which)])
                       for which in (True, False))
    for x, y in [(120, 120), (200, 120), (160, 150)]:
        assert tuple(attended[y, x]) == CYAN and tuple(other[y, x]) == (255, 255, 255)
    assert tuple(attended[120, 160]) == (90, 90, 90)


def test_the_text_says_whether_something_sounds() -> None:
    grey = np.full((240, 320, 3), 90, np.uint8)
    silent, sounding, surer = (
        draw_overlay(grey, heatmap=NOTHING, correspondence=correspondence, boxes=boxes)[-16:]
        for correspondence, boxes in [(0.1, []), (0.6, [box()]), (0.9, [box()])])
    assert (silent != sounding).any() and (sounding != surer).any()


def tone(loudness: float, hertz: float = 1000.0, end: int = 96_000) -> Sound:
    time = np.arange(SOUND_SAMPLES) / 48_000
    return Sound((loudness * np.sin(2 * np.pi * hertz * time)).astype(np.float32), end, 0)


def strip_of(loudness: float, hertz: float = 1000.0) -> SoundStrip:
    return SoundHistory().hear(tone(loudness, hertz))


def foot(strip: SoundStrip | None) -> np.ndarray:
    grey = np.full((480, 640, 3), 90, np.uint8)
    return draw_overlay(grey, heatmap=NOTHING, correspondence=0.0, boxes=[], strip=strip)[-60:]


def test_the_strip_is_brighter_the_louder_the_last_second_was() -> None:
    pictures = [foot(strip_of(loudness)).astype(int) for loudness in (0.0, 0.003, 0.03, 0.3)]
    last_second = [picture[30:, -120:].mean() for picture in pictures]
    assert last_second == sorted(set(last_second))
    np.testing.assert_array_equal(pictures[0][30:, :500], pictures[-1][30:, :500])
    assert np.ptp(pictures[-1][30:], axis=-1).max() == 0


def test_a_higher_tone_stands_higher_in_the_strip() -> None:
    brightest = [int(foot(strip_of(0.1, hertz))[16:36, -60, 0].argmax()) for hertz in (300, 2000, 12_000)]
    assert brightest[0] > brightest[1] > brightest[2]


def test_what_is_heard_out_of_view_is_an_arrow_at_the_edge_where_it_is() -> None:
    grey = np.full((240, 320, 3), 90, np.uint8)
    plain = draw_overlay(grey, heatmap=NOTHING, correspondence=0.0, boxes=[])
    for towards, side in [((2.4, 0.0), np.s_[:, :8]), ((-2.4, 0.0), np.s_[:, -8:]),
                          ((0.0, 0.9), np.s_[:8, :])]:
        arrow = OverlayArrow(towards, True, 4, 0.7, towards[0], attended=False)
        picture = draw_overlay(grey, heatmap=NOTHING, correspondence=0.0, boxes=[], arrows=[arrow])
        changed = (picture != plain).any(-1)
        mirrored = changed[::-1, ::-1]
        assert changed[side].any() and not mirrored[side].any()


@pytest.mark.parametrize(('width', 'height'), SIZES)
@pytest.mark.parametrize('towards', [(2.4, 0.1), (-2.0, 0.0), (0.0, 0.9)])
def test_what_lies_on_the_same_side_hides_nothing(width: int, height: int, towards: tuple[float, float]
                                                  ) -> None:
    grey = np.full((height, width, 3), 90, np.uint8)
    arrows = [OverlayArrow(towards, True, number, 0.7, towards[0], attended=number == 1) for number in (1, 2)]

    def drawn(arrows: list[OverlayArrow], boxes: list[OverlayBox]) -> int:
        picture = draw_overlay(grey, heatmap=NOTHING, correspondence=0.0, boxes=boxes, arrows=arrows)
        return int((picture[:-height // 8] != 90).any(-1).sum())

    near = box(attended=False, box=(width / 2 - 0.4 * width * towards[0] / 2.4, height / 2, 0.1 * width, 9.0))
    alone = [drawn([arrow], []) for arrow in arrows]
    assert drawn(arrows, []) == pytest.approx(sum(alone), rel=0.02)
    assert drawn(arrows, [near]) >= 0.97 * (sum(alone) + drawn([], [near]))


def test_labels_of_boxes_close_together_do_not_cover_each_other() -> None:
    grey = np.full((240, 320, 3), 90, np.uint8)
    one, other = (box(box=(160.0 + 4 * number, 120.0, 80.0, 60.0), id=number) for number in (1, 2))
    pictures = [draw_overlay(grey, heatmap=NOTHING, correspondence=0.9, boxes=boxes)[:160]
                for boxes in ([one], [other], [one, other])]
    cyan = [(picture == CYAN).all(-1).sum() for picture in pictures]
    assert cyan[2] > 1.5 * max(cyan[:2])


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_the_level_of_the_sound_can_be_read(width: int, height: int) -> None:
    grey = np.full((height, width, 3), 90, np.uint8)
    words, heights = [], []
    for loudness in (0.02, 0.3):
        picture = draw_overlay(grey, heatmap=NOTHING, correspondence=0.0, boxes=[], strip=strip_of(loudness))
        pen = Pen.for_height(height)
        strip = round(4 * pen.letter)
        words.append(picture[-strip - pen.row:-strip])
        newest = picture[-strip // 2:, -width // 10, 0]
        heights.append(int((newest > newest.min()).sum()))
    assert (words[0] != words[1]).any()
    assert heights[1] - heights[0] >= 5


@given(width=st.integers(1, 400), height=st.integers(1, 300), x=st.floats(-500, 900), y=st.floats(-500, 900),
       side=st.floats(0, 800), azimuth=st.none() | st.floats(-4, 4), number=st.none() | st.integers(0, 10**6),
       towards=st.tuples(st.floats(-4, 4), st.floats(-2, 2)))
@settings(max_examples=100, deadline=None)
def test_any_frame_and_any_box_can_be_drawn(width: int, height: int, x: float, y: float, side: float,
                                            azimuth: float | None, number: int | None,
                                            towards: tuple[float, float]) -> None:
    rgb = np.zeros((height, width, 3), np.uint8)
    boxes = [box(box=(x, y, side, side), azimuth=azimuth, id=number), box(attended=False)]
    arrows = [OverlayArrow(towards, False, number, 0.5, azimuth, attended=True)]
    heatmap = np.random.default_rng(width).random((14, 14), np.float32) ** (1 + height % 20)
    picture = draw_overlay(rgb, heatmap=heatmap, correspondence=0.5, boxes=boxes, arrows=arrows,
                           strip=strip_of(0.1))
    assert picture.shape == rgb.shape
