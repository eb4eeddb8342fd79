"""Imitation measures directions, and the teacher's cells are where they seem."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ros2_avloc.errors import InputError
from ros2_avloc.learning.banks import pack_bank
from ros2_avloc.learning.imitation import Projection, imitation, plain
from ros2_avloc.learning.naming import draw_crop
from ros2_avloc.learning.teachers import HEARD_SAMPLES, Ear, Eye, heard_by_teacher

TEACHERS = Path(__file__).parents[3] / 'shared' / 'teachers'


def test_a_perfect_imitation_costs_nothing_and_an_opposite_one_most():
    wanted = plain(torch.nn.functional.normalize(torch.randn(2, 16, 3, 3), dim=1))
    assert float(wanted.square().mean()) == pytest.approx(1)
    assert imitation(wanted, wanted).item() == pytest.approx(0, abs=1e-5)
    assert imitation(-wanted, wanted) > imitation(torch.randn_like(wanted), wanted) > 0.1


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
def test_the_ear_answers_with_vectors_of_length_one():
    answers = Ear(TEACHERS)(torch.rand(2, HEARD_SAMPLES) - 0.5)
    assert answers.shape == (2, 1024, 1, 1)
    assert answers.norm(dim=1).flatten().tolist() == pytest.approx([1, 1], abs=1e-5)
