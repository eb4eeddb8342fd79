"""What is near is found, in both modalities and across; of neighbours in time the nearest alone."""

from dataclasses import replace

import numpy as np
import pytest

from ros2_avloc.model.manifest import Calibration
from ros2_avloc.retrieval.indexing import index_path, update
from ros2_avloc.retrieval.library import Entry, Identity, Library
from ros2_avloc.retrieval.moments import Moments
from ros2_avloc.retrieval.searching import APART, LOOKS, SOUNDS, Space, search

CALIBRATION = Calibration(0.5, 1.0, slope=-8.0, offset=8.0)
S = 1_000_000_000


@pytest.fixture
def library(folder, embedder):
    return update(folder, index_path(folder), 'one', 1.0, embedder).library


def random_library(rng, recordings=5, moments=40, every=10, length=16):
    entries = []
    for number in range(recordings):
        vectors = rng.standard_normal((2, moments, length)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        vectors[1, rng.random(moments) < 0.3] = np.nan
        times = 7 * S + S * every * np.arange(moments, dtype=np.int64)
        kept = Moments(times, *vectors, np.full(moments, -20, np.float32))
        entries.append(Entry(Identity(str(number), 0, 0), 5 * S, kept))
    return Library('sha', 1.0, tuple(entries))


def test_every_moment_is_its_own_nearest_neighbour(library):
    for which in (LOOKS, SOUNDS):
        space, found = Space(library, which), 0
        for entry in library.entries:
            vectors = entry.moments.seen if which == LOOKS else entry.moments.heard
            for row in np.flatnonzero(np.isfinite(vectors[:, 0])):
                (nearest, place, distance), *_ = space.nearest(vectors[row], 3)
                assert nearest is entry and distance < 1e-3
                # A tone sounds the same all the time; pictures grow brighter.
                assert which == SOUNDS or place == row
                found += 1
        assert len(space) == found


@pytest.mark.parametrize('own', [LOOKS, SOUNDS])
@pytest.mark.parametrize('number', range(3))
def test_the_right_recording_is_found_within_and_across(library, own, number):
    entry = library.entries[number]
    vector = entry.moments.seen[1] if own == LOOKS else entry.moments.heard[1]
    answers = search(library, {own: vector}, (LOOKS, SOUNDS), 3, CALIBRATION)
    assert [answer.across for answer in answers] == [False, True]
    assert [answer.hits[0].entry for answer in answers] == [entry, entry]
    for answer in answers:
        assert len(answer.hits) == 3  # one moment of each, as they last less than APART
        distances = [hit.distance for hit in answer.hits]
        assert distances == sorted(distances) and distances[1] > distances[0] + 0.5
    assert [hit.probability for hit in answers[0].hits] == [None] * 3
    across = answers[1].hits
    expected = [1 / (1 + np.exp(8 * hit.distance - 8)) for hit in across]
    assert [hit.probability for hit in across] == pytest.approx(expected, rel=1e-4)
    assert across[0].probability > 0.5 > across[1].probability


def test_what_is_asked_and_what_is_wanted_make_the_titles(library):
    moments = library.entries[0].moments
    query = {LOOKS: moments.seen[1], SOUNDS: moments.heard[1]}
    titles = [answer.title for answer in search(library, query, (LOOKS, SOUNDS), 1, CALIBRATION)]
    assert titles == ['looks like it', 'sounds like it',
                      'sounds like what is seen', 'looks like what is heard']
    titles = [answer.title for answer in search(library, query, (SOUNDS,), 1, CALIBRATION)]
    assert titles == ['sounds like it', 'sounds like what is seen']


@pytest.mark.parametrize('which', [LOOKS, SOUNDS])
def test_distances_are_those_of_numpy(which):
    rng = np.random.default_rng(0)
    library = random_library(rng)
    name = 'seen' if which == LOOKS else 'heard'
    rows = np.concatenate([getattr(entry.moments, name) for entry in library.entries])
    vector = rng.standard_normal(16).astype(np.float32)
    vector /= np.linalg.norm(vector)
    found = Space(library, which).nearest(vector, 500)
    distances = np.sort(np.linalg.norm(rows[np.isfinite(rows[:, 0])] - vector, axis=1))
    assert [distance for *_, distance in found] == pytest.approx(distances, abs=1e-5)
    for entry, row, distance in found[:20]:
        own = entry.moments.seen[row] if which == LOOKS else entry.moments.heard[row]
        assert np.linalg.norm(own - vector) == pytest.approx(distance, abs=1e-5)


def test_silent_moments_are_not_found():
    library = random_library(np.random.default_rng(1))
    heard = sum(int(np.isfinite(entry.moments.heard[:, 0]).sum()) for entry in library.entries)
    space = Space(library, SOUNDS)
    assert len(space) == heard < len(library)
    assert len(space.nearest(np.ones(16, np.float32) / 4, 500)) == heard
    mute = Library('sha', 1.0, tuple(
        replace(entry, moments=replace(entry.moments, heard=np.full_like(entry.moments.heard, np.nan)))
        for entry in library.entries))
    answer, = search(mute, {SOUNDS: np.ones(16, np.float32) / 4}, (SOUNDS,), 5, CALIBRATION)
    assert (answer.hits, answer.searched) == ((), 0)


def test_neighbours_in_time_are_one_hit():
    library = random_library(np.random.default_rng(2), recordings=2, moments=60, every=1)
    vector = library.entries[1].moments.seen[30]
    found = Space(library, LOOKS).nearest(vector, 8)
    assert found[0][:2] == (library.entries[1], 30) and found[0][2] == 0
    assert len(found) == 8
    for entry in library.entries:
        times = np.sort([other.moments.times[row] for other, row, _ in found if other is entry])
        assert (np.diff(times) >= APART * S).all()
    everything = Space(library, LOOKS).nearest(vector, 1_000)
    for entry in library.entries:
        times = np.array([other.moments.times[row] for other, row, _ in everything if other is entry])
        # Nothing could be added: each moment lies close to one that was taken.
        assert (np.abs(entry.moments.times[:, None] - times).min(axis=1) < APART * S).all()


def test_times_count_from_the_beginning(library):
    answer, = search(library, {LOOKS: library.entries[0].moments.seen[1]}, (LOOKS,), 1, CALIBRATION)
    hit, = answer.hits
    assert hit.stamp == hit.entry.moments.times[1]
    assert hit.time == pytest.approx((hit.stamp - hit.entry.begin) / S)
