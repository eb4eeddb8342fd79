"""Places told in one frame or another."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ros2_avloc.vision.pose import Pose


def test_a_place_within_another_leads_every_point_to_the_same_spot():
    camera = Pose(Rotation.from_euler('xyz', (0.3, -0.2, 2.0)).as_matrix(), np.array([1.0, 2.0, 0.5]))
    array = Pose(Rotation.from_euler('xyz', (-0.1, 0.7, -1.0)).as_matrix(), np.array([0.8, 2.1, 0.2]))
    mounting = camera.within(array)
    point = np.array([0.4, -0.6, 2.0])
    in_array = mounting.rotation @ point + mounting.position
    np.testing.assert_allclose(array.rotation @ in_array + array.position,
                               camera.rotation @ point + camera.position, atol=1e-12)
