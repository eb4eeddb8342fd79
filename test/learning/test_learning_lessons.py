"""Towers learn names, and take over what a layer on a teacher's answers knows, but not the other way."""

import re
import time

import numpy as np
import pytest
import torch

from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training.lessons import FOLLOWED, RISING, Lessons, Replays, Teaching
from ros2_avloc.learning.training.loop import Budget, fit

BUDGET = Budget(60, 8, 3e-3)


def learner_of(tower, directory=None, teacher=lambda shown: shown, budget=BUDGET):
    torch.manual_seed(0)
    teaching = None
    if directory is not None:
        teaching = Teaching(teacher, lambda answers: answers, 6, Stream([], 1), Replays(8, 4), directory)
    learner = Lessons(AVOLNet(4, 16), tower, budget, 7, teaching=teaching)
    learner.log_dict = learner.log = lambda *args, **kwargs: None  # there is no trainer to log to
    return learner


def lesson_of(tower):
    rng = np.random.default_rng(0)
    names = torch.arange(8)
    shape, cells = ((8, 3, 112, 112), 7) if tower == 'vision' else ((8, 1, 257, 200), 1)
    things = torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
    answers = torch.randn(8, 6, cells, cells, generator=torch.Generator().manual_seed(1))
    return {'thing': things, 'name': names, 'answer': answers}


@pytest.mark.parametrize('tower', ['vision', 'sound'])
def test_eight_things_are_learned_by_heart(tower, tmp_path):
    learner, lesson = learner_of(tower, tmp_path), lesson_of(tower)
    optimiser, losses = learner.configure_optimizers(), []
    for _ in range(25):
        loss = learner.loss_of(lesson, 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def gradients(learner, step):
    learner.zero_grad()
    learner.loss_of(lesson_of('vision'), step).backward()
    return {name: weight.grad for name, weight in learner.named_parameters() if weight.grad is not None}


def test_following_sets_in_and_moves_the_tower_but_not_its_guide(tmp_path):
    learner = learner_of('vision', tmp_path)
    before, half, full = (gradients(learner, step) for step in (0, RISING // 2, 10 * RISING))
    for name in before:
        if name.startswith(('guide', 'to_answers')):
            torch.testing.assert_close(full[name], before[name])
        elif name.startswith('to_names.1'):
            assert not torch.allclose(full[name], before[name])
            torch.testing.assert_close(2 * (half[name] - before[name]), full[name] - before[name],
                                       rtol=1e-3, atol=1e-5)
    assert FOLLOWED['vision'] > FOLLOWED['sound']


def test_the_guide_learns_from_answers_alone_and_the_rest_of_the_network_rests(tmp_path):
    learner = learner_of('sound', tmp_path)
    learner.loss_of(lesson_of('sound'), RISING).backward()
    learned = {name.split('.')[0] for name, weight in learner.named_parameters() if weight.grad is not None}
    assert learned == {'network', 'to_names', 'to_answers', 'guide'}
    assert all(weight.grad is None for weight in learner.network.vision.parameters())
    assert all(weight.grad is None for weight in learner.network.heads.parameters())


def test_without_a_teacher_things_are_named_alone():
    learner = learner_of('vision')
    assert {name.split('.')[0] for name, _ in learner.named_parameters()} == {'network', 'to_names'}
    assert learner.loss_of(lesson_of('vision'), 0).item() == pytest.approx(np.log(8), abs=1.0)


class Things(torch.utils.data.Dataset):
    """The things of a lesson without end, as crops that are shown to a teacher."""

    def __init__(self):
        self.lesson = lesson_of('vision')

    def __getitem__(self, number):
        thing = self.lesson['thing'][number % 8].mul(40).add(128).clamp(0, 255).to(torch.uint8)
        return {'thing': thing, 'name': self.lesson['name'][number % 8], 'number': number,
                'shown': self.lesson['answer'][number % 8]}


def test_the_time_of_teachers_is_told_apart(tmp_path):
    """A teacher that takes a second for each batch, beside a network that takes less."""
    def slow(shown):
        time.sleep(1.0)
        return shown

    said, learner = [], learner_of('vision', tmp_path / 'pool', slow, Budget(2, 8, 3e-3, workers=0))
    fit(learner, Things(), tmp_path, say=said.append)
    assert learner.taught.seconds >= 2.0
    assert re.search(r'2 steps; of the time .* % in teachers and replays: bounded by the teachers', said[-1])


def test_rates_fall_over_the_second_half_and_weights_decay():
    learner = learner_of('vision')
    assert learner.rate(500, 0.5) == 3e-3
    assert learner.rate(500, 0.75) == pytest.approx(1.5e-3)
    assert [group['weight_decay'] for group in learner.configure_optimizers().param_groups] == [0.03, 0.0]
