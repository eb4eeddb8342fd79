"""Item k is the same whoever makes it, and whenever."""

import itertools

import torch

from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import CloseUps, Scenes
from ros2_avloc.learning.material.streams import Batches, Stream, loader_of, numbers_at


def stream_of(world):
    return Stream([(Scenes(world, Mixture()), 2.0), (Scenes(world, Mixture(negatives=1.0)), 1.0)], seed=3)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_an_item_depends_on_its_number_alone(world):
    one, other = stream_of(world), stream_of(world)
    later = [one[number] for number in (5, 2, 9)]
    assert all(equal(item, other[number]) for item, number in zip(later, (5, 2, 9), strict=True))
    assert not equal(one[5], one[6])


def test_the_number_of_workers_does_not_change_the_data(world):
    runs = [list(itertools.islice(loader_of(stream_of(world), Batches(3), workers), 4))
            for workers in (0, 1, 2)]
    assert all(equal(one, other) for one, other in zip(runs[0], runs[1], strict=True))
    assert all(equal(one, other) for one, other in zip(runs[0], runs[2], strict=True))


def test_a_run_that_goes_on_sees_what_it_would_have_seen(world):
    whole = list(itertools.islice(loader_of(stream_of(world), Batches(2), 0), 5))
    rest = list(itertools.islice(loader_of(stream_of(world), Batches(2, start=3), 0), 2))
    assert all(equal(one, other) for one, other in zip(whole[3:], rest, strict=True))


def test_processes_share_each_step_in_order():
    together = [number for rank in range(3) for number in numbers_at(7, 4, rank, 3)]
    assert together == list(numbers_at(7, 12))


def test_sources_have_their_shares():
    class Constant:
        def __init__(self, value):
            self.value = value

        def item(self, number, rng):
            return {'value': torch.tensor(self.value)}

    drawn = Stream([(Constant(0.0), 1 / 3), (Constant(1.0), 2 / 3)], seed=1)
    share = torch.stack([drawn[number]['value'] for number in range(600)]).mean()
    assert 0.6 < float(share) < 0.73


def test_close_ups_are_small_and_some_have_no_sound_of_theirs(world):
    drawn = Stream([(CloseUps(world), 1.0)], seed=2)
    items = [drawn[number] for number in range(60)]
    assert {tuple(item['image'].shape) for item in items} == {(3, 112, 112)}
    assert [int(item['identity']) for item in items] == list(range(60))
    nobody = sum(int(item['sound_identity']) == -1 for item in items)
    assert 1 <= nobody <= 20
    assert all('seen' not in item for item in items)
