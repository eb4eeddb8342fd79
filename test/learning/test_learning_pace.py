"""What bounds a run is what takes most of its time: network, data, or teachers and replays."""

import pytest

from ros2_avloc.learning.training import pace
from ros2_avloc.learning.training.loop import Budget
from ros2_avloc.learning.training.pace import Pace, Share, Stopwatch, Waiting


class Trainer:
    """As far into a run as a callback asks for."""

    def __init__(self):
        self.global_step, self.optimizers, self.param_groups = 0, [self], []


class Learner:
    """Takes its time with a step, some of it with a teacher."""

    def __init__(self, clock):
        self.clock, self.taught = clock, Stopwatch()

    def rate(self, step, share):
        return 1e-3

    def log(self, name, value):
        pass

    def step(self, network, teacher):
        self.clock.append(network)
        with self.taught:
            self.clock.append(teacher)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by what is appended to it."""
    passed = []
    monkeypatch.setattr(pace.time, 'monotonic', lambda: sum(passed))
    return passed


def batches(clock, seconds):
    while True:
        clock.append(seconds)
        yield None


@pytest.mark.parametrize(('data', 'network', 'teacher', 'said'), [
    (1, 3, 0, 'of the time 75 % in the network, 25 % waiting for data: bounded by the network.'),
    (3, 1, 0, '25 % in the network, 75 % waiting for data: bounded by the data; more --workers may help.'),
    (1, 1, 2, '25 % in the network, 25 % waiting for data, 50 % in teachers and replays: '
              'bounded by the teachers and replays.'),
    (1, 6, 3, '60 % in the network, 10 % waiting for data, 30 % in teachers and replays: '
              'bounded by the network.')])
def test_a_run_is_bounded_by_what_takes_longest(data, network, teacher, said, clock):
    learner, trainer, waiting = Learner(clock), Trainer(), Waiting(batches(clock, data))
    measured = Pace(Share(Budget(4, 1, 1e-3)), waiting, learner.taught)
    measured.on_train_start(trainer, learner)
    for _, batch in zip(range(4), waiting, strict=False):
        measured.on_train_batch_start(trainer, learner, batch, 0)
        learner.step(network, teacher)
        trainer.global_step += 1
        measured.on_train_batch_end(trainer, learner, None, batch, 0)
    sentence = measured.bounded_by('pictures', trainer.global_step)
    assert sentence.startswith('pictures: 4 steps; of the time ')
    assert sentence.endswith(said)
