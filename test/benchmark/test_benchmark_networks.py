"""How much the timed networks compute."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.networks import operations, random_bundle, random_network, width_of
from ros2_avloc.model.bundle import Bundle

WIDTH = 4


@pytest.fixture(scope='module')
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return random_bundle(WIDTH, tmp_path_factory.mktemp('random'))


def counted(width: int) -> int:
    """What torch counts of the same network."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        random_network(width)(torch.zeros(1, 3, 224, 224), torch.zeros(1, 1, 257, 200))
    return counter.get_total_flops()


def test_the_width_is_read_from_the_graph(small: Bundle) -> None:
    assert width_of(small) == WIDTH


def test_multiplications_and_additions_are_those_that_torch_counts(small: Bundle) -> None:
    assert operations(small) == pytest.approx(counted(WIDTH), rel=0.01)


def test_the_shipped_network_computes_what_its_width_says(shipped: Bundle) -> None:
    assert operations(shipped) == pytest.approx(counted(width_of(shipped)), rel=0.01)
