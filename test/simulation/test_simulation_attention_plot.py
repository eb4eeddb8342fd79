from __future__ import annotations

import numpy as np
import pytest

from ros2_avloc.attention.attention import Why
from ros2_avloc.errors import InputError
from ros2_avloc.simulation.attention_plot import MIN_DWELL, PARTS, draw, held_back, main, play

VOICE, BELL, DOG, FAN = range(4)


def test_the_picture_shows_every_rule():
    moments = play()
    at = {round(moment.t, 1): moment for moment in moments}
    assert [at[t].attended for t in (5.0, 13.0, 16.0, 20.0, 51.0)] == [VOICE, BELL, VOICE, FAN, None]
    assert (at[1.0].why, at[16.0].why, at[51.0].why) == (Why.SILENT, Why.RETURNED, Why.USED_TO)
    waits = {rule: [t for t, moment in at.items() if held_back(moment, rival) == f'waits: {rule}']
             for rule, rival in (('min_dwell', BELL), ('switch_margin', DOG))}
    assert waits['min_dwell'][0] == 52.3
    assert waits['min_dwell'][-1] == pytest.approx(51.9 + MIN_DWELL, abs=0.11)
    assert waits['switch_margin'] == [t for t in at if PARTS[DOG].sounds(t)]


def test_a_lane_is_coloured_only_where_it_is_attended():
    picture = draw(play())
    assert all((picture == PARTS[lane].colour).all(axis=2).sum() > 1000 for lane in (VOICE, BELL, FAN))
    assert 0 < (picture == np.array(PARTS[DOG].colour)).all(axis=2).sum() < 1000


def test_a_picture_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(InputError, match='cannot be written'):
        main(str(tmp_path / 'nowhere' / 'attention.png'))
