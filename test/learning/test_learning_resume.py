"""A run that was interrupted gives, to the last bit, what it would have given without."""

import signal

import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import categories
from ros2_avloc.learning.material.naming import Crops
from ros2_avloc.learning.material.scenes import Mixture
from ros2_avloc.learning.material.sources import CloseUps, Scenes
from ros2_avloc.learning.material.streams import Stream
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training.correspondence import Correspondence
from ros2_avloc.learning.training.heads import HeadsAlone
from ros2_avloc.learning.training.lessons import Lessons, Teaching
from ros2_avloc.learning.training.loop import Budget, StoppedError, fit
from ros2_avloc.learning.training.replay import Replays

STEPS = 5


def corners(shown):
    """Answer to crops with the mean colour of each cell of 7×7."""
    return torch.nn.functional.adaptive_avg_pool2d(shown.float() / 255, 7)


def matching(world, directory):
    stream = Stream([(CloseUps(world), 1.0)], seed=2)
    return Correspondence(AVOLNet(4, 16), Budget(STEPS, 4, 3e-3, workers=1)), stream


def lessons(world, directory):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(Crops(world, numbers), 1.0)], seed=2)
    replays = Replays(kept=8, drawn=6)
    teaching = Teaching(corners, lambda answers: answers, 3, stream, replays, directory / 'pool')
    budget = Budget(STEPS, 4, 3e-3, workers=0)
    return Lessons(AVOLNet(4, 16), 'vision', budget, len(numbers), teaching=teaching, seed=3), stream


def interrupted(learner, step):
    """Press Ctrl-C in a step."""
    learn = learner.training_step

    def training_step(batch):
        if learner.global_step == step:
            signal.raise_signal(signal.SIGINT)
        return learn(batch)

    learner.training_step = training_step
    return learner


def run(make, world, directory, **options):
    torch.manual_seed(0)
    learner, stream = make(world, directory)
    if 'stop' in options:
        with pytest.raises(StoppedError, match='--resume goes on'):
            fit(interrupted(learner, options['stop']), stream, directory)
        return None
    fit(learner, stream, directory, resume=options.get('resume', False))
    return torch.load(directory / 'last.ckpt', weights_only=True)


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def heads(world, directory):
    numbers = {name: number for number, name in enumerate(categories([world]))}
    stream = Stream([(Scenes(world, Mixture(), numbers=numbers), 1.0)], seed=2)
    learner = HeadsAlone(AVOLNet(4, 16), Budget(STEPS, 4, 3e-3, workers=0), stream, directory / 'pool',
                         seed=3, told=True)
    return learner, stream


@pytest.mark.parametrize('make', [matching, lessons, heads])
def test_interrupted_and_resumed_equals_uninterrupted(make, world, tmp_path):
    whole = run(make, world, tmp_path / 'whole')
    run(make, world, tmp_path / 'parts', stop=2)
    parts = run(make, world, tmp_path / 'parts', resume=True)
    assert whole['global_step'] == parts['global_step'] == STEPS
    for key in ('state_dict', 'current_model_state', 'optimizer_states', 'averaging_state'):
        assert same(whole[key], parts[key]), key


def test_what_the_files_of_replays_have_lost_is_made_again(world, tmp_path):
    whole = run(lessons, world, tmp_path / 'whole')
    run(lessons, world, tmp_path / 'parts', stop=2)
    for path in (tmp_path / 'parts' / 'pool').iterdir():
        path.unlink()
    assert same(whole['state_dict'], run(lessons, world, tmp_path / 'parts', resume=True)['state_dict'])


def test_a_stage_that_is_done_is_loaded(world, tmp_path):
    done = run(matching, world, tmp_path)
    torch.manual_seed(1)
    learner, stream = matching(world, tmp_path)
    fit(learner, stream, tmp_path, resume=True)
    assert same(learner.state_dict(), done['state_dict'])


def test_a_loss_that_is_no_number_is_said_in_a_sentence(world, tmp_path):
    learner, stream = matching(world, tmp_path)
    learner.network.heads.bias.data.fill_(float('nan'))
    with pytest.raises(InputError, match='no longer a number at step 1 .*lower --rate'):
        fit(learner, stream, tmp_path)
    assert not (tmp_path / 'last.ckpt').exists()
