"""Losses of batches that are small enough to know the answer."""

import math

import pytest
import torch

from ros2_avloc.learning.material.streams import ANY_GROUP, APART, NOBODY
from ros2_avloc.learning.training.losses import Relations, contrastive, decided, logistic

# Scene 0 shows 0 and 1 and sounds like 0; scene 1 shows 1 and sounds so; scene 2 shows 2, with silence.
SEEN = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.bool)
HEARD = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=torch.bool)


def test_relations_leave_out_what_is_not_known():
    relations = Relations.of(SEEN, HEARD)
    assert relations.corresponds.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert relations.differs.tolist() == [[0, 0, 1], [1, 0, 1], [1, 1, 1]]


def test_one_means_corresponds():
    relations = Relations.of(SEEN, HEARD)
    best = torch.zeros(3, 3, requires_grad=True)
    (logistic(best, relations) + contrastive(best, relations)).backward()
    assert (best.grad[relations.corresponds] < 0).all()
    assert (best.grad[relations.differs] > 0)[:2].all()
    assert best.grad[0, 1] == 0


def test_logistic_loss_of_an_undecided_network_is_log_2():
    assert logistic(torch.zeros(3, 3), Relations.of(SEEN, HEARD)).item() == pytest.approx(math.log(2))


def test_contrastive_loss_of_an_undecided_network_is_the_log_of_the_choices():
    # Rows 0 and 1 choose among 2 and 3 sounds, columns 0 and 1 among 3 and 2 pictures.
    expected = (math.log(2) + math.log(3)) / 2
    assert contrastive(torch.zeros(3, 3), Relations.of(SEEN, HEARD)).item() == pytest.approx(expected)


def test_deciding_weighs_all_that_differs_at_once():
    # Rows 0, 1, 2 differ from 1, 2 and 3 sounds, columns 0, 1, 2 from 2, 1 and 3 pictures.
    expected = (math.log(2) + math.log(3) + math.log(4)) / 3 / 2 + math.log(2)
    relations = Relations.of(SEEN, HEARD)
    assert decided(torch.zeros(3, 3), relations).item() == pytest.approx(expected)
    best = torch.zeros(3, 3, requires_grad=True)
    with torch.no_grad():
        best[2, 0] = 5.0
    decided(best, relations).backward()
    assert best.grad[2, 0] > 3 * best.grad[2, 1] > 0


def test_all_losses_vanish_when_all_is_right():
    relations = Relations.of(SEEN, HEARD)
    best = torch.where(relations.corresponds, 40.0, -40.0)
    assert logistic(best, relations).item() == pytest.approx(0, abs=1e-6)
    assert contrastive(best, relations).item() == pytest.approx(0, abs=1e-6)
    assert decided(best, relations).item() == pytest.approx(0, abs=1e-6)


def test_a_batch_of_silence_has_no_contrast():
    relations = Relations.of(SEEN, torch.zeros_like(HEARD))
    assert contrastive(torch.randn(3, 3), relations).item() == 0
    assert torch.isfinite(logistic(torch.randn(3, 3), relations))


def test_without_labels_recordings_tell_pairs_apart():
    relations = Relations.apart(torch.tensor([4, 4, 7]), torch.tensor([4, 4, -1]))
    assert relations.corresponds.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert relations.differs.tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 1]]


def test_without_labels_no_category_hides_a_false_negative():
    relations = Relations.apart(torch.arange(5))
    assert (relations.corresponds ^ relations.differs).all()


def test_the_papers_pairs_use_each_picture_and_each_sound_once():
    relations = Relations.halves(torch.arange(9))
    made = relations.corresponds | relations.differs
    assert made.sum(dim=0).tolist() == made.sum(dim=1).tolist() == [1] * 9
    assert relations.corresponds.diagonal().tolist() == [True] * 4 + [False] * 5
    assert not relations.differs.diagonal().any()


def test_sounds_are_exchanged_within_a_source():
    pictures = torch.tensor([0, 1, 2, 3, APART + 4, 5, APART + 6, 7])
    relations = Relations.halves(pictures)
    rows, columns = relations.differs.nonzero().T
    assert torch.equal(pictures[rows] // APART, pictures[columns] // APART)
    assert len(rows) == 2


def test_without_labels_too_a_source_tells_no_pair_apart():
    pictures = torch.tensor([0, 1, APART, APART + 1])
    relations = Relations.apart(pictures, torch.tensor([0, 1, APART, NOBODY]))
    assert relations.corresponds.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    # A sound of nobody is no picture's, whatever the source of either.
    assert relations.differs.tolist() == [[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1]]


def test_moments_of_two_groups_are_not_held_against_each_other():
    """Recordings are entered at one place in each group: the place would tell them apart."""
    groups = torch.tensor([3, 3, 8, ANY_GROUP])
    relations = Relations.apart(torch.arange(4), torch.tensor([0, 1, 2, NOBODY]), groups)
    assert relations.corresponds.tolist() == torch.diag(torch.tensor([True, True, True, False])).tolist()
    assert relations.differs.tolist() == [[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_where_categories_are_unknown_a_source_tells_nothing_either():
    known = torch.tensor([True, True, False])
    identities = torch.tensor([0, 1, APART])
    told = Relations.told(SEEN, HEARD, known, Relations.apart(identities))
    assert told.corresponds.diagonal().all()
    assert not told.differs[2].any()
    assert not told.differs[:, 2].any()


def test_two_moments_of_one_recording_are_no_mismatch():
    assert Relations.halves(torch.tensor([0, 1, 2, 5, 5, 7])).differs.sum() == 2


def test_categories_count_where_they_are_known():
    known = torch.tensor([True, True, False])
    told = Relations.told(SEEN, HEARD, known, Relations.apart(torch.arange(3)))
    assert told.corresponds.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert told.differs.tolist() == [[0, 0, 1], [1, 0, 1], [1, 1, 0]]
