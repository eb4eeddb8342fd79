"""The pictures of the documentation show every sign."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ros2_avloc.node import signs
from ros2_avloc.node.markers import NAMESPACES, Markers
from ros2_avloc.overlay.pen import ATTENDED, DARK


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp('signs')
    signs.main(str(folder))
    return [cv2.imread(str(folder / name)) for name in ('signs.jpg', 'markers.png')]


def test_the_overlays_show_an_attended_box_and_an_attended_arrow(pictures):
    overlays, _ = pictures
    cyan = np.abs(overlays.astype(int) - ATTENDED).max(axis=-1) < 40
    dark = np.abs(overlays.astype(int) - DARK).max(axis=-1) < 12
    assert cyan[:, :640].sum() > 1500 and cyan[:, 640:].sum() > 1500
    assert cyan[100:400, 640:660].any() and not cyan[:, 620:640].any()
    assert dark[:400, :640].sum() > 4000


def test_there_is_a_track_of_each_kind_and_it_is_drawn(pictures):
    made, where = signs.result(signs.scene(), silent=False)
    shown = Markers().of(made, where, 2.0).markers
    words = ' '.join(marker.text for marker in shown)
    assert all(mark in words for mark in (', attended', ', silent', ', heard only'))
    assert {marker.ns for marker in shown} == set(NAMESPACES)
    assert (pictures[1] == (255, 230, 0)).all(axis=-1).sum() > 300
