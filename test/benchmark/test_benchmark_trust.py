from __future__ import annotations

import numpy as np

from benchmark.trust import Trust
from ros2_avloc.attention.bearing import Bearing
from ros2_avloc.attention.sources import Source
from ros2_avloc.model.localizer import Localization
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.moments import Moment, Thing
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose

AHEAD = np.array([0.0, 0, 1])


def test_what_is_said_is_held_against_what_lies_there():
    things = tuple(Thing(name, AHEAD, (x, 50.0, 40.0, 40.0), 1.0, heard > 0, heard)
                   for name, x, heard in (('a', 50.0, 1.0), ('b', 150.0, 0.0)))
    moment = Moment(0, Pose(np.eye(3), np.zeros(3)), things)
    sources = [Source((x, 50.0, 20.0, 20.0), probability, Bearing(AHEAD, np.eye(2)))
               for x, probability in ((60.0, 0.84), (150.0, 0.86), (50.0, 1.0))]
    nothing = Localization(np.zeros((14, 14), np.float32), 0.0)
    result = Result(Frame(np.zeros((100, 200, 3), np.uint8), 0, 'camera'), nothing, sources, [], None)
    trust = Trust()
    trust.add([moment], [result])
    assert trust.bins() == {'0.5 to 0.6': '–', '0.6 to 0.7': '–', '0.7 to 0.8': '–',
                            '0.8 to 0.9': '0.85: 0.50 (2)', '0.9 to 1.0': '1.00: 1.00 (1)'}
