"""Scores of made-up tracks with known faults, and of the real tracker on a stage that nobody fitted it to."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ros2_avloc.attention.bearing import Bearing, turned
from ros2_avloc.attention.sources import Source
from ros2_avloc.attention.track import Track
from ros2_avloc.model.localizer import Localization
from ros2_avloc.pipeline import PipelineSettings, Result
from ros2_avloc.simulation.actors import Stage
from ros2_avloc.simulation.attention_score import AttentionScore, Edge, Loss, delays, false, right, spells
from ros2_avloc.simulation.ideal import IdealNetwork
from ros2_avloc.simulation.moments import SECOND, Moment, Thing, moments_of
from ros2_avloc.simulation.replay import Replayed, replay
from ros2_avloc.simulation.scene import Scene
from ros2_avloc.simulation.score import Verdict
from ros2_avloc.simulation.track_score import TrackScore
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.grid import pixel_to_cell
from ros2_avloc.vision.pose import Pose

CAMERA = Camera.from_hfov(640, 480, 1.3)
AHEAD, SIDE = np.array([0.0, 0, 1]), np.array([math.sin(0.4), 0, math.cos(0.4)])
STILL = Pose(np.eye(3), np.zeros(3))
SOURCE = object()


def thing(name: str, bearing: np.ndarray, *, sounds: bool = True, seen: bool = True) -> Thing:
    x, y = CAMERA.pixels(bearing[None])[0]
    box = (float(x), float(y), 100.0, 100.0) if seen else (0.0, 0.0, 0.0, 0.0)
    return Thing(name, bearing, box, float(seen), sounds, float(sounds))


def track(number: int, bearing: np.ndarray, sigma: float = 0.02) -> Track:
    return Track(id=number, bearing=Bearing(bearing, sigma**2 * np.eye(2)), existence=1.0,
                 probability=0.9, confirmed=True, source=SOURCE, first_seen=0, last_seen=0, sightings=9,
                 streak=9, sounding=True)


def story(*frames: tuple[list[Thing], list[Track]], attended: int | None = None):
    moments = [Moment(number * SECOND // 10, STILL, tuple(things))
               for number, (things, _) in enumerate(frames)]
    image, nothing = np.zeros((480, 640, 3), np.uint8), Localization(np.zeros((14, 14), np.float32), 0.0)
    results = [Result(Frame(image, moment.stamp, 'camera'), nothing, [], tracks,
                      next((one for one in tracks if one.id == attended), None))
               for moment, (_, tracks) in zip(moments, frames, strict=True)]
    return moments, results


def scored(*frames) -> TrackScore:
    score = TrackScore()
    score.add(*story(*frames), forget=10)
    return score


def test_an_error_is_measured_and_held_against_the_cone():
    off = turned(AHEAD, np.array([0.0, 0.05]))
    score = scored(([thing('a', AHEAD)], [track(1, off, 0.02)]), ([thing('a', AHEAD)], [track(1, off, 0.03)]))
    assert score.rmse == pytest.approx(0.05)
    assert score.in_cone == [False, True]
    assert (score.expected, score.followed) == (2, 2)


def test_two_that_exchange_ids_are_two_switches_and_one_that_is_lost_is_none():
    a, b = thing('a', AHEAD), thing('b', SIDE)
    right, wrong = [track(1, AHEAD), track(2, SIDE)], [track(2, AHEAD), track(1, SIDE)]
    assert scored(([a, b], right), ([a, b], right), ([a, b], wrong)).switches == 2
    lost = scored(([a, b], right), ([a, b], right[:1]), ([a, b], right))
    assert (lost.switches, lost.followed, lost.expected) == (0, 5, 6)


@pytest.mark.parametrize(('new', 'found'), [(1, 1), (7, 0)])
def test_what_comes_back_into_view_is_found_again_or_not(new, found):
    here, gone = thing('a', AHEAD), thing('a', AHEAD, seen=False)
    score = scored(([here], [track(1, AHEAD)]), ([gone], []), ([here], [track(new, AHEAD)]))
    assert (score.gone, score.found, score.switches) == (1, found, 0)


def test_attention_is_judged_by_the_box_of_what_sounds():
    sounds = ([thing('a', AHEAD)], [track(1, AHEAD), track(2, SIDE)])
    for attended, verdict in ((1, Verdict.RIGHT), (2, Verdict.ELSEWHERE), (None, Verdict.MISSED)):
        score = AttentionScore()
        score.add(*story(*[sounds] * 15, attended=attended), CAMERA, min_dwell=1)
        assert set(score.verdicts) == {verdict}
    silent = ([thing('a', AHEAD, sounds=False)], [track(1, AHEAD)])
    score = AttentionScore()
    score.add(*story(*[silent] * 15, attended=1), CAMERA, min_dwell=1)
    assert (false(score.verdicts), set(score.verdicts)) == (1.0, {Verdict.FALSE})


def test_an_edge_of_a_sound_is_judged_strictly_alone():
    silent, sounds = thing('a', AHEAD, sounds=False), thing('a', AHEAD)
    frames = [([silent], [])] * 15 + [([sounds], [])] * 2 + [([sounds], [track(1, AHEAD)])] * 13
    moments, results = story(*frames, attended=1)
    score = AttentionScore()
    score.add(moments, results, CAMERA, min_dwell=1.0)
    assert (right(score.verdicts), score.verdicts[Verdict.CHANGING]) == (1.0, 10)
    assert (right(score.strict), score.strict[Verdict.CHANGING]) == (pytest.approx(13 / 15), 0)
    assert score.edges == {Edge.NOT_SEEN_YET: 2}
    after = AttentionScore()
    after.add(moments, [replace(result, attended=track(1, AHEAD)) if 10 <= number < 15 else result
                        for number, result in enumerate(results)], CAMERA, min_dwell=1.0)
    assert (false(after.verdicts), false(after.strict)) == (1.0, 1.0)


def test_the_delay_counts_from_the_sound_or_from_the_dwell():
    silent, sounds = thing('a', AHEAD, sounds=False), thing('a', AHEAD)
    frames = [([silent], [])] * 10 + [([sounds], [])] * 4 + [([sounds], [track(1, AHEAD)])] * 16
    moments, results = story(*frames, attended=1)
    assert delays(moments, results, 1.0) == [pytest.approx(0.4)]
    other = [([silent], [])] * 7 + [([silent], [track(2, SIDE)])] * 3
    before = story(*other, *frames[10:], attended=2)[1][:10]
    assert delays(moments, before + results[10:], 1.0) == [pytest.approx(0.4)]
    held = [replace(result, tracks=[track(2, SIDE)], attended=track(2, SIDE)) for result in results[8:14]]
    assert delays(moments, results[:8] + held + results[14:], 1.0) == [0.0]  # the dwell was not over
    assert delays(moments, [replace(result, attended=None) for result in results], 1.0) == [math.inf]


@pytest.mark.parametrize(('peak', 'found', 'attended', 'why'), [
    (AHEAD, False, None, Loss.FAINT), (SIDE, False, None, Loss.UNSEEN), (AHEAD, True, None, Loss.WAITING),
    (AHEAD, True, 2, Loss.ANOTHER), (SIDE, False, 2, Loss.UNSEEN)])
def test_what_is_lost_is_lost_somewhere(peak, found, attended, why):
    sounds = thing('a', AHEAD)
    moments, results = story(*[([sounds], [track(2, SIDE)])] * 15, attended=attended)
    row, column = pixel_to_cell(CAMERA.pixels(peak[None]), CAMERA.width, CAMERA.height)[0].round().astype(int)
    heatmap = np.zeros((14, 14), np.float32)
    heatmap[row, column] = 0.4
    sources = [Source(sounds.box, 0.9, Bearing(AHEAD, np.eye(2)))] if found else []
    score = AttentionScore()
    score.add(moments, [replace(result, sources=sources, localization=Localization(heatmap, 0.4))
                        for result in results], CAMERA, min_dwell=1.0)
    assert score.losses == {why: 5}


def test_own_delays_count_from_the_first_source():
    sounds, bearing = thing('a', AHEAD), Bearing(AHEAD, np.eye(2))
    frames = [([sounds], [])] * 12 + [([sounds], [track(1, AHEAD)])] * 8
    moments, results = story(*frames, attended=1)
    seen = [replace(result, sources=[Source(sounds.box, 0.9, bearing)] if number >= 10 else [])
            for number, result in enumerate(results)]
    for given, own in ((seen, [pytest.approx(0.2)]), (results, [])):
        score = AttentionScore()
        score.add(moments, given, CAMERA, min_dwell=1.0)
        assert (score.delays, score.own_delays) == ([pytest.approx(1.2)], own)


def test_spells():
    assert spells([None, 'a', 'a', 'b', None, 'b']) == [(1, 2), (3, 3), (5, 5)]
    assert spells([]) == []


def seen_by_the_ideal_network(moments, camera, seed):
    maps = IdealNetwork(camera, np.random.default_rng([seed, 9])).heatmaps(moments)
    return list(replay(moments, [Replayed(heatmap) for heatmap in maps], camera, threshold=0.5))


def test_the_tracker_follows_what_crosses_hides_and_falls_silent():
    score, seconds = TrackScore(), np.arange(1.0, 60.0, 0.1).tolist()
    for seed in (200, 201, 202):
        stage = Stage(seed)
        moments = list(stage.moments(seconds))
        score.add(moments, seen_by_the_ideal_network(moments, stage.camera, seed), forget=10.0)
    assert math.degrees(score.rmse) <= 2.0
    assert score.switches_per_minute <= 1.0
    assert score.gone >= 3 and score.found >= 0.8 * score.gone
    assert score.followed >= 0.9 * score.expected


def test_what_sounds_is_in_its_cone_and_attended_in_time_and_nothing_else_is():
    tracks, attention, seconds = TrackScore(), AttentionScore(), np.arange(1.2, 46.0, 0.1).tolist()
    for seed in (600, 601, 602):
        scene = Scene(seed, width=320, height=240)
        moments = list(moments_of(scene, seconds))
        results = seen_by_the_ideal_network(moments, scene.camera, seed)
        tracks.add(moments, results, forget=10.0)
        attention.add(moments, results, scene.camera, min_dwell=PipelineSettings().min_dwell)
    assert 0.90 <= np.mean(tracks.source_in_cone) <= 0.98
    assert 0.90 <= np.mean(tracks.in_cone) <= 0.98
    assert right(attention.verdicts) >= 0.95
    assert false(attention.verdicts) <= 0.02
    assert len(attention.delays) >= 12 and np.mean(np.array(attention.delays) <= 0.5 + 1e-6) >= 0.95
