"""The weights that ship do what their card says, as far as a few scenes can tell."""

from pathlib import Path

import pytest

from ros2_avloc.learning.banks import pack_bank, simulated_bank
from ros2_avloc.learning.evaluation import measure
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.localizer import Localizer

BUNDLE = Path(__file__).parents[2] / 'models' / 'avolnet'
REAL = Path(__file__).parents[3] / 'shared' / 'data'


@pytest.fixture(scope='module')
def localizer():
    """The bundle in whatever engine is here."""
    bundle = Bundle.load(BUNDLE)
    engine, _ = open_engine(bundle)
    yield Localizer(engine, bundle)
    engine.close()


def figures(localizer, bank):
    return measure(localizer, Bundle.load(BUNDLE).calibration.threshold, bank, 40, seed=21)


def test_what_sounds_in_a_simulated_world_is_found(localizer):
    report = figures(localizer, simulated_bank(77, per_kind=6))
    assert min(figure['share'] for figure in report['localisation'].values()) >= 0.85
    assert report['kept']['share'] >= 0.9
    assert max(figure['share'] for figure in report['false_positives'].values()) <= 0.15


@pytest.mark.skipif(not REAL.exists(), reason='the photos and recordings are not here')
def test_photos_and_recordings_are_matched_far_above_chance(localizer):
    report = figures(localizer, pack_bank(REAL, 'val'))
    for figure in report['localisation'].values():
        assert figure['share'] >= figure['centre'] + 0.15
    assert max(report['false_positives'][name]['share'] for name in ('silence', 'noise', 'hum')) <= 0.1
