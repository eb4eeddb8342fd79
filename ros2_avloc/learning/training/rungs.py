"""The three rungs of training, each a list of stages with their share of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ros2_avloc.errors import InputError
from ros2_avloc.learning.training.loop import Budget


@dataclass(frozen=True)
class Usual:
    """What a stage is given unless told otherwise.

    Attributes
    ----------
    share
        Of the run's minutes or steps; 0: only if it is asked for.
    batch
        Items per step and process.
    rate
        Learning rate.
    composed
        The share where all items are composed, none recorded; ``None``: the same.
    """

    share: float
    batch: int
    rate: float
    composed: float | None = None


@dataclass(frozen=True)
class Rung:
    """Stages in order, and one sentence that says what is learned from what."""

    stages: Mapping[str, Usual]
    says: str


RUNGS = MappingProxyType({
    'paper': Rung(
        {'avc': Usual(1.0, 64, 1e-4)},
        'The recipe of "Objects that Sound": matching and mismatching pairs half and half, logistic loss of '
        'the best cell, no BatchNorm in the heads, Adam with weight decay 1e-5, rate times 0.94 every 16 '
        'epochs; the batch is what the machine holds, not 2048.'),
    'label-free': Rung(
        {'close-ups': Usual(0.6, 64, 1e-3, composed=0.8), 'heads': Usual(0.0, 64, 1e-3, composed=0.2),
         'avc': Usual(0.4, 64, 1e-3, composed=0.0)},
        'AVC without labels or teachers: contrastive loss over all pairs of a batch, BatchNorm in the heads, '
        'plain close-ups of single objects; then, with the logistic loss too, and silence, noise, hum and '
        'sounds that no picture makes among the sounds, the heads alone on close-ups or, where there are '
        'recordings, all on whole frames. Which pairs differ follows from the recordings alone.'),
    'taught': Rung(
        {'pictures': Usual(0.45, 16, 2e-3), 'sounds': Usual(0.15, 32, 1.5e-3),
         'heads': Usual(0.05, 32, 1e-3), 'avc': Usual(0.35, 32, 6e-4), 'agreement': Usual(0.0, 32, 2e-4)},
        'Both towers learn to name single things and, where there are teachers, to answer as MobileNetV2 and '
        'YAMNet do, and to name what one layer on those answers names; then AVC with categories as tags of '
        'whole pictures, first of the heads alone. Where it is asked for, it then learns what it and other '
        'networks say of frames and of their mirror images, in the mean.'),
})
"""By name: the paper's recipe, our best without labels, and our best."""

REPEATED = 80
"""Crops that the stage `pictures` learns from again at each step, or, without a teacher, draws anew."""


def budgets(rung: str, whole: tuple[float, bool], changed: Sequence[str] = (), *, batch: int | None = None,
            rate: float | None = None, workers: int = 1, recorded: bool = True) -> dict[str, Budget]:
    """Return the budget of each stage of a rung; stages without length are left out.

    Parameters
    ----------
    whole
        Length of the run, and whether that is minutes (else steps).
    changed
        Stages whose budget is their own, as ``'avc=1100'`` (steps), ``'pictures=38min'`` or ``'sounds=0'``.
    batch, rate
        Of stages that learn from pairs, where not the rung's.
    recorded
        Whether there are recordings; else all is composed.

    Raises
    ------
    InputError
        If there is no such rung, a change cannot be understood, or nothing is left to do.
    """
    if rung not in RUNGS:
        raise InputError(f'There is no rung {rung!r}; choose one of {", ".join(RUNGS)}.')
    stages = RUNGS[rung].stages
    own = dict(_change(text, stages) for text in changed)
    found = {}
    for name, stage in stages.items():
        share = stage.share if recorded or stage.composed is None else stage.composed
        length, in_minutes = own.get(name, (whole[0] * share, whole[1]))
        if length == 0:
            continue
        own_batch, own_rate = (batch, rate) if name not in ('pictures', 'sounds') else (None, None)
        found[name] = Budget(length if in_minutes else max(1, round(length)),
                             stage.batch if own_batch is None else own_batch,
                             stage.rate if own_rate is None else own_rate, workers, in_minutes)
    if not found:
        raise InputError('All stages have a length of 0: there is nothing to do.')
    return found


def _change(text: str, stages: Mapping[str, Usual]) -> tuple[str, tuple[float, bool]]:
    match = re.fullmatch(r'([a-z-]+)=(\d+(?:\.\d+)?)(min)?', text)
    if match is None or match[1] not in stages:
        raise InputError(f'{text!r} is no budget of a stage; write STAGE=STEPS or STAGE=MINUTESmin, '
                         f'with one of the stages {", ".join(stages)}.')
    return match[1], (float(match[2]), bool(match[3]))
