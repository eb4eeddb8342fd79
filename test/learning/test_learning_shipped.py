"""The weights that ship do what their card says, as far as a few scenes can tell."""

from pathlib import Path

import pytest

from ros2_avloc.learning.material.banks import pack_bank, simulated_bank
from ros2_avloc.learning.measuring.cases import composed
from ros2_avloc.learning.measuring.evaluation import Thresholds, measure
from ros2_avloc.learning.measuring.examination import NetworkJudge, examine
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine

BUNDLE = Path(__file__).parents[2] / 'models' / 'avolnet'
REAL = Path(__file__).parents[3] / 'shared' / 'data'


@pytest.fixture(scope='module')
def figures():
    """Measure the bundle in whatever engine is here, on 40 scenes of each kind."""
    bundle = Bundle.load(BUNDLE)
    engine, _ = open_engine(bundle)

    def measured(bank):
        answers, _ = examine(NetworkJudge(engine, bundle), composed(bank, 40, seed=21))
        return measure(answers, Thresholds(bundle.calibration.threshold, avc=0.5, area=0.2))

    yield measured
    engine.close()


def test_what_sounds_in_a_simulated_world_is_found(figures):
    report = figures(simulated_bank(77, per_kind=6))
    assert min(figure['value'] for figure in report['localisation'].values()) >= 0.85
    assert report['kept']['value'] >= 0.9
    assert max(figure['value'] for figure in report['false_positives'].values()) <= 0.15


@pytest.mark.skipif(not REAL.exists(), reason='the photos and recordings are not here')
def test_photos_and_recordings_are_matched_far_above_chance(figures):
    report = figures(pack_bank(REAL, 'val'))
    for figure in report['localisation'].values():
        assert figure['value'] >= figure['centre']['value'] + 0.15
    assert max(report['false_positives'][name]['value'] for name in ('silence', 'noise', 'hum')) <= 0.1
