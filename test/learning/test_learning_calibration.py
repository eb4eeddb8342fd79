"""Calibration recovers what is known of made logits."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from scipy.special import expit
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.learning.bundling.calibration import _fitted, _threshold, calibrate
from ros2_avloc.learning.material.moments import read_recordings
from ros2_avloc.learning.networks import AVOLNet
from ros2_avloc.learning.training import learn
from ros2_avloc.learning.training.checks import check_of, logits_of, recorded_checks


def test_shift_and_temperature_of_logistic_samples_are_found():
    rng = np.random.default_rng(0)
    best = rng.uniform(-10, 14, 40_000)
    truth = rng.random(40_000) < expit((best - 2.0) / 3.0)
    shift, temperature = _fitted(best, truth)
    assert shift == pytest.approx(2.0, abs=0.2)
    assert temperature == pytest.approx(3.0, rel=0.05)


def test_the_threshold_keeps_most_of_what_sounds():
    found = np.linspace(0.2, 0.9, 1_000)
    assert (found >= _threshold(found)).mean() == pytest.approx(0.82, abs=0.002)


@pytest.fixture
def clips(tmp_path):
    """Twenty short videos, of them two to be set aside."""
    for number in range(20):
        write_clip(tmp_path / f'{number:02}.mp4', 200 + 50 * number)
    return tmp_path


def write_clip(path, hertz):
    with av.open(str(path), 'w') as container:
        pictures = container.add_stream('libx264', rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, 'yuv420p'
        heard = container.add_stream('aac', rate=48_000, layout='mono')
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), hertz // 5, np.uint8), 'rgb24')
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(96_000) / 48_000)
        frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], 'fltp', 'mono')
        frame.rate = 48_000
        container.mux([*heard.encode(frame), *heard.encode(None)])


def test_one_recording_in_eight_is_set_aside_by_name(clips):
    learned, aside = ([recording.path.name for recording in read_recordings(clips, part=part)]
                      for part in ('learn', 'calibrate'))
    assert len(aside) == 2
    assert sorted(learned + aside) == [path.name for path in sorted(clips.iterdir())]
    moved = clips.rename(clips.with_name('moved'))
    assert [one.path.name for one in read_recordings(moved, part='calibrate')] == aside
    for path in sorted(moved.iterdir())[15:]:
        path.unlink()
    assert len(read_recordings(moved, part='learn')) == 15
    assert read_recordings(moved, part='calibrate') == []


def test_recordings_set_aside_make_pairs_of_either_kind(clips):
    check, = recorded_checks({'videos': clips}, 40)
    assert check.name == 'videos'
    assert len(check.images) == len(check.spectrograms) == len(check.targets) == 40
    assert check.corresponds.tolist() == [True] * 20 + [False] * 20
    pitches = check.spectrograms[:, 0].mean(dim=2).argmax(dim=1)
    own, others = pitches[:20], pitches[20:]
    assert len(own.unique()) == 2
    assert (own != others).all()
    assert torch.equal(check.images[:20], check.images[20:])


def test_a_folder_that_sets_nothing_aside_gives_no_pairs(clips):
    for path in sorted(clips.iterdir())[15:]:
        path.unlink()
    assert recorded_checks({'videos': clips}, 40) == []


def test_training_looks_at_the_recordings_that_are_set_aside(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(learn, 'CHECKED', 4)
    small = ['--steps', '4', '--width', '4', '--embedding', '8', '--batch', '4', '--workers', '0']
    asked = ['train', str(tmp_path / 'run'), '--rung', 'paper', '--videos', str(clips)]
    result = CliRunner().invoke(app, [*asked, '--simulated-share', '0', *small])
    assert result.exit_code == 0, result.output
    logged, = (tmp_path / 'run').glob('avc/log/*/metrics.csv')
    header = logged.read_text().splitlines()[0].split(',')
    assert 'auc_videos' in header and 'localised_videos' not in header


@torch.no_grad()
def test_the_shift_goes_into_the_bias_of_a_copy(world):
    torch.manual_seed(0)
    network = AVOLNet(4).eval()
    check = check_of('simulated', world, 12, negatives=0.5)
    moved, calibration = calibrate(network, [check])
    before, after = (logits_of(one, check.images, check.spectrograms) for one in (network, moved))
    shift = float(moved.heads.bias - network.heads.bias)
    torch.testing.assert_close(after - before, torch.full_like(after, shift))
    assert moved.heads.bias != network.heads.bias
    assert 0 < calibration.threshold < 1
