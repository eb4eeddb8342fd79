"""Moments are those that were drawn, and nothing but what is seen and heard tells pairs apart."""

import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import torch

from ros2_avloc.audio.sound import SOUND_SAMPLES, Sound
from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.drawing import VISITS
from ros2_avloc.learning.material.mixing import Material
from ros2_avloc.learning.material.moments import Moments, read_recordings
from ros2_avloc.learning.material.variation import Variation
from ros2_avloc.learning.training.losses import Relations
from ros2_avloc.recordings.recording import SECOND
from ros2_avloc.recordings.video_file import VideoFile
from ros2_avloc.vision.frame import Frame

BEGIN = 10 * SECOND


@dataclass
class Made:
    """A recording made on the spot: its frames and its sound tell which it is, and their own time."""

    number: int
    stamps: np.ndarray
    length: int
    path: Path = Path('made')
    begin: int = BEGIN

    def frames(self, indices):
        for index in indices:
            rgb = np.full((48, 64, 3), self.number % 256, np.uint8)
            yield Frame(rgb, int(self.stamps[index]), '')

    def audible(self, untils):
        since = untils - self.stamps[0]
        return (since >= 1_005_000_000) & (since <= self.length)

    def sounds(self, untils):
        for until in untils:
            end = (int(until) - BEGIN) * 48 // 1_000_000 // 240 * 240
            value = np.float32((self.number + 1) / 1_000)
            yield Sound(np.full(SOUND_SAMPLES, value, np.float32), end, 0)


def made(count=40, seconds=10.0, rate=25.0, seed=0):
    """Recordings that begin at any phase of their own frames; `seconds` may be a range."""
    rng, recordings = np.random.default_rng(seed), []
    for number in range(count):
        length = rng.uniform(*seconds) if isinstance(seconds, tuple) else seconds
        first = rng.integers(SECOND)
        stamps = BEGIN + first + np.arange(int(length * rate)) * int(SECOND / rate)
        recordings.append(Made(number, stamps, round(length * SECOND)))
    return recordings


def test_an_item_is_what_networks_take():
    moments = Moments(made(6), seed=1, group=4)
    item = moments.item(5, np.random.default_rng(0))
    assert item['image'].shape == (3, 224, 224)
    assert item['image'].dtype == torch.uint8
    assert item['spectrogram'].shape == (1, 257, 200)
    assert item['identity'].dtype == torch.int64


def test_items_depend_on_seed_and_number_alone():
    one, other = (Moments(made(12), seed=7, group=8) for _ in range(2))
    numbers = [3, 200, 77, 3, 64]
    backwards = {number: other.item(number, np.random.default_rng(1)) for number in reversed(numbers)}
    for number in numbers:
        item = one.item(number, np.random.default_rng(2))
        assert all(torch.equal(item[key], backwards[number][key]) for key in item)
    different = Moments(made(12), seed=8, group=8)
    assert any(different.draw(number) != one.draw(number) for number in numbers)


@pytest.mark.parametrize('stride', [1, 2, 3])
def test_each_worker_decodes_what_it_is_asked_for_alone(stride):
    counted = []

    class Counted(Made):
        def frames(self, indices):
            indices = list(indices)
            counted.append(len(indices))
            return super().frames(indices)

    moments = Moments([Counted(**vars(one)) for one in made(4)], seed=0, group=4)
    for group in range(0, 6 * VISITS, stride):
        for number in range(4 * group, 4 * group + 4):
            moments.sample(number)
    asked = 4 * len(range(0, 6 * VISITS, stride))
    assert sum(counted) <= asked
    assert len(counted) <= asked / (VISITS // stride) + 8


def test_frame_and_sound_of_a_moment_are_of_one_recording():
    moments = Moments(made(12), seed=3, group=8)
    for number in range(0, 200, 7):
        sample, variation = moments.sample(number), moments.vary(number)
        loudness = variation.loudness * (sample.identity + 1) / 1_000
        assert sample.samples[0] == pytest.approx(loudness, rel=1e-5)
        assert sample.identity == moments.draw(number).recording


def test_groups_are_of_different_recordings_and_all_are_drawn_equally_often():
    moments = Moments(made(30), seed=5, group=16)
    drawn = np.array([moments.draw(number).recording for number in range(16 * VISITS * 60)])
    assert all(len(set(group)) == 16 for group in drawn.reshape(-1, 16))
    # A round is the unit that is drawn: its groups are of the same recordings.
    rounds = drawn.reshape(-1, VISITS, 16)[:, 0].ravel()
    assert scipy.stats.chisquare(np.bincount(rounds, minlength=30)).pvalue > 1e-3


def test_sound_and_frame_differ_by_a_second_at_most_and_often():
    moments = Moments(made(), seed=2, group=8)
    offsets = np.diff([moments.times(moments.draw(number)) for number in range(3_000)], axis=1).ravel()
    assert np.abs(offsets).max() <= SECOND
    # Near the ends of a recording there is less to choose from.
    assert 0.4 < np.mean(np.abs(offsets) > SECOND // 2) < 0.55
    assert abs(offsets.mean()) < SECOND // 20


def test_recordings_without_sound_around_a_frame_are_left_out():
    moments = Moments([*made(3), *made(2, seconds=0.9)], seed=0)
    assert len(moments.recordings) == 3
    with pytest.raises(InputError, match='None of the recordings'):
        Moments(made(2, seconds=0.9), seed=0)


class Damaged(Made):
    def frames(self, indices):
        raise InputError('here is nothing')
        yield


def test_a_damaged_recording_is_passed_over():
    recordings = made(6)
    recordings[2] = Damaged(**vars(recordings[2]))
    moments = Moments(recordings, seed=1, group=6)
    with pytest.warns(UserWarning, match='here is nothing'):
        identities = {moments.sample(number).identity for number in range(6 * VISITS)}
    assert identities == {0, 1, 3, 4, 5}
    with pytest.raises(InputError), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        Moments([Damaged(**vars(one)) for one in recordings], seed=1).sample(0)


# What a pair's metadata tell.

PAIRS = 4_000


def metadata(seen, heard):
    """Everything that was drawn for a pair; each of `seen` and `heard` has time, place and variation."""
    period = 0.04
    phases = [2 * np.pi * (side['time'] - side['first']) / period for side in (seen, heard)]
    places = seen['place'], heard['place']
    variation = [value for side in (seen, heard) for value in side['variation']]
    offset = abs(places[0] - places[1])
    return [*np.sin(phases), *np.cos(phases), *places, offset, abs(seen['index'] - heard['index']),
            seen['index'], heard['index'], seen['index'] % 12, heard['index'] % 12, *variation]


def side_of(moments, number, which):
    moment = moments.draw(number)
    usable = moments.usable[moment.recording]
    index = getattr(moment, which)
    variation = moments.vary(number)
    drawn = ([variation.loudness] if which == 'heard' else
             [value for name, value in vars(variation).items() if name != 'loudness'])
    return {'time': usable[index] / SECOND, 'first': usable[0] / SECOND, 'index': index,
            'place': (usable[index] - usable[0]) / (usable[-1] - usable[0]), 'variation': drawn}


def halves(recordings, groups):
    return Relations.halves(recordings)


def apart(recordings, groups):
    return Relations.apart(recordings, groups=groups)


def apart_in_all_groups(recordings, groups):
    return Relations.apart(recordings)


def partners_of(moments, batch, related, earlier, rng):
    """Yield pairs, picture and sound, of steps: as many that correspond as differ.

    A step is a batch with as many `earlier` ones as heads alone learn from again.
    """
    for place in range(PAIRS // batch):
        steps = np.array([place, *rng.integers(0, place + 1, earlier)])
        numbers = (steps[:, None] * batch + np.arange(batch)).ravel()
        recordings = torch.tensor([moments.draw(number).recording for number in numbers.tolist()])
        relations = related(recordings, torch.from_numpy(numbers // batch))
        right, wrong = relations.corresponds.nonzero(), relations.differs.nonzero()
        kept = min(len(right), len(wrong), batch // 2)
        for pairs in (right, wrong):
            yield from numbers[rng.permutation(pairs.numpy())[:kept]].tolist()


def pairs_of(recordings, naive='', batch=16, related=halves, earlier=0):
    """Return metadata and kind of pairs, drawn as they are, or with a mistake."""
    moments, rng = Moments(recordings, seed=4, group=batch), np.random.default_rng(9)
    features, kinds = [], []
    for number, partner in partners_of(moments, batch, related, earlier, rng):
        seen, heard = side_of(moments, number, 'seen'), side_of(moments, partner, 'heard')
        if naive == 'aligned' and partner == number:
            heard |= {name: seen[name] for name in ('time', 'place', 'index')}
        elif naive == 'off the grid' and partner != number:
            heard['time'] += rng.uniform(0, 0.04)
        elif naive == 'anywhere' and partner != number:
            place = rng.random()
            heard |= {'place': place, 'index': int(place * 250)}
        elif naive == 'varied twice' and partner != number:
            heard['variation'] = [heard['variation'][0] * rng.uniform(0.9, 1.1)]
        features.append(metadata(seen, heard))
        kinds.append(partner == number)
    return np.array(features, float), np.array(kinds)


def judged(features, kinds):
    """Return how many of the second half a logistic regression on products of features gets right."""
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    first, second = np.triu_indices(features.shape[1])
    inputs = np.column_stack([np.ones(len(features)), features, features[:, first] * features[:, second]])
    half = len(kinds) // 2
    signs = np.where(kinds, 1.0, -1.0)

    def loss(weights):
        margins = signs[:half] * (inputs[:half] @ weights)
        gradient = inputs[:half].T @ (-signs[:half] * scipy.special.expit(-margins)) / half
        return np.logaddexp(0, -margins).mean() + 5e-3 * weights @ weights, gradient + 1e-2 * weights

    weights = scipy.optimize.minimize(loss, np.zeros(inputs.shape[1]), jac=True, method='L-BFGS-B',
                                      options={'maxiter': 60}).x
    return int(((inputs[half:] @ weights > 0) == kinds[half:]).sum()), len(kinds) - half


def at_chance(features, kinds):
    """Whether the share of right guesses lies in the 99.8 % interval of tossing a coin."""
    right, asked = judged(features, kinds)
    low, high = scipy.stats.binom.interval(0.998, asked, 0.5)
    return low <= right <= high


@pytest.mark.parametrize(('related', 'earlier'), [(halves, 0), (apart, 0), (apart, 3)])
@pytest.mark.parametrize(('count', 'batch'), [(40, 16), (20, 64)])
def test_metadata_do_not_tell_pairs_apart(count, batch, related, earlier):
    features, kinds = pairs_of(made(count), batch=batch, related=related, earlier=earlier)
    assert kinds.mean() == 0.5
    assert len(kinds) > 0.9 * PAIRS
    assert at_chance(features, kinds)


def test_a_batch_is_at_one_place_though_recordings_are_fewer():
    moments = Moments(made(20), seed=5, group=64)
    for batch in range(0, 64 * VISITS * 4, 64):
        drawn = [moments.draw(number) for number in range(batch, batch + 64)]
        assert set(np.bincount([moment.recording for moment in drawn], minlength=20)) == {3, 4}
        assert np.ptp([moment.seen for moment in drawn]) <= 1


def test_nor_where_recordings_differ_in_length():
    features, kinds = pairs_of(made(seconds=(5.0, 60.0)))
    # How many frames a recording has tells which one it is; shares of its length do not.
    by_place = np.delete(features, [7, 8, 9, 10, 11], axis=1)
    assert at_chance(by_place, kinds)


@pytest.mark.parametrize('mistake', ['aligned', 'off the grid', 'anywhere', 'varied twice'])
def test_the_metadata_of_naive_samplers_do(mistake):
    assert not at_chance(*pairs_of(made(), mistake))


def test_the_metadata_of_pairs_across_groups_do():
    assert not at_chance(*pairs_of(made(), related=apart_in_all_groups, earlier=3))


# Real files.


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Three clips whose frames have the brightness, and whose sound has the pitch, of their number."""
    root = tmp_path_factory.mktemp('clips')
    for number in range(3):
        path = root / f'{number}' / 'clip.mp4'
        path.parent.mkdir()
        with av.open(str(path), 'w') as container:
            pictures = container.add_stream('libx264', rate=25)
            pictures.width, pictures.height, pictures.pix_fmt, pictures.gop_size = 96, 64, 'yuv420p', 12
            heard = container.add_stream('aac', rate=48_000, layout='mono')
            for index in range(75):
                rgb = np.full((64, 96, 3), 60 + 60 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(rgb, format='rgb24')
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
            tone = 0.3 * np.sin(2 * np.pi * 1_000 * (number + 1) * np.arange(144_000) / 48_000)
            for begin in range(0, len(tone) - 1024, 1024):
                cut = tone[None, begin:begin + 1024].astype(np.float32)
                frame = av.AudioFrame.from_ndarray(cut, 'fltp', 'mono')
                frame.rate, frame.pts = 48_000, begin
                container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    (root / 'damaged.mp4').write_text('nothing')
    return root


def test_moments_of_files_are_what_they_say(folder):
    with pytest.warns(UserWarning, match='damaged.mp4'):
        recordings = read_recordings(folder)
    assert [type(recording) for recording in recordings] == [VideoFile] * 3
    moments = Moments(recordings, seed=0, group=2)
    for number in range(40):
        item = moments.item(number, np.random.default_rng(0))
        grey = item['image'].float().mean() / moments.vary(number).brightness
        assert round(float(grey - 60) / 60) == item['identity']
        loudest = int(item['spectrogram'][0].mean(dim=1).argmax())
        assert round(loudest * 48_000 / 512 / 1_000) - 1 == item['identity']


def test_one_recording_makes_no_pairs(folder):
    with pytest.raises(InputError, match='at least two recordings'):
        Material.read(None, [folder / '0'], 0.0, 1, 4)


def test_a_folder_of_damaged_files_says_so(tmp_path):
    (tmp_path / 'damaged.mp4').write_text('nothing')
    with pytest.raises(InputError, match='damaged.mp4'), pytest.warns(UserWarning):
        read_recordings(tmp_path)


# Variation.


def test_without_variation_a_frame_is_stretched_alone():
    rgb = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    np.testing.assert_array_equal(Variation().picture(rgb), rgb)
    np.testing.assert_array_equal(Variation(mirrored=True).picture(rgb), rgb[:, ::-1])
    samples = np.linspace(-1, 1, 9, dtype=np.float32)
    np.testing.assert_array_equal(Variation(loudness=1.1).sound(samples), np.clip(1.1 * samples, -1, 1))


def test_variation_keeps_what_it_says():
    rgb = np.zeros((90, 160, 3), np.uint8)
    rgb[45:, 80:] = (200, 100, 30)
    corner = Variation(left=0.5, top=0.5, width=0.5, height=0.5).picture(rgb)
    np.testing.assert_array_equal(corner, np.full((224, 224, 3), (200, 100, 30)))
    grey = Variation(left=0.5, top=0.5, width=0.5, height=0.5, saturation=0.0, brightness=0.5).picture(rgb)
    assert np.ptp(grey) == 0
    assert grey[0, 0, 0] == 55
    bgr = np.ascontiguousarray(rgb[..., ::-1])[..., ::-1]
    np.testing.assert_array_equal(Variation().picture(bgr), Variation().picture(rgb))


def test_variations_stay_within_the_frame_and_their_ranges():
    rng = np.random.default_rng(0)
    drawn = [Variation.draw(rng) for _ in range(500)]
    for one in drawn:
        assert 0 <= one.left <= one.left + one.width <= 1 + 1e-9
        assert 0 <= one.top <= one.top + one.height <= 1 + 1e-9
        assert 0.9 <= one.loudness <= 1.1
    assert 0.4 < np.mean([one.mirrored for one in drawn]) < 0.6
    assert cv2.countNonZero(drawn[0].picture(np.full((5, 3, 3), 200, np.uint8))[..., 0]) == 224 * 224
