"""How well sources are tracked and attended to: ``python -m benchmark.attention``; tables, JSON in results/.

Two networks, so that errors of the tracker and of the network are told apart: one that is ideal but for
stated noise (`simulation.ideal`), and the shipped one. Tracks are judged on a stage where things cross, hide
and fall silent before a camera that turns, and in the simulator's scenes; attention in the latter, and with
``--pack`` in scenes of real photos and recordings. Constants were fitted on other seeds: tracks on the
stage's 100 to 105, the rest on the simulator's 400 to 419.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmark import machine
from benchmark.fits import Fits
from benchmark.trust import Trust
from ros2_avloc.audio.sound import HOP, SAMPLE_RATE, SOUND_SAMPLES, Sound
from ros2_avloc.learning.measures.figures import resampled
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.pipeline import PipelineSettings
from ros2_avloc.share import share_path
from ros2_avloc.simulation.actors import Stage
from ros2_avloc.simulation.attention_score import AttentionScore, Edge, Loss, false, right
from ros2_avloc.simulation.ideal import IdealNetwork
from ros2_avloc.simulation.moments import Moment, moments_of
from ros2_avloc.simulation.replay import Replayed, replay
from ros2_avloc.simulation.scene import Scene
from ros2_avloc.simulation.score import Verdict
from ros2_avloc.simulation.track_score import TrackScore
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.frame import Frame

RESULTS = Path(__file__).parent / 'results' / 'attention.json'
RATE, BEGIN, END = 10.0, 1.2, 46.0
"""Frames a second, and seconds of a scene from and up to which it is played."""

STAGE_SEED, SCENE_SEED, PHOTO_SEED = 200, 600, 700
IDEAL_THRESHOLD = 0.5
LONGEST = 0.5 + 1e-6
"""Seconds of delay that are in time."""

ATTENTION = ('right', 'right, interval', 'false', 'false, interval', 'judged', 'right, strictly',
             'false, strictly', 'within 0.5 s', 'of the first source')
"""Columns of the table of attention."""

SETTINGS = PipelineSettings()
TIMES = np.arange(BEGIN, END, 1 / RATE).tolist()


class Played(Protocol):
    """A scene that can be seen and heard."""

    camera: Camera

    def frame(self, t: float) -> NDArray[np.uint8]:
        """Give the picture at a time."""

    def audio(self, start: int, count: int) -> NDArray[np.float32]:
        """Give samples."""


@dataclass
class Score:
    """What scenes of one kind gave.

    Attributes
    ----------
    scenes
        How many frames of each scene got which verdict.
    """

    tracks: TrackScore = field(default_factory=TrackScore)
    attention: AttentionScore = field(default_factory=AttentionScore)
    fits: Fits = field(default_factory=Fits)
    trust: Trust = field(default_factory=Trust)
    scenes: list[Counter[Verdict]] = field(default_factory=list)


@dataclass(frozen=True)
class Take:
    """A scene as a network answered it: windows to replay, and the camera."""

    moments: list[Moment]
    windows: list[Replayed]
    camera: Camera
    threshold: float
    still: bool = True
    """Whether tracks are told in a frame that stands still, or in the camera's."""

    def judge(self, score: Score) -> None:
        """Add what sources, tracks and attention make of it."""
        results = list(replay(self.moments, self.windows, self.camera, threshold=self.threshold,
                              settings=SETTINGS, undo_motion=self.still))
        score.tracks.add(self.moments, results, forget=SETTINGS.forget, camera_frame=not self.still)
        score.fits.add(self.moments, results)
        score.trust.add(self.moments, results)
        if self.still:
            judged = score.attention.add(self.moments, results, self.camera, min_dwell=SETTINGS.min_dwell)
            score.scenes.append(Counter(one.verdict for one in judged))


class Shipped:
    """The shipped network."""

    def __init__(self, bundle: Path) -> None:
        self._bundle = Bundle.load(bundle)
        engine, _ = open_engine(self._bundle, name='onnxruntime', precision='fp32', strict=True)
        self._localizer = Localizer(engine, self._bundle)

    def take(self, scene: Played, moments: list[Moment]) -> Take:
        """Look at and listen to every moment."""
        windows = [self._window(scene, t) for t in TIMES]
        return Take(moments, windows, scene.camera, self._bundle.calibration.threshold)

    def _window(self, scene: Played, t: float) -> Replayed:
        end = int(t * SAMPLE_RATE) // HOP * HOP
        sound = Sound(scene.audio(end - SOUND_SAMPLES, SOUND_SAMPLES), end, 0)
        frame = Frame(scene.frame(t), round(t * 1e9), 'camera')
        return Replayed(self._localizer.localize(frame, sound).heatmap, sound)


def ideal(moments: list[Moment], camera: Camera, seed: int) -> Take:
    """Return what the ideal network answers."""
    network = IdealNetwork(camera, np.random.default_rng([seed, 9]))
    windows = [Replayed(heatmap) for heatmap in network.heatmaps(moments)]
    return Take(moments, windows, camera, IDEAL_THRESHOLD)


def takes(network: Shipped, scenes: int, photo_scenes: int, pack: Path | None) -> Iterator[tuple[str, Take]]:
    """Yield what the networks answer to all scenes, and what kind of scene each is."""
    for seed in range(STAGE_SEED, STAGE_SEED + scenes):
        stage = Stage(seed)
        moments = list(stage.moments(np.arange(1.0, 60.0, 1 / RATE).tolist()))
        take = ideal(moments, stage.camera, seed)
        yield 'stage, ideal network', take
        yield "stage, in the camera's frame", replace(take, still=False)
    for seed in range(SCENE_SEED, SCENE_SEED + scenes):
        scene = Scene(seed, width=320, height=240)
        moments = list(moments_of(scene, TIMES))
        yield 'simulator, ideal network', ideal(moments, scene.camera, seed)
        yield 'simulator, shipped network', network.take(scene, moments)
    if pack is not None:
        yield from photo_takes(network, photo_scenes, pack)


def photo_takes(network: Shipped, scenes: int, pack: Path) -> Iterator[tuple[str, Take]]:
    """Yield answers to scenes of the pack's photos and recordings, of the split val."""
    from benchmark.photo_scenes import PhotoScene
    from ros2_avloc.learning.material.banks import pack_bank

    bank = pack_bank(pack, 'val')
    for seed in range(PHOTO_SEED, PHOTO_SEED + scenes):
        scene = PhotoScene(bank, seed)
        moments = list(scene.moments(TIMES))
        yield 'photos, ideal network', ideal(moments, scene.camera, seed)
        yield 'photos, shipped network', network.take(scene, moments)


def track_figures(score: TrackScore) -> dict[str, Any]:
    """Return the figures of tracks."""
    return {'RMSE (°)': round(math.degrees(score.rmse), 2), 'followed': share(score.followed, score.expected),
            'track in its 2-sigma cone': share(sum(score.in_cone), len(score.in_cone)),
            'source in its 2-sigma cone': share(sum(score.source_in_cone), len(score.source_in_cone)),
            'id switches a minute': round(score.switches_per_minute, 2),
            'found again': share(score.found, score.gone), 'came back': score.gone}


def attention_figures(score: AttentionScore, scenes: Sequence[Counter[Verdict]]) -> dict[str, Any]:
    """Return the figures of attention; frames of one scene are alike, so intervals are over scenes."""
    judged = score.verdicts.total() - score.verdicts[Verdict.CHANGING]
    return {'right': rounded(right(score.verdicts)),
            'right, interval': interval([(one[Verdict.RIGHT], one[Verdict.ELSEWHERE] + one[Verdict.MISSED])
                                         for one in scenes]),
            'false': rounded(false(score.verdicts)),
            'false, interval': interval([(one[Verdict.FALSE], one[Verdict.QUIET]) for one in scenes]),
            'judged': share(judged, score.verdicts.total()),
            'right, strictly': rounded(right(score.strict)), 'false, strictly': rounded(false(score.strict)),
            'within 0.5 s': in_time(score.delays), 'of the first source': in_time(score.own_delays),
            'lost (frames)': {one.value: score.losses[one] for one in Loss},
            'only strictly wrong (frames)': {one.value: score.edges[one] for one in Edge},
            'frames': {one.value: count for one, count in score.verdicts.items()}}


def interval(counts: Sequence[tuple[int, int]]) -> list[float | None]:
    """Return the ends of the 95 % interval of a share, from the frames for and against it of each scene."""
    ends: list[float | None] = resampled(lambda sums: sums[..., 0] / sums.sum(axis=-1), counts)['interval']
    return [None if end is None else rounded(end) for end in ends]


def fit_figures(fits: Fits) -> dict[str, Any]:
    """Return what constants were fitted to."""
    return {'error that lasts a second': rounded(fits.lasting), 'looks a second': rounded(fits.looks),
            'rate of turn (°/s)': rounded(fits.rate)}


def in_time(delays: Sequence[float]) -> str:
    """Say how many delays are of half a second at most."""
    return f'{sum(delay <= LONGEST for delay in delays)} of {len(delays)}'


def share(part: int, whole: int) -> float | None:
    """Return a share, or ``None`` of nothing."""
    return rounded(part / whole) if whole else None


def rounded(value: float) -> float | None:
    """Return a share to a tenth of a percent."""
    return None if math.isnan(value) else round(value, 3)


def show(title: str, figures: dict[str, dict[str, Any]], keys: Sequence[str]) -> Table:
    """Lay out figures, a row for each kind of scene."""
    table = Table('', *keys, title=title)
    for kind, row in figures.items():
        table.add_row(kind, *('–' if row[key] is None else str(row[key]) for key in keys))
    return table


def main() -> None:
    """Measure, show, and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--scenes', type=int, default=8, help='of each kind but photos')
    parser.add_argument('--photo-scenes', type=int, default=40, help='of the pack: they differ more')
    parser.add_argument('--pack', type=Path, help='real photos and recordings, such as ../shared/data')
    parser.add_argument('--bundle', type=Path, default=share_path('models', 'avolnet'))
    parser.add_argument('--output', type=Path, default=RESULTS)
    given = parser.parse_args()
    scores: defaultdict[str, Score] = defaultdict(Score)
    for kind, take in takes(Shipped(given.bundle), given.scenes, given.photo_scenes, given.pack):
        take.judge(scores[kind])
    tracks = {kind: track_figures(score.tracks) for kind, score in scores.items()}
    attention = {kind: attention_figures(score.attention, score.scenes) for kind, score in scores.items()
                 if not kind.startswith('stage')}
    fitted = {kind: fit_figures(score.fits) for kind, score in scores.items()}
    trusted = {kind: score.trust.bins() for kind, score in scores.items()}
    console = Console()
    console.print(show('Tracks', tracks, list(next(iter(tracks.values())))))
    console.print(show('Attention', attention, ATTENTION))
    console.print(show('What constants are held against', fitted, list(next(iter(fitted.values())))))
    console.print(show('Probability that is said: how often so (sources)', trusted,
                       list(next(iter(trusted.values())))))
    for key, reasons in (('lost (frames)', Loss), ('only strictly wrong (frames)', Edge)):
        counts = {kind: row[key] for kind, row in attention.items()}
        console.print(show(key.capitalize(), counts, [one.value for one in reasons]))
    made = machine.describe() | {'scenes': given.scenes, 'photo scenes': given.photo_scenes, 'tracks': tracks,
                                 'attention': attention, 'fits': fitted, 'trust': trusted}
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(made, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
