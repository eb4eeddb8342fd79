from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ros2_avloc.attention.association import assign
from ros2_avloc.attention.bearing import Bearing, angle, turned
from ros2_avloc.attention.motion import begin, correct
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import LASTING, in_view
from ros2_avloc.attention.tracker import Tracker
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, math.radians(60))
OPTICAL_TO_BODY = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
NOISE = math.radians(2)
FRAME = 66_666_667  # ns, 15 Hz


def _pose(yaw: float) -> Pose:
    """A camera that has turned to the left."""
    return Pose(Rotation.from_euler('z', yaw).as_matrix() @ OPTICAL_TO_BODY, np.zeros(3))


def _direction(azimuth: float, elevation: float = 0.0) -> np.ndarray:
    return np.array([math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth),
                     math.sin(elevation)])


def _seen(vector: np.ndarray, pose: Pose, rng: np.random.Generator | None = None) -> list[Source]:
    """What the camera sees of a direction in the world: at most one source."""
    if not in_view(Bearing(vector, np.eye(2)), pose, CAMERA):
        return []
    optical = pose.rotation.T @ vector
    if rng is not None:
        optical = turned(optical, rng.normal(0, NOISE, 2))
    return [Source((0, 0, 10, 10), 0.8, Bearing(optical, NOISE**2 * np.eye(2)))]


def test_a_turning_camera_keeps_id_and_bearing():
    rng = np.random.default_rng(0)
    tracker = Tracker(confirm=3, forget=10)
    truths = [_direction(0.1, 0.05), _direction(-0.15, -0.1)]
    errors, ids = [], set()
    for number in range(120):
        pose = _pose(0.3 * math.sin(number / 15))
        sources = [source for truth in truths for source in _seen(truth, pose, rng)]
        tracks = [one for one in tracker.update(number * FRAME, sources, pose, CAMERA) if one.confirmed]
        ids.update(track.id for track in tracks)
        if number > 15:
            assert len(tracks) == 2
            errors += [min(angle(track.bearing.vector, truth) for truth in truths) for track in tracks]
    assert ids == {1, 2}
    assert math.sqrt(np.mean(np.square(errors))) < NOISE  # better than a single frame


def test_a_track_out_of_view_is_found_again_under_its_id():
    tracker = Tracker(confirm=3, forget=10)
    truth = _direction(0.0)
    for number in range(30):
        tracker.update(number * FRAME, _seen(truth, _pose(0)), _pose(0), CAMERA)
    for number in range(30, 90):
        track, = tracker.update(number * FRAME, _seen(truth, _pose(1.5)), _pose(1.5), CAMERA)
    assert track.source is None
    assert track.existence > 0.9  # it cannot be known to be silent
    assert track.sounds < 0.75
    assert np.trace(track.bearing.covariance) > 10 * NOISE**2
    moved = _seen(turned(truth, np.array([0.0, 0.1])), _pose(0))
    track, = tracker.update(90 * FRAME, moved, _pose(0), CAMERA)
    assert track.id == 1
    assert track.source is not None


def test_existence_grows_when_seen_and_fades_when_silent_in_view():
    tracker = Tracker(confirm=1, forget=100)
    truth, pose = _direction(0.0), _pose(0)
    grown = [tracker.update(n * FRAME, _seen(truth, pose), pose, CAMERA)[0] for n in range(15)]
    existence = [track.existence for track in grown]
    assert existence == sorted(existence) and existence[0] < 0.5 and existence[-1] > 0.9
    faded = [tracker.update((15 + n) * FRAME, [], pose, CAMERA)[0] for n in range(75)]
    existence = [track.existence for track in faded]
    assert existence == sorted(existence, reverse=True)
    assert 0.3 < existence[-1] < 0.7  # after 5 s
    assert grown[-1].sounds > 0.85 > 0.2 > faded[15].sounds
    assert tracker.update(FRAME * 500, [], pose, CAMERA) == []


def test_a_neighbour_does_not_inherit_the_id_of_what_has_long_been_silent():
    tracker, pose = Tracker(confirm=3, forget=20), _pose(0)
    for number in range(15):
        tracker.update(number * FRAME, _seen(_direction(0.15), pose), pose, CAMERA)
    for number in range(15, 60):
        tracker.update(number * FRAME, [], pose, CAMERA)
    tracks = tracker.update(60 * FRAME, _seen(_direction(-0.15), pose), pose, CAMERA)
    assert [track.id for track in tracks if track.source is not None] == [2]


def _sounding(rate: float, seen: str) -> list[bool]:
    """Frame by frame, whether the first track sounds that was seen in the frames marked x."""
    tracker, truth, pose, step = Tracker(confirm=3, forget=10), _direction(0.0), _pose(0), round(1e9 / rate)
    frames = [tracker.update(number * step, _seen(truth, pose) if mark == 'x' else [], pose, CAMERA)
              for number, mark in enumerate(seen)]
    return [bool(tracks) and tracks[0].sounding for tracks in frames]


def test_sounding_takes_as_many_sightings_after_a_silence_as_at_first():
    assert _sounding(10, 'xxxx..x') == [False, False, True, True, True, True, True]
    after_silence = _sounding(10, 'xxxx......x.xxx.')
    assert after_silence[6:13] == [False] * 7
    assert after_silence[14:] == [True, True]


def test_a_slow_camera_makes_no_silence():
    assert _sounding(1, 'xxxx.x') == [False, False, True, True, False, False]


def test_a_fast_camera_is_in_no_hurry():
    assert _sounding(30, 'xxxxxxxx') == [False] * 6 + [True] * 2
    assert _sounding(15, 'xxxxx') == [False] * 3 + [True] * 2


def _faint(azimuth: float) -> list[Source]:
    return [replace(one, probability=0.65) for one in _seen(_direction(azimuth), _pose(0))]


def test_what_is_faint_keeps_up_a_track_that_sounds():
    tracker, pose = Tracker(confirm=3, forget=10), _pose(0)
    for number in range(15):
        tracker.update(number * FRAME, _seen(_direction(0), pose), pose, CAMERA)
    for number in range(15, 60):
        track, = tracker.update(number * FRAME, [], pose, CAMERA, faint=_faint(0.02), correspondence=0.65)
        assert track.sounding and track.probability == 0.65 and track.id == 1
    for number in range(60, 75):
        track, = tracker.update(number * FRAME, [], pose, CAMERA, faint=_faint(0.4), correspondence=0.65)
    assert not track.sounding
    assert not tracker.update(75 * FRAME, [], pose, CAMERA, faint=_faint(0.02))[0].sounding  # too late


def test_what_is_faint_begins_no_track_and_confirms_none():
    tracker, pose = Tracker(confirm=3, forget=10), _pose(0)
    assert tracker.update(0, [], pose, CAMERA, faint=_faint(0)) == []
    for number in (1, 2):
        tracker.update(number * FRAME, _seen(_direction(0), pose), pose, CAMERA)
    for number in range(3, 6):
        track, = tracker.update(number * FRAME, [], pose, CAMERA, faint=_faint(0))
        assert not track.confirmed and track.sightings == 2


def test_what_is_faint_takes_no_track_from_a_source():
    tracker, pose = Tracker(confirm=3, forget=10), _pose(0)
    for number in range(15):
        tracker.update(number * FRAME, _seen(_direction(0), pose), pose, CAMERA)
    source = _seen(_direction(0.04), pose)
    track, = tracker.update(15 * FRAME, source, pose, CAMERA, faint=_faint(0))
    assert track.source is source[0]


def test_confirm_counts_sightings():
    tracker = Tracker(confirm=3, forget=10)
    truth, pose = _direction(0.0), _pose(0)
    confirmed = [tracker.update(n * FRAME, _seen(truth, pose), pose, CAMERA)[0].confirmed for n in range(4)]
    assert confirmed == [False, False, True, True]


def test_forgets_after_a_time_and_a_tentative_track_soon():
    away = _pose(math.pi)
    for sightings, lives in ((3, 4.0), (1, 0.5)):
        tracker = Tracker(confirm=3, forget=4.0)
        for number in range(sightings):
            tracker.update(number, _seen(_direction(0), _pose(0)), _pose(0), CAMERA)
        last = sightings - 1
        assert len(tracker.update(last + round(lives * 1e9), [], away, CAMERA)) == 1
        assert tracker.update(last + round(lives * 1e9) + 1000, [], away, CAMERA) == []


def test_a_jump_back_in_time_begins_anew_with_new_ids():
    tracker = Tracker(confirm=1, forget=10)
    source = _seen(_direction(0), _pose(0))
    assert [t.id for t in tracker.update(10**12, source, _pose(0), CAMERA)] == [1]
    track, = tracker.update(10**9, source, _pose(0), CAMERA)
    assert (track.id, track.first_seen, track.sightings) == (2, 10**9, 1)
    track, = tracker.update(2 * 10**9, source, _pose(0), CAMERA)
    assert track.id == 2


def test_what_comes_after_a_pause_that_is_longer_than_the_memory_is_new():
    for pause, number in ((3, 1), (5, 2)):
        tracker = Tracker(confirm=1, forget=4.0)
        tracker.update(0, _seen(_direction(0), _pose(0)), _pose(0), CAMERA)
        track, = tracker.update(pause * 10**9, _seen(_direction(0), _pose(0)), _pose(0), CAMERA)
        assert track.id == number


def test_a_source_far_from_every_track_is_a_new_one():
    tracker = Tracker(confirm=1, forget=10)
    tracker.update(0, _seen(_direction(0), _pose(0)), _pose(0), CAMERA)
    tracks = tracker.update(FRAME, _seen(_direction(0.4), _pose(0)), _pose(0), CAMERA)
    assert sorted((track.id, track.source is None) for track in tracks) == [(1, True), (2, False)]


def test_assignment_is_the_best_of_all_and_one_to_one():
    small = NOISE**2 * np.eye(2)
    tracks = [begin(Bearing(_direction(azimuth), small)) for azimuth in (0.0, 0.06)]
    sources = [Bearing(_direction(azimuth), small) for azimuth in (0.05, 0.11, 1.0)]
    sound = [True, True]
    assert assign(tracks, sources, sound) == {0: 0, 1: 1}  # nearest first would leave track 0 without one
    assert assign([], sources, []) == assign(tracks, [], sound) == {}


def test_what_is_silent_takes_no_source_from_what_sounds():
    small = NOISE**2 * np.eye(2)
    tracks = [begin(Bearing(_direction(azimuth), small)) for azimuth in (0.0, 0.06)]
    sources = [Bearing(_direction(azimuth), small) for azimuth in (0.05, 0.11)]
    assert assign(tracks, sources[:1], [True, True]) == {1: 0}
    assert assign(tracks, sources[:1], [True, False]) == {0: 0}
    assert assign(tracks, sources, [True, False]) == {0: 0, 1: 1}


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-4, 0.05), st.floats(1e-4, 0.05))
def test_fusing_two_bearings_gives_their_weighted_mean_and_more_certainty(seed, own, other):
    vector = Rotation.random(random_state=seed).apply([1.0, 0.0, 0.0])
    moved = turned(vector, np.random.default_rng(seed).normal(0, 0.02, 2))
    fused = correct(begin(Bearing(vector, own * np.eye(2))), Bearing(moved, other * np.eye(2))).bearing
    assert angle(vector, fused.vector) == pytest.approx(angle(vector, moved) * own / (own + other), rel=0.01)
    expected = own * other / (own + other)
    np.testing.assert_allclose(np.linalg.eigvalsh(fused.covariance), [expected, expected], rtol=0.02)


def test_in_view_is_what_the_image_shows():
    for yaw, seen in ((0.0, True), (0.5, True), (0.55, False), (math.pi, False)):
        assert in_view(Bearing(_direction(0), np.eye(2)), _pose(yaw), CAMERA) is seen


def test_what_crosses_keeps_its_id_though_for_a_while_there_is_one_peak_for_both():
    tracker, pose, step = Tracker(confirm=3, forget=10), _pose(0), 10**8
    places = []
    for number in range(50):
        azimuth = math.radians(12) * (1 - number / 25)
        truths = [_direction(azimuth, 0.03), _direction(-azimuth, -0.03)]
        if abs(azimuth) < math.radians(5):  # one peak, wide enough for both
            middle = pose.rotation.T @ _direction(0.0)
            x, y = CAMERA.pixels(middle[None])[0]
            seen = [Source((x, y, 160, 80), 0.8, Bearing(middle, NOISE**2 * np.eye(2)))]
        else:
            seen = [source for truth in truths for source in _seen(truth, pose)]
        tracks = {track.id: track for track in tracker.update(number * step, seen, pose, CAMERA)}
        places.append({id: math.atan2(track.bearing.vector[1], track.bearing.vector[0])
                       for id, track in tracks.items()})
        if number > 3:
            assert sorted(tracks) == [1, 2] and all(track.sounding for track in tracks.values())
    assert places[5][1] > math.radians(8) and places[-1][1] < -math.radians(8)
    assert places[5][2] < -math.radians(8) and places[-1][2] > math.radians(8)


def test_one_peak_feeds_two_tracks_for_a_while_only():
    tracker, pose = Tracker(confirm=1, forget=10), _pose(0)
    both = [source for azimuth in (-0.08, 0.08) for source in _seen(_direction(azimuth), pose)]
    for number in range(30):
        tracker.update(number * FRAME, both, pose, CAMERA)
    wide = [Source((319.5, 239.5, 200, 80), 0.8, Bearing(np.array([0.0, 0, 1]), NOISE**2 * np.eye(2)))]
    sounding = [sum(track.sounding for track in tracker.update((30 + number) * FRAME, wide, pose, CAMERA))
                for number in range(75)]
    assert sounding[15] == 2 and sounding[-1] == 1


def test_the_covariance_never_promises_more_than_one_source_can():
    tracker, pose = Tracker(confirm=1, forget=10), _pose(0)
    for number in range(300):
        track, = tracker.update(number * FRAME, _seen(_direction(0), pose), pose, CAMERA)
    assert LASTING * NOISE**2 < track.bearing.covariance[0, 0] < NOISE**2


def test_starting_over_forgets_tracks_but_not_ids():
    tracker, pose = Tracker(confirm=1, forget=10), _pose(0)
    tracker.update(0, _seen(_direction(0), pose), pose, CAMERA)
    tracker.start_over()
    track, = tracker.update(FRAME, _seen(_direction(0), pose), pose, CAMERA)
    assert (track.id, track.sightings) == (2, 1)


sightings = st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.4, 0.4), st.floats(0.1, 1)), max_size=4)
steps = st.tuples(st.integers(-1000, 3000), st.floats(-math.pi, math.pi), sightings)


@settings(deadline=None, max_examples=40)
@given(st.lists(steps, max_size=12), st.integers(1, 4), st.floats(0, 20))
def test_whatever_is_seen_the_tracks_stay_sane(script, confirm, forget):
    tracker = Tracker(confirm=confirm, forget=forget)
    stamp = 0
    for milliseconds, yaw, seen in script:
        stamp += milliseconds * 1_000_000
        sources = []
        for up, left, probability in seen:
            vector = turned(np.array([0.0, 0.0, 1.0]), np.array([up, left]))
            sources.append(Source((0, 0, 1, 1), probability, Bearing(vector, NOISE**2 * np.eye(2))))
        tracks = tracker.update(stamp, sources, _pose(yaw), CAMERA)
        assert len({track.id for track in tracks}) == len(tracks)
        assert {id(track.source) for track in tracks if track.source} == {id(source) for source in sources}
        for track in tracks:
            assert np.linalg.norm(track.bearing.vector) == pytest.approx(1)
            assert np.linalg.eigvalsh(track.bearing.covariance).min() > 0
            assert 0 < track.existence <= 1
            assert (track.last_seen == stamp) == (track.source is not None) or milliseconds == 0
            assert track.confirmed == (track.sightings >= confirm)
