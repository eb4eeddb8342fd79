from __future__ import annotations

import math

import numpy as np
import pytest

from ros2_avloc.attention.bearing import angle
from ros2_avloc.simulation.actors import APART, CROSSING, PERIOD, Spans, Stage

TIMES = np.arange(1.0, 60.0, 0.1).tolist()


@pytest.fixture(scope='module')
def moments():
    return list(Stage(3).moments(TIMES))


def test_a_seed_is_a_scene(moments):
    again = list(Stage(3).moments(TIMES[:5]))
    assert [thing.box for thing in again[4].things] == [thing.box for thing in moments[4].things]
    other = list(Stage(4).moments(TIMES[:5]))
    assert [thing.box for thing in other[4].things] != [thing.box for thing in moments[4].things]


def test_two_things_change_places_while_both_sound_in_view(moments):
    def azimuths(t):
        moment = min(moments, key=lambda moment: abs(moment.stamp * 1e-9 - t))
        return [math.atan2(thing.bearing[1], thing.bearing[0]) for thing in moment.things[2:4]], moment

    half = CROSSING / 2 + 0.1
    for middle in np.arange(PERIOD / 2, 55, PERIOD / 2):
        (a, b), _ = azimuths(middle - half)
        (c, d), _ = azimuths(middle + half)
        assert abs(a - b) == pytest.approx(APART, abs=0.01)
        assert (c, d) == pytest.approx((b, a), abs=0.01)
        for t in np.arange(middle - 1.5, middle + 1.5, 0.5):
            assert all(thing.sounding and thing.visible > 0.3 for thing in azimuths(t)[1].things[2:4])


def test_boxes_lie_where_bearings_point_and_in_the_picture(moments):
    camera = Stage(3).camera
    whole = 0
    for moment in moments[::10]:
        for thing in moment.things:
            x, y, width, height = thing.box
            if not width:
                assert thing.visible == 0
                continue
            assert -0.5001 <= x - width / 2 < x + width / 2 <= 639.5001
            assert -0.5001 <= y - height / 2 < y + height / 2 <= 479.5001
            if thing.visible > 0.9999:
                ray = moment.pose.rotation @ camera.rays([(x, y)])[0]
                assert angle(ray, thing.bearing) < 1e-6
                whole += 1
    assert whole > 50


def test_all_that_happens_happens(moments):
    things = [thing for moment in moments for thing in moment.things]
    assert any(thing.sounding for thing in things) and not all(thing.sounding for thing in things)
    assert any(thing.box[2] and not thing.visible for thing in things)  # hidden
    assert any(not thing.box[2] and thing.sounding for thing in things)  # heard out of view


def test_spans():
    spans = Spans(((1, 2), (4, 6)))
    assert [spans.at(t) for t in (0.9, 1, 1.9, 2, 5)] == [False, True, True, False, True]
    assert spans.without(Spans(((5, 9),))) == Spans(((1, 2),))
    assert spans.joined(Spans(((8, 9),))).at(8.5)
