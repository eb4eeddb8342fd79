"""Imitation measures directions, and the teacher's cells are where they seem."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.material.banks import pack_bank
from ros2_avloc.learning.material.naming import HEARD_SAMPLES, draw_crop, heard_by_teacher
from ros2_avloc.learning.training.imitation import Projection, following, imitation
from ros2_avloc.learning.training.teachers import Ear, Eye

TEACHERS = Path(__file__).parents[3] / 'shared' / 'teachers'


def test_a_perfect_imitation_costs_nothing_and_an_opposite_one_most():
    torch.manual_seed(0)
    wanted = torch.randn(2, 16, 3, 3)
    assert imitation(wanted, wanted).item() == pytest.approx(0, abs=1e-5)
    assert imitation(-wanted, wanted) > imitation(torch.randn_like(wanted), wanted) > 0.1


def test_names_are_followed_cell_by_cell_and_the_guide_is_left_alone():
    torch.manual_seed(0)
    guide, names = torch.randn(2, 5, 3, 3, requires_grad=True), torch.randn(2, 5, 3, 3, requires_grad=True)
    following(names, guide).backward()
    assert guide.grad is None
    assert names.grad.abs().sum(dim=1).min() > 0
    assert following(guide + 7, guide).item() == pytest.approx(0, abs=1e-6)
    # Two names: the guide is sure of one, the tower of neither.
    sure, unsure = torch.tensor([[[[20.0]], [[0.0]]]]), torch.zeros(1, 2, 1, 1)
    assert following(unsure, sure).item() == pytest.approx(math.log(2), abs=1e-4)


def test_a_projection_keeps_what_varies_most_and_softens_its_order(tmp_path):
    torch.manual_seed(0)
    deviations = torch.tensor([10.0, 4.0, 1.0, 1e-3])
    answers = 5 + deviations[:, None, None] * torch.randn(500, 4, 2, 2)
    projection = Projection.of(answers, kept=3)
    found = projection(answers).movedim(1, -1).reshape(-1, 3)
    assert found.mean(dim=0).abs().max() < 1e-3
    assert float(found.square().mean()) == pytest.approx(1, abs=1e-3)
    ratios = found.std(dim=0) / found.std(dim=0)[-1]
    assert ratios.tolist() == pytest.approx([10 ** 0.5, 2.0, 1.0], rel=0.1)
    projection.save(tmp_path / 'components.npz')
    assert torch.equal(Projection.load(tmp_path / 'components.npz')(answers), projection(answers))


def test_a_damaged_projection_is_said_in_a_sentence(tmp_path):
    (tmp_path / 'components.npz').write_bytes(b'no array')
    with pytest.raises(InputError, match='cannot be read; remove it'):
        Projection.load(tmp_path / 'components.npz')


def test_the_teacher_hears_the_end_of_the_second():
    tone = np.sin(2 * np.pi * 1_000 * np.arange(48_240) / 48_000).astype(np.float32)
    heard = heard_by_teacher(tone)
    assert heard.shape == (HEARD_SAMPLES,)
    peak = int(np.abs(np.fft.rfft(heard.numpy())).argmax()) * 16_000 / HEARD_SAMPLES
    assert peak == pytest.approx(1_000, abs=2)


@pytest.mark.parametrize('teacher', [Eye, Ear])
def test_missing_teachers_are_said_in_a_sentence(teacher, tmp_path):
    with pytest.raises(InputError, match='cannot be read as a teacher'):
        teacher(tmp_path)


@pytest.mark.skipif(not TEACHERS.exists(), reason='the teachers are not here')
def test_cells_of_a_mirrored_crop_are_the_mirrored_cells(pack):
    bank, rng, eye = pack_bank(pack, 'learn'), np.random.default_rng(1), Eye(TEACHERS)
    crops = torch.from_numpy(np.stack([draw_crop(bank, rng)[0].transpose(2, 0, 1) for _ in range(20)]))
    cells, mirrored = eye(crops), eye(crops.flip(-1)).flip(-1)
    assert cells.shape == (20, 1280, 7, 7)
    apart = [float((cells[..., 1:-1] - mirrored[..., 1 + shift:6 + shift]).abs().mean())
             for shift in (-1, 0, 1)]
    assert apart[1] < 0.9 * min(apart[0], apart[2])


@pytest.mark.skipif(not TEACHERS.exists(), reason='the teachers are not here')
def test_the_ear_answers_alike_to_the_same_and_otherwise_to_others():
    heard = torch.rand(3, HEARD_SAMPLES, generator=torch.Generator().manual_seed(0)) - 0.5
    heard[1], heard[2] = heard[0], 0.5 * torch.sin(torch.arange(HEARD_SAMPLES) * 0.2)
    answers = Ear(TEACHERS)(heard)
    assert answers.shape == (3, 1024, 1, 1)
    assert torch.equal(answers[0], answers[1])
    assert torch.cosine_similarity(answers[0], answers[2], dim=0).item() < 0.9
