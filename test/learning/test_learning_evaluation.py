"""Judges of which it is known what they know get the figures that they must."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.material.banks import pack_bank
from ros2_avloc.learning.measures.maps import target_cells
from ros2_avloc.learning.measuring.bundles import fit, judged, set_aside
from ros2_avloc.learning.measuring.cases import (
    SOUNDING,
    SWAPPED,
    Case,
    CaseSet,
    Heard,
    View,
    composed,
    heard_at,
)
from ros2_avloc.learning.measuring.evaluation import Thresholds, fitted, measure
from ros2_avloc.learning.measuring.examination import examine, joined
from ros2_avloc.learning.measuring.tables import table
from ros2_avloc.learning.report.page import page

HALF = Thresholds(shipped=0.5, avc=0.5, area=0.5)


class Oracle:
    """Knows what is in view, what sounds, and where."""

    def see(self, view):
        return view

    def hear(self, heard):
        return heard

    def compare(self, view, heard):
        boxes = [box for name, box in view.objects if name == heard.name]
        return target_cells(boxes).astype(np.float32)


class Guesser(Oracle):
    """Says anything."""

    def __init__(self):
        self.rng = np.random.default_rng(12)

    def compare(self, view, heard):
        return (self.rng.random((14, 14)) ** 0.01 * self.rng.random()).astype(np.float32)


class Deaf(Oracle):
    """Sees one of the objects, whatever it hears."""

    def compare(self, view, heard):
        _, box = view.objects[0]
        return target_cells([box]).astype(np.float32)


@pytest.fixture(scope='module')
def material(world):
    return composed(world, 24, seed=5)


def figures(judge, material, thresholds=HALF):
    return measure(examine(judge, material)[0], thresholds)


@pytest.fixture(scope='module')
def oracles(material):
    return figures(Oracle(), material)


def test_a_lesser_microphone_hears_the_same_scenes_without_what_is_above_half_its_rate(world):
    plain = composed(world, 2, seed=5)
    lesser = heard_at(plain, 16_000)
    assert (lesser.count, lesser.origin) == (plain.count, plain.origin | {'microphone_rate': 16_000})
    pairs = [(case.sounds, other.sounds) for case, other in zip(plain.cases(), lesser.cases(), strict=True)]
    frequencies = np.fft.rfftfreq(48_240, 1 / 48_000)
    upper, lower = frequencies > 8_500, frequencies < 7_000
    for sounds, others in [*pairs, (plain.pool, lesser.pool)]:
        for sound, other in zip(sounds, others, strict=True):
            assert (other.name, other.kind, other.samples.shape) == (sound.name, sound.kind, (48_240,))
            power, left = (np.abs(np.fft.rfft(one.samples[100:-100], 48_240)) ** 2 for one in (sound, other))
            assert left[upper].sum() <= 1e-4 * power.sum() + 1e-6
            np.testing.assert_allclose(left[lower].sum(), power[lower].sum(), rtol=0.02, atol=1e-6)


def test_an_oracle_is_right_everywhere(oracles):
    assert set(oracles['localisation']) == {'1', '2', '3'}
    for place in oracles['localisation'].values():
        assert place['value'] == 1
        assert place['interval'][0] > 0.8
        assert place['n'] >= 20
        assert place['centre']['value'] < 0.8
        assert place['random']['value'] < 0.4
        assert place['overlap']['value'] > 0.6
        assert place['ciou']['value'] > 0.8
        assert place['auc']['value'] == pytest.approx(place['overlap']['value'], abs=0.05)
    assert oracles['swap']['both']['value'] == oracles['swap']['moved']['value'] == 1
    assert oracles['kept']['value'] == oracles['avc']['value'] == 1
    assert oracles['calibration']['expected_error']['value'] == 0


def test_an_oracle_finds_nothing_where_nothing_sounds(oracles):
    kinds = {'silence', 'noise', 'hum', 'elsewhere', 'other'}
    for name in ('false_positives', 'pia'):
        assert {kind: figure['value'] for kind, figure in oracles[name].items()} == dict.fromkeys(kinds, 0)
    assert {figure['value'] for figure in oracles['auc_n'].values()} == {1}
    overlap = np.mean([place['overlap']['value'] for place in oracles['localisation'].values()])
    assert oracles['f_loc']['value'] == pytest.approx(2 * overlap / (1 + overlap), abs=0.02)
    assert oracles['curve']['recall'][25] == oracles['curve']['precision'][25] == 1


def test_an_oracle_knows_every_category(oracles, world):
    assert set(oracles['by_category']) == set(world.recordings)
    for category in oracles['by_category'].values():
        assert category['localisation']['value'] in (1, None)
        assert category['false_positives']['value'] in (0, None)
        assert (category['avc']['value'], category['pia']['value']) in ((1, 0), (1, None), (None, None))
        assert category['avc']['n'] == category['kept']['n'] + category['false_positives']['n']
        assert category['ciou']['n'] == category['auc']['n'] == category['localisation']['n']


def test_categories_add_up_to_the_totals(material):
    """One who follows the first of two sounds alone would have fewer right, were the other counted."""
    class Stubborn(Oracle):
        def compare(self, view, heard):
            return super().compare(view, heard) * (heard.kind == SOUNDING)

    report = figures(Stubborn(), material)
    for name, parts in (('localisation', report['localisation'].values()), ('kept', [report['kept']])):
        rows = [category[name] for category in report['by_category'].values()]
        assert sum(row['n'] for row in rows) == sum(part['n'] for part in parts)
        assert {row['value'] for row in rows} <= {1, None}


def test_one_who_guesses_is_at_chance(material):
    report = figures(Guesser(), material)
    for place in report['localisation'].values():
        low, high = place['interval']
        assert low - 0.03 <= place['random']['value'] <= high + 0.03
    low, high = report['avc']['interval']
    assert low <= 0.5 <= high
    assert report['kept']['value'] == pytest.approx(0.5, abs=0.2)
    assert report['false_positives']['elsewhere']['value'] == pytest.approx(0.5, abs=0.2)
    assert report['swap']['both']['value'] < 0.2
    assert report['calibration']['expected_error']['value'] > 0.1


def test_one_who_does_not_hear_is_no_better_than_the_baseline_that_does_not(material):
    report = figures(Deaf(), material)
    for place in report['localisation'].values():
        assert place['value'] == place['blind']['value']
    assert report['localisation']['1']['value'] == 1
    assert report['localisation']['3']['value'] < 0.7
    assert report['swap']['moved']['value'] == 0
    assert report['swap']['both']['value'] < 0.2  # where boxes overlap, one place can be right for both
    assert report['avc']['value'] == 0.5
    assert report['false_positives']['silence']['value'] == 1


def test_thresholds_are_fitted_where_they_part_the_pairs(material):
    class Shy(Oracle):
        def compare(self, view, heard):
            return 0.2 + 0.1 * super().compare(view, heard)

    thresholds = fitted(examine(Shy(), material)[0], shipped=0.6)
    assert thresholds.shipped == 0.6
    assert 0.2 < thresholds.avc < 0.3
    assert 0.2 < thresholds.area < 0.3
    report = figures(Shy(), material, thresholds)
    assert report['avc']['value'] == 1
    assert report['avc']['at_shipped_threshold']['value'] == 0.5
    assert report['kept']['value'] == 0


def test_one_who_guesses_passes_four_fifths_where_four_fifths_are_kept(material):
    answers, _ = examine(Guesser(), material)
    at_80 = measure(answers, HALF)['at_80']
    sounding = answers.found[answers.kinds == SOUNDING]
    assert 0.8 <= np.mean(sounding >= at_80['threshold'] - 1e-4) < 0.82
    low, high = at_80['false_positives']['elsewhere']['interval']
    assert low <= 0.8 <= high


def test_an_oracle_passes_nothing_where_four_fifths_are_kept(oracles):
    assert {figure['value'] for figure in oracles['at_80']['false_positives'].values()} == {0}


def test_scenes_are_the_same_however_many_are_drawn(world):
    few, many = ([case for case in composed(world, count, seed=5).cases() if len(case.view.objects) == 2]
                 for count in (2, 4))
    for one, other in zip(few, many, strict=False):
        assert np.array_equal(one.view.rgb, other.view.rgb)
        assert [heard.kind for heard in one.sounds][:3] == [SOUNDING, SWAPPED, 'elsewhere']
        for first, second in zip(one.sounds, other.sounds, strict=True):
            assert (first.name, first.kind) == (second.name, second.kind)
            assert np.array_equal(first.samples, second.samples)


def test_a_pack_of_two_categories_is_measured_as_far_as_it_goes(pack):
    report = figures(Oracle(), composed(pack_bank(pack, 'val'), 6, seed=1))
    assert set(report['localisation']) == {'1', '2'}
    assert report['localisation']['2']['value'] == 1
    assert report['false_positives']['elsewhere']['n'] == 6  # with two in view there is no other


def part_of_pack(pack, root, split):
    """Copy the rows of a pack that are of a split, and its files."""
    shutil.copytree(pack, root)
    header, *rows = (pack / 'INDEX.csv').read_text().splitlines(keepends=True)
    (root / 'INDEX.csv').write_text(header + ''.join(row for row in rows if f',{split},' in row))
    return root


def test_thresholds_come_from_what_a_pack_sets_aside(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    judged_by = part_of_pack(pack, tmp_path / 'val', 'val')
    assert list(set_aside(pack, 4)) == ['simulated', 'real']
    assert list(set_aside(judged_by, 4)) == list(set_aside(None, 4)) == ['simulated']
    learned_from = part_of_pack(pack, tmp_path / 'train', 'train')
    for photo in learned_from.glob('images/*/*.webp'):
        photo.write_bytes(b'damaged')
    with pytest.raises(InputError, match='cannot be read as an image'):
        set_aside(learned_from, 4)
    with pytest.raises(InputError, match='is no pack'):
        set_aside(tmp_path, 4)


def recorded(videos, moments):
    """Frames of videos with one object each, seen with their own sound and with another video's."""
    rng, sound = np.random.default_rng(3), np.zeros(48_240, np.float32)
    for video in range(videos):
        for _ in range(moments):
            box = (*rng.uniform(0, 0.6, 2), 0.3, 0.4)
            yield Case(View(np.zeros((90, 160, 3), np.uint8), ((str(video), box),)),
                       (Heard(sound, str(video), SOUNDING), Heard(sound, str(video + 1), 'elsewhere')),
                       f'video {video}.mp4')


POOL = (Heard(np.zeros(48_240, np.float32), '0', SOUNDING),)


def test_moments_of_recordings_are_counted_by_recording():
    answers, pictures = examine(Guesser(), CaseSet(lambda: recorded(6, 20), 120, POOL, {}))
    report = measure(answers, HALF)
    assert len(pictures) == 120
    assert report['localisation']['1']['n'] == 120
    assert report['avc']['n'] == 240
    assert report['swap']['both']['value'] is None
    right = measure(examine(Oracle(), CaseSet(lambda: recorded(6, 2), 12, POOL, {}))[0], HALF)
    assert right['localisation']['1']['value'] == right['avc']['value'] == 1


SHARED = ('f_loc', 'f_auc', 'calibration')
"""Figures that true and untrue pairs of one view have a part in."""


def intervals(answers):
    report = measure(answers, HALF)
    figures = [report[name].get('expected_error', report[name]) for name in SHARED]
    return [figure['interval'] for figure in figures]


class Uneven(Oracle):
    """Knows the videos of even numbers alone, and is sure of something else in the others."""

    def compare(self, view, heard):
        (name, _), = view.objects
        return super().compare(view, heard) if int(name) % 2 == 0 else 1 - super().compare(view, heard)


def test_whole_recordings_are_drawn_for_scores_and_for_the_calibration_error():
    answers, _ = examine(Uneven(), CaseSet(lambda: recorded(6, 20), 120, POOL, {}))
    alone = replace(answers, groups=np.full(len(answers), ''))
    for by_recording, by_view in zip(intervals(answers), intervals(alone), strict=True):
        assert np.ptp(by_recording) > 2 * np.ptp(by_view) > 0


def test_whole_views_are_drawn_for_scores_and_for_the_calibration_error(material):
    """Pairs that are there four times tell no more where they are of the same views."""
    answers, _ = examine(Guesser(), material)
    fourfold = joined([answers] * 4)
    same = replace(fourfold, views=np.tile(answers.views, 4))
    once = intervals(answers)
    assert intervals(same) == [pytest.approx(ends, abs=1e-4) for ends in once]
    for four, one in zip(intervals(fourfold), once, strict=True):
        assert 0 < np.ptp(four) < 0.7 * np.ptp(one)


def test_sets_are_joined_with_views_of_their_own(material):
    answers, _ = examine(Oracle(), CaseSet(lambda: recorded(2, 3), 6, material.pool[:1], {}))
    both = joined([answers, answers])
    assert len(both) == 24
    assert len(np.unique(both.views)) == 12


KEYS = {
    '': {'schema', 'threshold', 'thresholds', 'sets', 'bundle'},
    'thresholds': {'shipped', 'avc', 'area', 'fitted_on'},
    'sets.simulated': {'origin', 'pairs', 'localisation', 'swap', 'kept', 'avc', 'curve', 'calibration',
                       'by_category', 'false_positives', 'pia', 'auc_n', 'f_loc', 'f_auc',
                       'at_80'},
    'sets.simulated.at_80': {'threshold', 'false_positives'},
    'sets.simulated.localisation.2': {'value', 'interval', 'n', 'centre', 'blind', 'random', 'overlap',
                                      'ciou', 'auc'},
    'sets.simulated.curve': {'threshold', 'precision', 'recall', 'false_positives'},
    'sets.simulated.calibration': {'expected_error', 'bins'},
    'sets.simulated.origin': {'seed', 'scenes', 'objects', 'sizes', 'categories'},
}


@pytest.fixture(scope='module')
def whole(world, material):
    about = {'schema': 'test', 'bundle': 'oracle'}
    thresholds = fit(Oracle(), 0.5, {'simulated': composed(world, 4, seed=6)})
    return judged(Oracle(), thresholds, {'simulated': material}, about)


@pytest.mark.parametrize('path', KEYS)
def test_the_json_has_the_keys_that_are_documented(whole, path):
    part = json.loads(json.dumps(whole.report, allow_nan=False))
    for name in filter(None, path.split('.')):
        part = part[name]
    assert set(part) == KEYS[path]


def test_the_table_holds_the_main_figures(whole):
    lines = table(whole.report).splitlines()
    assert lines[0] == '|  | simulated |'
    assert any(line.startswith('| peak on what sounds, 3 in view') and '100.0 %' in line for line in lines)
    assert all(line.count('|') == 3 for line in lines)


@pytest.mark.parametrize(('categories', 'scenes'), [(1, 2), (1, 4), (2, 2), (3, 3)])
def test_what_there_is_none_of_has_no_figure(world, categories, scenes):
    names = sorted(world.recordings)[:categories]
    bank = replace(world, recordings={name: world.recordings[name] for name in names}, negatives={})
    about = {'bundle': 'small', 'date': '', 'engine': '', 'machine': '', 'sha256': ''}
    sets = {'simulated': composed(bank, scenes, 3)}
    measured = judged(Guesser(), fit(Guesser(), 0.5, {'simulated': composed(bank, 1, 2)}), sets, about)
    figures = measured.report['sets']['simulated']
    assert ('elsewhere' in figures['false_positives']) == (categories > 1)
    assert figures['avc']['n'] == 2 * scenes * (categories - 1)
    assert table(measured.report)
    assert page(measured.report, measured.answers, measured.pictures)
