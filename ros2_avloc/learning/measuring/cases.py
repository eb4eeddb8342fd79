"""What is put before a network to be measured: views, each with several sounds, and the truth about both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import soxr
from numpy.typing import NDArray

from ros2_avloc.audio.sound import SAMPLE_RATE
from ros2_avloc.learning.material.banks import Bank, PixelBox
from ros2_avloc.learning.material.pictures import Layout, Picture, draw_picture
from ros2_avloc.learning.material.scenes import NEGATIVES, Mixture, draw_sound, negative_scene
from ros2_avloc.learning.measures.maps import Box
from ros2_avloc.vision.preprocess import SIDE

SOUNDING, SWAPPED = 'sounding', 'swapped'
"""Kinds of sounds that something in view makes: of one object, and of the other one of two."""

LAYOUT = Layout(smallest=60, largest=120, mosaics=0.0)
"""How composed scenes are laid out to be measured on."""

SINGLE = Mixture(fewest=1, most=1, negatives=0.0, duets=0.0, layout=LAYOUT)
"""Scenes of one object, which sounds: what retrieval is measured on."""

OBJECTS = (1, 2, 3)
"""Objects in view of the scenes that localisation is measured on."""

POOL = 2
"""Sounds of each category that a view is seen with to know what is seen whatever is heard."""

_TRIES = 20
_POOL_STREAM = 0


@dataclass(frozen=True)
class View:
    """A frame, uint8 ``(h, w, 3)`` RGB, and the name and box (in fractions of it) of each object in view."""

    rgb: NDArray[np.uint8]
    objects: tuple[tuple[str, Box], ...]


@dataclass(frozen=True)
class Heard:
    """A second of sound.

    Attributes
    ----------
    samples
        float32 ``(48240,)``.
    name
        What it is of, several joined by ``+``; empty where it is of nothing that has a name.
    kind
        `SOUNDING`, `SWAPPED`, or one of `scenes.NEGATIVES`.
    """

    samples: NDArray[np.float32]
    name: str
    kind: str


@dataclass(frozen=True)
class Case:
    """A view, what is heard with it, one sound at a time, and the recording that it is from (or empty)."""

    view: View
    sounds: tuple[Heard, ...]
    group: str = ''


@dataclass(frozen=True)
class CaseSet:
    """All cases of one set.

    Attributes
    ----------
    cases
        Makes them, the same ones each time it is called.
    count
        How many there are.
    pool
        Sounds to hear with every view.
    origin
        What they are, for the report.
    """

    cases: Callable[[], Iterable[Case]]
    count: int
    pool: tuple[Heard, ...]
    origin: dict[str, object]


def composed(bank: Bank, scenes: int, seed: int) -> CaseSet:
    """Lay out scenes from a bank, as docs/evaluation.md says.

    Parameters
    ----------
    bank
        Of items that nothing was learned from.
    scenes
        Scenes with one, two and three objects each.
    seed
        Scene i with k objects is drawn from ``default_rng([seed, k, i])``, whatever was drawn before.
    """
    objects = [number for number in OBJECTS if number <= len(bank.recordings)]
    rng = np.random.default_rng([seed, _POOL_STREAM])
    pool = tuple(Heard(draw_sound(bank, name, rng), name, SOUNDING)
                 for name in sorted(bank.recordings) for _ in range(POOL))
    sizes = None if bank.drawings is not None else [LAYOUT.smallest, LAYOUT.largest]
    return CaseSet(partial(_cases, bank, objects, scenes, seed), scenes * len(objects), pool,
                    {'seed': seed, 'scenes': scenes, 'objects': objects, 'sizes': sizes,
                     'categories': sorted(bank.recordings)})


def heard_at(cases: CaseSet, rate: int) -> CaseSet:
    """Return the same cases with sounds as a microphone of `rate` Hz gives them."""
    def resampled(sounds: tuple[Heard, ...]) -> tuple[Heard, ...]:
        return tuple(replace(heard, samples=_through(heard.samples, rate)) for heard in sounds)

    def made() -> Iterator[Case]:
        for case in cases.cases():
            yield replace(case, sounds=resampled(case.sounds))

    return CaseSet(made, cases.count, resampled(cases.pool), cases.origin | {'microphone_rate': rate})


def _through(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    back = soxr.resample(soxr.resample(samples, SAMPLE_RATE, rate), rate, SAMPLE_RATE)
    return np.pad(back, (0, max(0, len(samples) - len(back))))[:len(samples)].astype(np.float32)


def _cases(bank: Bank, objects: list[int], scenes: int, seed: int) -> Iterator[Case]:
    for count in objects:
        for number in range(scenes):
            yield _case(bank, count, number, np.random.default_rng([seed, count, number]))


def _case(bank: Bank, count: int, number: int, rng: np.random.Generator) -> Case:
    picture = _picture(bank, count, rng)
    names = [str(name) for name in rng.permutation([name for name, _ in picture.objects])]
    true = (SOUNDING, SWAPPED) if len(names) == 2 else (SOUNDING,)
    sounds = [Heard(draw_sound(bank, name, rng), name, kind) for name, kind in zip(names, true, strict=False)]
    nameless = [kind for kind in NEGATIVES if kind != 'elsewhere' and (kind != 'other' or bank.negatives)]
    kinds = [nameless[number % len(nameless)]]
    if len(names) < len(bank.recordings):
        kinds.insert(0, 'elsewhere')
    for kind in kinds:
        scene = negative_scene(bank, picture, kind, rng)
        sounds.append(Heard(scene.samples, scene.heard[0] if scene.heard else '', kind))
    objects = tuple((name, _fractions(box)) for name, box in picture.objects)
    return Case(View(picture.rgb, objects), tuple(sounds))


def _picture(bank: Bank, count: int, rng: np.random.Generator) -> Picture:
    """Return a picture in which all objects found a place; after many tries, with fewer."""
    wanted = [str(name) for name in rng.choice(sorted(bank.recordings), count, replace=False)]
    for _ in range(_TRIES):
        picture = draw_picture(bank, wanted, rng, LAYOUT)
        if len(picture.objects) == count:
            break
    return picture


def _fractions(box: PixelBox) -> Box:
    left, top, width, height = (float(side) / SIDE for side in box)
    return left, top, width, height
