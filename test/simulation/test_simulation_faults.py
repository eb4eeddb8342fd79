import numpy as np
import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.simulation.faults import Faults


def test_without_faults_nothing_goes_wrong():
    faults, rng = Faults(), np.random.default_rng(0)
    assert faults.card_rate == 48_000
    assert not any(faults.lose(rng) or faults.stamp_error(rng) for _ in range(100))


def test_faults_have_the_size_they_are_given():
    faults, rng = Faults(jitter=0.005, loss=0.1, drift=200.0, skew=0.3), np.random.default_rng(0)
    assert faults.card_rate == pytest.approx(48_009.6)
    assert np.mean([faults.lose(rng) for _ in range(4000)]) == pytest.approx(0.1, abs=0.02)
    errors = np.array([faults.stamp_error(rng) for _ in range(4000)]) / 1e9
    assert errors.min() == pytest.approx(0.295, abs=1e-4)
    assert errors.max() == pytest.approx(0.305, abs=1e-4)


@pytest.mark.parametrize('wrong', [{'jitter': -1.0}, {'loss': 1.5}, {'drift': 1e6}])
def test_impossible_faults_are_refused(wrong):
    with pytest.raises(InputError, match='cannot be'):
        Faults(**wrong)
