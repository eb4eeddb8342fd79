from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.background import panorama
from ros2_avloc.simulation.kinds import KINDS
from ros2_avloc.simulation.layout import Billboard
from ros2_avloc.simulation.pose import Motion, optical_to_world
from ros2_avloc.simulation.sprites import Sprite, put
from ros2_avloc.simulation.surroundings import Surroundings
from ros2_avloc.simulation.views import SpriteBank, random_view
from ros2_avloc.simulation.world import ObjectTruth, World
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.pose import Pose


@pytest.fixture(scope='module')
def world() -> World:
    return World(11, objects=9, width=320, height=240)


def holding(world: World, billboards: Iterable[Billboard]) -> World:
    """The same world with other things in it."""
    other = copy(world)
    other.billboards = tuple(billboards)
    return other


def without(world: World, name: str) -> World:
    """The same world with one object taken away, its stand and shadow left."""
    return holding(world, (thing for thing in world.billboards if thing.name != name))


def edges(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def touches_border(world: World, truth: ObjectTruth) -> bool:
    left, top, right, bottom = edges(truth.box)
    return min(left, top) < 0 or right > world.camera.width - 1 or bottom > world.camera.height - 1


def seen(world: World, times: range) -> list[tuple[float, ObjectTruth]]:
    return [(float(t), truth) for t in times for truth in world.truth(t) if truth.in_view]


def test_an_object_changes_pixels_within_its_box_and_fills_it(world: World) -> None:
    checked = 0
    for t, truth in seen(world, range(0, 30, 5)):
        changed = (world.frame(t) != without(world, truth.name).frame(t)).any(axis=2)
        left, top, right, bottom = edges(truth.box)
        rows, columns = np.nonzero(changed)
        assert columns.min() >= np.floor(left) and columns.max() <= np.ceil(right)
        assert rows.min() >= np.floor(top) and rows.max() <= np.ceil(bottom)
        if truth.visible > 0.97:
            assert columns.min() <= left + 4 and columns.max() >= right - 4
            assert rows.min() <= top + 4 and rows.max() >= bottom - 4
            checked += 1
    assert checked >= 4


def test_the_bearing_of_a_whole_object_hits_the_middle_of_its_box(world: World) -> None:
    whole = [truth for _, truth in seen(world, range(0, 40, 3)) if not touches_border(world, truth)]
    assert len(whole) >= 5
    for truth in whole:
        assert np.linalg.norm(truth.bearing) == pytest.approx(1.0)
        np.testing.assert_allclose(world.camera.pixels(truth.bearing[None])[0], truth.box[:2], atol=0.01)


def test_bearing_and_distance_lead_from_the_camera_to_the_object(world: World) -> None:
    for t in (0.0, 7.3, 21.0):
        pose = world.camera_pose(t)
        for truth in world.truth(t):
            np.testing.assert_allclose(pose.position + pose.rotation @ truth.bearing * truth.distance,
                                       truth.position)
            assert world.distance(truth.name, t) == pytest.approx(truth.distance)


def test_what_is_behind_the_camera_is_known_but_not_in_view(world: World) -> None:
    hidden = [truth for truth in world.truth(0.0) if truth.bearing[2] < 0]
    assert hidden
    for truth in hidden:
        assert not truth.in_view
        assert truth.visible == 0.0
        assert truth.box == (0.0, 0.0, 0.0, 0.0)


def test_boxes_lie_within_the_picture(world: World) -> None:
    for _, truth in seen(world, range(30)):
        left, top, right, bottom = edges(truth.box)
        assert -0.5 <= left < right <= world.camera.width - 0.5
        assert -0.5 <= top < bottom <= world.camera.height - 0.5
        assert 0 < truth.visible <= 1


def test_objects_take_40_to_120_px_of_the_network_image() -> None:
    sizes = []
    for seed in range(3):
        world = World(seed, objects=8)
        for _, truth in seen(world, range(0, 30, 6)):
            if truth.visible > 0.97:
                sizes.append(max(truth.box[2] * 224 / 640, truth.box[3] * 224 / 480))
    assert len(sizes) > 10
    assert min(sizes) > 35
    assert max(sizes) < 140
    assert np.mean([40 <= size <= 120 for size in sizes]) > 0.9


def in_one_line(world: World, near_name: str, far_name: str) -> World:
    """The world with two of its objects moved into one line ahead, a metre apart."""
    moved = {near_name: np.array([2.0, 0.0, 1.2]), far_name: np.array([3.0, 0.0, 1.2])}
    things = (thing for thing in world.billboards if thing.name in moved)
    return holding(world, (replace(thing, position=moved[thing.name], size=(0.6, 0.6)) for thing in things))


def test_the_nearer_object_hides_the_farther_one(world: World) -> None:
    near, far = list(world.kinds)[:2]
    line = in_one_line(world, near, far)
    pose = Pose(optical_to_world(0.0, 0.0), np.array([0.0, 0.0, 1.2]))
    truth = {entry.name: entry for entry in line.look(pose)}
    assert truth[near].visible > 0.95
    assert truth[far].visible < 0.8

    with_far, alone = line.render(pose), without(line, far).render(pose)
    sprite = next(thing.sprite for thing in line.billboards if thing.name == near)
    left, top, right, bottom = np.array(edges(truth[near].box)) + 0.5
    mask = np.zeros((240, 320, 3), np.uint8)
    solid = Sprite(tuple(np.repeat(level[..., 3:], 4, axis=2) for level in sprite.levels))
    put(mask, solid, np.array([left, top, right, bottom]))
    np.testing.assert_array_equal(with_far[mask == 255], alone[mask == 255])
    assert (with_far != alone).any(), 'some of the farther one is seen beside the nearer one'


def test_coverage_agrees_with_pixels(world: World) -> None:
    """The visible share of a solid object, against a count of the pixels it changes."""
    near, far = list(world.kinds)[:2]
    line = in_one_line(world, near, far)
    solid = Sprite.from_drawing(np.full((80, 80, 4), 255, np.uint8))
    line = holding(line, (replace(thing, sprite=solid) for thing in line.billboards))
    for yaw, aside in ((0.12, 0.3), (0.0, 0.5), (-0.2, 0.7)):
        pose = Pose(optical_to_world(yaw, 0.0), np.array([0.0, aside, 1.2]))
        visible = {entry.name: entry.visible for entry in line.look(pose)}
        whole, part = _changed(without(line, near), far, pose), _changed(dark_in_front(line, near), far, pose)
        assert visible[far] == pytest.approx(part / whole, abs=0.04)


def dark_in_front(world: World, near: str) -> World:
    """The world with the nearer of two white objects black, so that the two differ."""
    dark = {near: np.zeros(3)}
    white = np.ones(3)
    return holding(world, (
        replace(thing, sprite=thing.sprite.lit(dark.get(thing.name, white))) for thing in world.billboards
    ))


def _changed(world: World, name: str, pose: Pose) -> int:
    return int((world.render(pose) != without(world, name).render(pose)).any(axis=2).sum())


def test_the_seed_fixes_everything() -> None:
    first, again, other = (World(seed, objects=3, width=160, height=120) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.frame(3.0), again.frame(3.0))
    assert (first.frame(3.0) != other.frame(3.0)).any()
    assert first.kinds == again.kinds


def test_objects_by_kind_get_names_that_tell_them_apart() -> None:
    world = World(0, objects=['dog', 'bell', 'dog'], width=64, height=48)
    assert world.kinds == {'dog': 'dog', 'bell': 'bell', 'dog_2': 'dog'}
    many = World(0, objects=16, width=64, height=48)
    assert len(many.kinds) == 16
    assert set(many.kinds.values()) == set(KINDS)
    assert World(0, objects=0, width=64, height=48).truth(0.0) == []


def test_bad_settings_are_refused_with_a_reason(world: World) -> None:
    with pytest.raises(InputError, match="named 'cow'"):
        World(0, objects=['cow'])
    with pytest.raises(InputError, match='-1 objects'):
        World(0, objects=-1)
    with pytest.raises(InputError, match="named 'nobody'"):
        world.distance('nobody', 0.0)
    with pytest.raises(InputError):
        World(0, objects=0, hfov=4.0)


@given(st.floats(0, 600), st.floats(0.05, 1.0), st.floats(0.3, 2.0))
def test_the_pan_is_smooth_and_keeps_to_its_speed_and_reach(t: float, speed: float, reach: float) -> None:
    motion = Motion(speed, reach)
    first, second = motion.pose(t), motion.pose(t + 0.01)
    cosine = np.clip((np.trace(first.rotation.T @ second.rotation) - 1) / 2, -1, 1)
    assert np.arccos(cosine) <= (speed + 0.015) * 0.01
    assert np.linalg.norm(second.position - first.position) <= 0.1 * 0.01
    yaw = np.arctan2(first.rotation[1, 2], first.rotation[0, 2])
    assert abs(yaw) <= reach + 1e-9


@given(st.floats(-3, 3), st.floats(-1.2, 1.2))
def test_optical_axes_in_the_world(yaw: float, pitch: float) -> None:
    rotation = optical_to_world(yaw, pitch)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert rotation[2, 0] == pytest.approx(0.0), 'no roll: right is level'
    assert rotation[2, 1] < 0, 'down is down'


def test_a_yaw_from_outside_takes_the_place_of_the_pan(world: World) -> None:
    forward = world.camera_pose(9.0, yaw=np.pi / 2).rotation[:, 2]
    np.testing.assert_allclose(forward[:2], (0.0, 1.0), atol=1e-3)
    np.testing.assert_array_equal(world.camera_pose(9.0, yaw=0.4).position, world.camera_pose(9.0).position)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(-0.15, 0.15))
def test_a_mark_on_the_panorama_is_seen_where_the_camera_projects_it(azimuth: float, rise: float) -> None:
    """One white dot on a black cylinder, looked at from a little beside it."""
    width, height = 2048, 554
    dark = np.zeros((height, width, 3), np.uint8)
    column, row = int((0.5 - azimuth / (2 * np.pi)) * width), int(height / 2 - rise * width / (2 * np.pi))
    dark[row - 2 : row + 3, np.arange(column - 2, column + 3) % width] = 255
    direction = 2 * np.pi * (0.5 - (column + 0.5) / width)
    point = np.array([np.cos(direction), np.sin(direction), (height / 2 - row - 0.5) * 2 * np.pi / width])
    camera = Camera.from_hfov(320, 240, 1.3)
    rotation = optical_to_world(azimuth + 0.3, 0.05)
    picture = Surroundings(dark, camera).render(rotation)[..., 0].astype(float)
    rows, columns = np.indices(picture.shape)
    centre = np.array([(columns * picture).sum(), (rows * picture).sum()]) / picture.sum()
    np.testing.assert_allclose(centre, camera.pixels((point @ rotation)[None])[0], atol=0.3)


def test_panoramas_vary_and_close() -> None:
    scenes = [panorama(np.random.default_rng(seed), 512) for seed in range(6)]
    for scene in scenes:
        assert scene.shape == (139, 512, 3)
        inside = np.abs(np.diff(scene.astype(int), axis=1)).mean()
        seam = np.abs(scene[:, 0].astype(int) - scene[:, -1]).mean()
        assert seam < 3 * inside + 6
    means = [scene.mean(axis=(0, 1)) for scene in scenes]
    assert np.std(means, axis=0).min() > 5


def test_put_blends_by_alpha_and_cuts_at_the_border() -> None:
    rgba = np.full((20, 20, 4), (200, 100, 0, 128), np.uint8)
    picture = np.full((30, 30, 3), 100, np.uint8)
    put(picture, Sprite.from_drawing(rgba), np.array([20.0, -5.0, 40.0, 15.0]))
    np.testing.assert_allclose(picture[5, 25], (150, 100, 50), atol=2)
    assert (picture[:, :20] == 100).all() and (picture[15:] == 100).all()


def test_a_sprite_out_of_the_picture_changes_nothing() -> None:
    picture = np.full((30, 30, 3), 7, np.uint8)
    solid = Sprite.from_drawing(np.full((20, 20, 4), 255, np.uint8))
    put(picture, solid, np.array([31.0, 0.0, 50.0, 20.0]))
    assert (picture == 7).all()


@pytest.fixture(scope='module')
def bank() -> SpriteBank:
    return SpriteBank(1, per_kind=2, panoramas=2)


def test_views_show_what_they_say(bank: SpriteBank) -> None:
    for seed in range(60):
        view = random_view(np.random.default_rng(seed), bank=bank)
        assert view.rgb.shape == (224, 224, 3) and view.rgb.dtype == np.uint8
        assert 1 <= len(view.objects) <= 3
        assert len({kind for kind, _ in view.objects}) == len(view.objects)
        for _, box in view.objects:
            left, top, right, bottom = edges(box)
            assert -0.5 <= left < right <= 223.5 and -0.5 <= top < bottom <= 223.5
            assert max(right - left, bottom - top) <= 120.01


def test_views_are_fixed_by_chance_and_bank(bank: SpriteBank) -> None:
    first, again = (random_view(np.random.default_rng(3), bank=bank) for _ in range(2))
    other_bank = SpriteBank(2, per_kind=2, panoramas=2)
    np.testing.assert_array_equal(first.rgb, again.rgb)
    assert first.objects == again.objects
    assert (random_view(np.random.default_rng(3), bank=other_bank).rgb != first.rgb).any()


def test_views_show_the_kinds_asked_for(bank: SpriteBank) -> None:
    view = random_view(np.random.default_rng(0), 160, 120, kinds=['dog'], bank=bank)
    assert view.rgb.shape == (120, 160, 3)
    assert [kind for kind, _ in view.objects] == ['dog']
    assert random_view(np.random.default_rng(0), kinds=[], bank=bank).objects == []
