from __future__ import annotations

from pathlib import Path

import pytest

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.share import share_path

SHIPPED = Path(__file__).parents[2] / 'models' / 'avolnet'


@pytest.fixture
def shipped() -> Bundle:
    if not SHIPPED.exists():
        pytest.skip('this checkout ships no models/avolnet')
    return Bundle.load(share_path('models', 'avolnet'))


@pytest.mark.parametrize('name', ['openvino', 'onnxruntime'])
def test_the_shipped_bundle_runs_as_it_was_learned(shipped, name):
    engine, reasons = open_engine(shipped, name=name, precision='fp32', strict=True)
    assert engine.identity.precision == 'fp32'
    assert reasons == []


def test_the_shipped_golden_output_has_a_peak_to_compare(shipped):
    assert shipped.golden.logits.max() > 0 > shipped.golden.logits.min()


def test_the_shipped_weights_stay_small(shipped):
    assert sum(shipped.graph(part).stat().st_size for part in ('vision', 'sound', 'head')) < 24 * 2**20
