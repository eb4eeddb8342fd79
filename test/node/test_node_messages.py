"""Results to messages and markers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from visualization_msgs.msg import Marker

from ros2_avloc.attention.attention import Why
from ros2_avloc.attention.bearing import Bearing, axes
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track
from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.model.localizer import Localization
from ros2_avloc.node import messages
from ros2_avloc.node.attending import attending
from ros2_avloc.node.markers import NAMESPACES, Markers
from ros2_avloc.node.messages import Where
from ros2_avloc.node.overlays import Overlays
from ros2_avloc.pipeline import Result
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose as CameraPose

STAMP = 12_000_000_034
AHEAD = np.array([(0, 0, 1), (-1, 0, 0), (0, -1, 0)], float)
"""From the optical frame of a camera that looks ahead into a body frame."""
WHERE = Where('base_link', np.array([0.1, 0.2, 1.5]), AHEAD, optical=False)


def unit(*xyz):
    return np.array(xyz, float) / np.linalg.norm(xyz)


def track(number, vector=(1, 0, 0), *, confirmed=True, source=None, existence=0.9):
    bearing = Bearing(unit(*vector), np.diag([0.01, 0.04]))
    return Track(id=number, bearing=bearing, existence=existence, probability=0.8, confirmed=confirmed,
                 source=source, first_seen=0, last_seen=STAMP, sightings=5, streak=5, sounding=True)


def result(*tracks, sources=(), attended=None):
    heatmap = np.zeros((14, 14), np.float32)
    heatmap[3, 10] = 0.75
    frame = Frame(np.zeros((280, 560, 3), np.uint8), STAMP, 'eye')
    return Result(frame, Localization(heatmap, 0.75), list(sources), list(tracks), attended)


def source(probability=0.75):
    return Source((420.0, 70.0, 40.0, 20.0), probability, Bearing(unit(0, 0, 1), np.eye(2)))


def test_stamps_are_the_frames_in_seconds_and_nanoseconds():
    header = messages.header('eye', STAMP)
    assert (header.frame_id, header.stamp.sec, header.stamp.nanosec) == ('eye', 12, 34)


def test_an_upsampled_heatmap_lies_over_the_frame():
    image = messages.heatmap_image(result(), upsample=True)
    assert (image.width, image.height) == (560, 280)
    heatmap = np.frombuffer(image.data, np.float32).reshape(280, 560)
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    assert (row, column) == pytest.approx((3.5 * 20 - 0.5, 10.5 * 40 - 0.5), abs=1)


def test_sources_bear_the_id_of_their_track():
    seen, other = source(), source(0.5)
    array = messages.sources_array(result(track(7, source=seen), sources=(seen, other)))
    assert [detection.id for detection in array.detections] == ['7', '']
    box = array.detections[0].bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (420, 70, 40, 20)
    assert array.header.frame_id == 'eye'
    assert array.detections[1].results[0].hypothesis.score == 0.5


def test_tracks_are_the_confirmed_ones_in_the_target_frame():
    array = messages.tracks_array(result(track(1), track(2, confirmed=False), track(3, (0, 1, 0))), WHERE)
    assert [detection.id for detection in array.detections] == ['1', '3']
    assert array.header.frame_id == 'base_link'
    pose = array.detections[0].results[0].pose.pose
    assert (pose.position.x, pose.position.y, pose.position.z) == (0.1, 0.2, 1.5)
    poses = messages.bearings_array(result(track(1), track(3, (0, 1, 0))), WHERE).poses
    assert poses[0] == pose


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda xyz: np.linalg.norm(xyz) > 0.1))
def test_x_points_at_the_source_and_the_covariance_is_told_in_the_frame(xyz):
    message = messages.attended_pose(result(), track(1, xyz), WHERE)
    turn = message.pose.pose.orientation
    rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
    np.testing.assert_allclose(rotation, axes(unit(*xyz)), atol=1e-9)
    covariance = np.reshape(message.pose.covariance, (6, 6))
    own = rotation.T @ covariance[3:, 3:] @ rotation
    np.testing.assert_allclose(own, np.diag([0, 0.01, 0.04]), atol=1e-9)


def test_the_attended_point_lies_on_the_bearing():
    point = messages.attended_point(result(), track(1, (0, 3, 4)), WHERE, 5.0).point
    assert (point.x, point.y, point.z) == pytest.approx((0.1, 3.2, 5.5))


def test_markers_of_a_track_that_is_gone_are_deleted_once():
    markers = Markers()
    first = markers.of(result(track(1), track(2)), WHERE, 2.0).markers
    assert {(marker.ns, marker.id) for marker in first} == {
        (ns, number) for ns in NAMESPACES for number in (1, 2)}
    second = markers.of(result(track(2)), WHERE, 2.0).markers
    deleted = [(marker.ns, marker.id) for marker in second if marker.action == Marker.DELETE]
    assert deleted == [(ns, 1) for ns in NAMESPACES]
    assert len(markers.of(result(track(2)), WHERE, 2.0).markers) == len(NAMESPACES)


def test_a_cone_is_two_standard_deviations_wide():
    cone = {marker.ns: marker for marker in Markers().of(result(track(1)), WHERE, 2.0).markers}['cones']
    rim = np.array([[p.x, p.y, p.z] for p in cone.points[1::3]]) - WHERE.camera
    np.testing.assert_allclose(np.linalg.norm(rim, axis=1), 2.0)
    assert np.abs(np.arctan2(rim[:, 1], rim[:, 0])).max() == pytest.approx(2 * 0.2, abs=0.01)
    assert np.abs(np.arctan2(rim[:, 2], rim[:, 0])).max() == pytest.approx(2 * 0.1, abs=0.01)


def test_the_rim_of_a_cone_is_a_closed_ring_around_the_bearing():
    shown = by_namespace(result(track(1)))
    rim, cone = shown['rims'], shown['cones']
    assert rim.type == Marker.LINE_STRIP
    assert rim.points[:-1] == cone.points[1::3]
    assert (rim.points[-1].y, rim.points[-1].z) == pytest.approx((rim.points[0].y, rim.points[0].z))


def test_the_attended_track_is_marked():
    attended = track(1)
    markers = Markers().of(result(attended, track(2), attended=attended), WHERE, 2.0).markers
    texts = {marker.id: marker.text for marker in markers if marker.ns == 'labels'}
    assert 'attended' in texts[1]
    assert 'attended' not in texts[2]
    colours = {marker.id: (marker.color.r, marker.color.b) for marker in markers if marker.ns == 'rays'}
    assert colours[1] != colours[2]


def test_diagnostics_are_told_of_attention():
    one, other = track(1, (1, 1, 0)), replace(track(2, (0, 1, 0)), heard_only=True, sounding=False)
    now = attending(result(one, other, track(3, confirmed=False), attended=one), WHERE)
    assert (now.track, now.azimuth, now.frame_id) == (1, pytest.approx(np.pi / 4), 'base_link')
    assert (now.tracks, now.sounding, now.heard_only) == (2, 1, 1)
    assert (now.score, now.why) == (pytest.approx(0.72), result().why.value)


@pytest.mark.parametrize(('where', 'frame_id'), [(None, ''), (WHERE, 'base_link')])
def test_diagnostics_are_told_why_nothing_is_attended(where, frame_id):
    now = attending(replace(result(track(1)), why=Why.USED_TO), where)
    assert (now.track, now.why, now.frame_id) == (None, 'what sounds has sounded on and on', frame_id)


def by_namespace(result_of_a_track, where=WHERE):
    return {marker.ns: marker for marker in Markers().of(result_of_a_track, where, 2.0).markers}


@pytest.mark.parametrize(('rotation', 'optical'), [(AHEAD, False), (np.eye(3), True)])
def test_labels_say_id_probability_and_side_in_body_and_optical_frames(rotation, optical):
    where = Where('somewhere', np.zeros(3), rotation, optical)
    left = track(7, rotation @ unit(-1, 0, np.sqrt(3)), existence=0.5)
    assert by_namespace(result(left), where)['labels'].text == '#7  40%  left 30 deg'
    below = track(8, rotation @ unit(0, 0.5, 1))
    assert by_namespace(result(below, attended=below), where)['labels'].text == '#8  72%  ahead, attended'


def test_what_is_heard_only_or_remembered_looks_different():
    seen = by_namespace(result(track(1)))
    heard = by_namespace(result(replace(track(1), heard_only=True)))
    silent = by_namespace(result(replace(track(1), sounding=False)))
    assert (seen['rays'].type, heard['rays'].type) == (Marker.ARROW, Marker.LINE_LIST)
    assert len(heard['rays'].points) % 2 == 0
    assert heard['labels'].text.endswith(', heard only') and silent['labels'].text.endswith(', silent')
    for ns in NAMESPACES:
        assert silent[ns].color.a < seen[ns].color.a == heard[ns].color.a


def test_every_marker_vanishes_by_itself_and_can_be_drawn():
    wide = replace(track(2), bearing=Bearing(unit(1, 0, 0), 9.0 * np.eye(2)), heard_only=True)
    for marker in Markers().of(result(track(1), wide), WHERE, 2.0).markers:
        assert marker.lifetime.sec > 0 and marker.header.frame_id == 'base_link'
        assert marker.pose.orientation.w == 1.0
        assert marker.color.a > 0 and max(marker.scale.x, marker.scale.z) > 0
        assert np.isfinite([[p.x, p.y, p.z] for p in marker.points]).all()
    rim = np.array([[p.x, p.y, p.z] for p in by_namespace(result(wide))['cones'].points[1::3]])
    assert (rim[:, 0] > WHERE.camera[0]).all()


def test_markers_stay_until_the_next_result_however_rarely_one_comes():
    markers, lifetimes = Markers(), []
    for seconds in (10.0, 10.1, 13.1, 2e9, 1.0):
        frame = replace(result().frame, stamp=round(seconds * 1e9))
        made = markers.of(replace(result(track(1)), frame=frame), WHERE, 2.0).markers
        lifetimes.append({one.lifetime.sec + one.lifetime.nanosec / 1e9 for one in made})
    assert lifetimes == [{1.0}, {1.0}, {6.0}, {60.0}, {1.0}]


@pytest.mark.parametrize('where', [WHERE, None])
def test_the_overlay_shows_the_source(where):
    seen = source()
    one = track(1, source=seen)
    sound = Sound(np.zeros(SOUND_SAMPLES, np.float32), 48_000, 0)
    picture = Overlays().of(result(one, sources=[seen], attended=one), sound, where)
    assert picture.shape == (280, 560, 3)
    assert picture[55:85, 400:440].max() > 200
    assert picture[110:200, 50:300].max() == 0


def test_what_is_too_faint_for_a_source_is_shown_and_not_told():
    sound = Sound(np.zeros(SOUND_SAMPLES, np.float32), 48_000, 0)
    one = track(1, source=source(0.65))
    shown = result(one, attended=one)
    assert messages.sources_array(shown).detections == []
    np.testing.assert_array_equal(Overlays().of(shown, sound, WHERE), Overlays().of(
        result(one, sources=[one.source], attended=one), sound, WHERE))


def test_what_is_heard_out_of_view_is_shown_at_the_edge_to_which_it_lies():
    sound = Sound(np.zeros(SOUND_SAMPLES, np.float32), 48_000, 0)
    heard = replace(track(4, (-1, 0.5, 0)), heard_only=True)
    plain = Overlays().of(result(), sound, WHERE)
    picture = Overlays().of(result(heard), sound, WHERE)
    columns = np.flatnonzero((picture != plain).any(axis=(0, 2)))
    assert columns.min() < 8 and columns.max() < 280
    for quiet in (replace(heard, sounding=False), replace(heard, confirmed=False)):
        np.testing.assert_array_equal(Overlays().of(result(quiet), sound, WHERE), plain)
    gone = replace(track(5, (-1, 0.5, 0)), sounding=False, in_view=False)
    np.testing.assert_array_equal(Overlays().of(result(gone), sound, WHERE), plain)
    assert (Overlays().of(result(gone, attended=gone), sound, WHERE)[:, :8] != plain[:, :8]).any()


@pytest.mark.parametrize(('frame_id', 'camera_frame', 'optical'), [
    ('base_link', 'camera_optical', False), ('camera_link', 'camera_optical', False), ('eye', 'eye', True),
    ('left_optical_frame', 'eye', True), ('left_optical', 'eye', True), ('optical_table', 'eye', False)])
def test_what_lies_left_in_the_picture_has_positive_azimuth_in_every_frame(frame_id, camera_frame, optical):
    rotation = np.eye(3) if optical else AHEAD
    where = Where.of(frame_id, CameraPose(rotation, np.zeros(3)), camera_frame)
    seen = unit(-0.5, 0.0, 1.0)
    bearing = Bearing(rotation @ seen, np.eye(2))
    assert where.optical == optical
    assert where.azimuth(bearing) == pytest.approx(np.arctan(0.5))
    assert where.from_camera(bearing) == pytest.approx((np.arctan(0.5), 0))
