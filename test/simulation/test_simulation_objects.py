from __future__ import annotations

import cv2
import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.objects import draw
from ros2_avloc.simulation.objects.canvas import Canvas
from ros2_avloc.simulation.objects.colours import Paint
from ros2_avloc.simulation.objects.shapes import rect, smooth, turn
from ros2_avloc.simulation.stands import draw_stand

VARIANTS = 6


def individuals(kind: str, size: int, count: int = VARIANTS) -> list[np.ndarray]:
    return [draw(kind, np.random.default_rng([size, index]), size) for index in range(count)]


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', [24, 96, 240])
def test_a_drawing_fills_exactly_its_size(kind: str, size: int) -> None:
    for picture in individuals(kind, size, 3):
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 4
        assert max(picture.shape[:2]) == size
        alpha = picture[..., 3]
        for border in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]):
            assert border.any(), 'the drawing is cropped to the object'


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_is_cut_off_by_the_canvas(kind: str) -> None:
    for index in range(40):
        canvas = _drawn(kind, index)
        frame = canvas._rgba[..., 3]
        assert not frame[0].any() and not frame[-1].any() and not frame[:, 0].any() and not frame[:, -1].any()


def _drawn(kind: str, index: int) -> Canvas:
    from ros2_avloc.simulation.objects import _DRAWINGS

    canvas = Canvas(40, edge=0.03)
    _DRAWINGS[kind][0](canvas, np.random.default_rng(index))
    return canvas


@pytest.mark.parametrize('kind', KINDS)
def test_alpha_is_solid_within_and_smooth_at_the_edge(kind: str) -> None:
    for picture in individuals(kind, 96):
        alpha = picture[..., 3]
        solid, edge = (alpha == 255).mean(), ((alpha > 0) & (alpha < 255)).mean()
        assert solid > 0.05
        assert 0.005 < edge < 0.4
        assert edge < 2 * solid + 0.1


@pytest.mark.parametrize('kind', KINDS)
def test_the_same_chance_draws_the_same_picture_and_other_chance_another(kind: str) -> None:
    first, again = (draw(kind, np.random.default_rng(5), 64) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = draw(kind, np.random.default_rng(6), 64)
    assert first.shape != other.shape or (first != other).any()


def grey_on_square(picture: np.ndarray) -> np.ndarray:
    """Shape alone: the outline and the edges within, without colour, on 32 × 32."""
    side = 96
    y, x = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    square = np.zeros((side, side), np.float32)
    square[y : y + picture.shape[0], x : x + picture.shape[1]] = picture[..., 3] / 255
    return np.asarray(cv2.resize(square, (32, 32), interpolation=cv2.INTER_AREA))


def test_kinds_differ_in_shape_and_not_in_colour_alone() -> None:
    """The nearest outline among other individuals is mostly of the same kind, mirrored or not."""
    shapes = [(kind, grey_on_square(picture)) for kind in KINDS for picture in individuals(kind, 96, 12)]
    right = 0
    for index, (kind, shape) in enumerate(shapes):
        others = [entry for other, entry in enumerate(shapes) if other != index]
        distances = [min(np.abs(shape - s).sum(), np.abs(shape[:, ::-1] - s).sum()) for _, s in others]
        right += others[int(np.argmin(distances))][0] == kind
    assert right / len(shapes) > 0.85


def test_an_unknown_kind_and_a_tiny_size_are_refused_with_a_reason() -> None:
    with pytest.raises(InputError, match="named 'trombone'; choose from bell"):
        draw('trombone', np.random.default_rng(0), 64)
    with pytest.raises(InputError, match='4 px is too small'):
        draw('bell', np.random.default_rng(0), 4)


def test_a_square_on_the_canvas_covers_the_pixels_it_should() -> None:
    canvas = Canvas(100)
    canvas.fill(rect(0, 0, 2, 1), Paint((200, 100, 50), 'flat', 'plain'))
    picture = canvas.picture(100)
    assert picture.shape[:2] == (50, 100)
    assert (picture[2:-2, 2:-2, 3] == 255).all()
    np.testing.assert_allclose(picture[25, 50, :3], (200, 100, 50), atol=12)


def test_a_quarter_turn_stands_a_lying_bar_up() -> None:
    canvas = Canvas(60)
    canvas.fill(rect(0, 0, 2, 0.5), Paint((9, 9, 9)))
    height, width = canvas.picture(60, angle=np.pi / 2).shape[:2]
    assert (height, width) == (60, 15)


def test_what_is_drawn_inside_an_outline_stays_inside() -> None:
    canvas = Canvas(100)
    canvas.fill(rect(0, 0, 2, 2), Paint((10, 10, 10), 'flat', 'plain'))
    with canvas.inside(rect(0, 0, 1, 1)):
        canvas.fill(rect(0, 0, 2, 2), Paint((250, 250, 250), 'flat', 'plain'))
    red = canvas.picture(100)[..., 0]
    assert red[30:70, 30:70].min() > 200
    assert red[:20].max() < 40


def test_a_spline_goes_through_its_points() -> None:
    points = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.2, 0.8)])
    np.testing.assert_allclose(smooth(points, steps=5)[::5], points)
    np.testing.assert_allclose(smooth(points, closed=False, steps=5)[::5], points)


def test_a_turn_is_clockwise_on_the_picture() -> None:
    np.testing.assert_allclose(turn([(1.0, 0.0)], np.pi / 2), [(0.0, 1.0)], atol=1e-12)


def test_stands_are_drawn_whole() -> None:
    for seed in range(12):
        stand = draw_stand(np.random.default_rng(seed), 80)
        assert max(stand.shape[:2]) == 80
        assert (stand[2, :, 3] > 0).mean() > 0.5, 'its upper edge carries an object'
