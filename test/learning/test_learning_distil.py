"""Imitation measures directions, replay keeps pairs, and the teacher's cells are where they seem."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.banks import pack_bank
from ros2_avloc.learning.checks import scenes_of
from ros2_avloc.learning.distil import Replay, imitation
from ros2_avloc.learning.scenes import Mixture
from ros2_avloc.learning.teachers import HEARD_SAMPLES, Teachers, heard_by_teacher

TEACHERS = Path(__file__).parents[3] / 'shared' / 'teachers'


def test_a_perfect_imitation_costs_nothing_and_an_opposite_one_most():
    wanted = torch.randn(2, 16, 3, 3)
    perfect = 4 * wanted / wanted.norm(dim=1, keepdim=True)
    assert imitation(perfect, 7 * wanted).item() == pytest.approx(0, abs=1e-5)
    assert imitation(-perfect, wanted) > imitation(torch.randn_like(wanted), wanted) > 0.1


def test_replay_keeps_images_with_their_answers():
    replay, numbers = Replay(), torch.arange(10)
    replay.extend(numbers[:6], 2 * numbers[:6])
    replay.extend(numbers[6:], 2 * numbers[6:])
    images, answers = replay.draw(200)
    assert torch.equal(answers, 2 * images)
    assert set(images.tolist()) == set(range(10))


def test_the_teacher_hears_the_end_of_the_second():
    tone = np.sin(2 * np.pi * 1_000 * np.arange(48_240) / 48_000).astype(np.float32)
    heard = heard_by_teacher(tone)
    assert heard.shape == (HEARD_SAMPLES,)
    peak = int(np.abs(np.fft.rfft(heard.numpy())).argmax()) * 16_000 / HEARD_SAMPLES
    assert peak == pytest.approx(1_000, abs=2)


def test_missing_teachers_are_said_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match='cannot be read as a teacher'):
        Teachers(tmp_path, 1)


@pytest.mark.skipif(not TEACHERS.exists(), reason='the teachers are not here')
def test_cells_of_a_mirrored_picture_are_the_mirrored_cells(pack):
    teachers = Teachers(TEACHERS, 8)
    scenes = scenes_of(pack_bank(pack, 'learn'), Mixture(most=2), 8, seed=1)
    images = torch.stack([torch.from_numpy(scene.picture.rgb.transpose(2, 0, 1).copy()) for scene in scenes])
    cells, mirrored = teachers.cells(images).float(), teachers.cells(images.flip(-1)).float().flip(-1)
    apart = [float((cells[..., 2:-2] - mirrored[..., 2 + shift:12 + shift]).abs().mean())
             for shift in (-1, 0, 1)]
    assert apart[1] < 0.9 * min(apart[0], apart[2])
