"""Measuring a bundle: does the peak lie on what sounds, and is nothing found where nothing in view sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.audio.sound import Sound
from ros2_avloc.learning.banks import Bank
from ros2_avloc.learning.checks import Heatmaps, centre_localised, localised, scenes_of
from ros2_avloc.learning.scenes import NEGATIVES, Mixture, Scene, negative_scene
from ros2_avloc.model.localizer import Localizer
from ros2_avloc.vision.frame import Frame


def measure(localizer: Localizer, threshold: float, bank: Bank, count: int, seed: int) -> dict[str, Any]:
    """Measure a model on scenes of a bank that it has not learned from.

    Parameters
    ----------
    localizer
        The model, through the engine that is to be measured.
    threshold
        Probability from which a peak counts as a source.
    count
        Scenes with one, two and three objects each, and of each kind of negative.
    seed
        Of the scenes.

    Returns
    -------
    dict
        ``localisation``: by number of objects (few of three find no place), the ``share`` of scenes whose
        peak lies in the box of what sounds, its 95 % ``interval``, ``centre`` (always the middle of the
        frame) and ``scenes``;
        ``kept``: share of the scenes with a sound in view whose correspondence reaches the threshold;
        ``false_positives``: by kind of negative, share whose correspondence reaches it;
        ``avc``: share of right decisions, over as many scenes with a sound in view as with one elsewhere.
    """
    rng = np.random.default_rng(seed)
    report: dict[str, Any] = {'localisation': {}, 'false_positives': {}}
    found = []
    for objects in (1, 2, 3):
        scenes = scenes_of(bank, Mixture(objects, objects, negatives=0.0, duets=0.0), count, seed + objects)
        heatmaps = _heatmaps(localizer, scenes)
        found.extend((heatmaps.max(axis=(1, 2)) >= threshold).tolist())
        report['localisation'][str(objects)] = _share(localised(heatmaps, scenes)) | {
            'centre': float(centre_localised(scenes).mean())}
    pictures = [scene.picture for scene in scenes_of(bank, Mixture(1, 3), count, seed)]
    for negative in NEGATIVES if bank.negatives else NEGATIVES[:-1]:
        scenes = [negative_scene(bank, picture, negative, rng) for picture in pictures]
        wrong = _heatmaps(localizer, scenes).max(axis=(1, 2)) >= threshold
        report['false_positives'][negative] = _share(wrong)
    report['kept'] = _share(np.array(found))
    report['avc'] = (report['kept']['share'] + 1 - report['false_positives']['elsewhere']['share']) / 2
    return report


def _heatmaps(localizer: Localizer, scenes: Sequence[Scene]) -> Heatmaps:
    """Run scenes through the model; each sound is a timeline of its own."""
    windows = [(Frame(scene.picture.rgb, 0, ''), Sound(scene.samples, 0, epoch))
               for epoch, scene in enumerate(scenes)]
    return np.stack([localizer.localize(frame, sound).heatmap for frame, sound in windows])


def _share(hits: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the share of hits with Wilson's 95 % interval."""
    count, share, z = len(hits), float(hits.mean()), 1.96
    middle = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count)
    reach = z / (1 + z ** 2 / count) * (share * (1 - share) / count + z ** 2 / (4 * count ** 2)) ** 0.5
    interval = [round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4)]
    return {'share': round(share, 4), 'interval': interval, 'scenes': count}
