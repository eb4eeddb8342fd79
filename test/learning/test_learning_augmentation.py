"""Things that are seen again look otherwise; spectrograms lose bands and stretches; seeds decide which."""

import numpy as np
import pytest
import torch

from ros2_avloc.learning.training.augmentation import masked, varied_pictures
from ros2_avloc.learning.training.lessons import varied
from ros2_avloc.learning.training.loop import scaled


def crops(count):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, 112, 112)).astype(np.uint8))


def test_crops_are_varied_within_bounds_and_alike_for_the_same_seed():
    things = crops(64)
    one, other = (varied_pictures(things, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == things.shape
    assert one.abs().max() <= 1
    apart = (one - scaled(things)).abs().mean(dim=(1, 2, 3))
    assert apart.min() > 0.005
    assert not torch.equal(one, varied_pictures(things, np.random.default_rng(6)))


def test_some_crops_are_grey_and_some_have_lost_what_is_fine():
    one = varied_pictures(crops(200), np.random.default_rng(1))
    # Toned channel by channel, noise without colour has the same pattern in all of them.
    pattern = one[:, :, 40:60, 40:60].flatten(2)
    pattern = pattern - pattern.mean(dim=2, keepdim=True)
    alike = torch.cosine_similarity(pattern[:, 0], pattern[:, 1], dim=1)
    assert 4 <= int((alike > 0.9).sum()) <= 40
    fine = one.diff(dim=3).abs().mean(dim=(1, 2, 3)) / one.std(dim=(1, 2, 3))
    assert 20 <= int((fine < 0.8).sum()) <= 70


def test_answers_are_mirrored_with_their_crops():
    ramp = torch.linspace(0, 255, 112).to(torch.uint8).expand(40, 3, 112, 112).clone()
    answer = torch.arange(7.0).expand(40, 2, 7, 7).clone()
    lesson = varied({'thing': ramp, 'answer': answer, 'name': torch.arange(40)}, np.random.default_rng(2))
    rises = lesson['thing'][..., -20:].mean(dim=(1, 2, 3)) > lesson['thing'][..., :20].mean(dim=(1, 2, 3))
    assert 8 <= int(rises.sum()) <= 32
    assert torch.equal(rises, lesson['answer'][:, 0, 0, -1] > 3)
    assert torch.equal(lesson['name'], torch.arange(40))


def test_bands_and_stretches_of_spectrograms_take_their_mean():
    sounds = torch.from_numpy(np.random.default_rng(0).standard_normal((300, 1, 257, 200)).astype(np.float32))
    seen = masked(sounds, np.random.default_rng(4))
    hidden = seen != sounds
    bands, stretches = hidden[:, 0].all(dim=2), hidden[:, 0].all(dim=1)
    assert torch.equal(hidden[:, 0], bands[:, :, None] | stretches[:, None, :])
    number, _, row, column = (int(place) for place in hidden.nonzero()[0])
    assert float(seen[number, 0, row, column]) == pytest.approx(float(sounds[number].mean()), abs=1e-6)
    for places, longest, share in ((bands, 26, 0.5), (stretches, 29, 0.3)):
        widths = places.sum(dim=1)
        assert int(widths[widths > 0].min()) >= 5
        assert int(widths.max()) <= longest
        assert float((widths > 0).float().mean()) == pytest.approx(share, abs=0.12)
        assert int(places.int().diff(dim=1).abs().sum(dim=1).max()) <= 2
