"""How well what the node says agrees with what the simulator knows."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ros2_avloc.vision.camera import Camera

SECOND = 1_000_000_000
"""Length of a window in ns: what sounded during it decides what is expected."""

Box = tuple[float, float, float, float]
"""Centre x, centre y, width and height in pixels."""


@dataclass(frozen=True)
class Truth:
    """What the simulator knows of one frame.

    Attributes
    ----------
    stamp
        Of the frame, ns.
    boxes
        Of every object in view, by name.
    sounding
        Names of those in view that sound at this moment.
    """

    stamp: int
    boxes: Mapping[str, Box]
    sounding: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What the node said of one frame.

    Attributes
    ----------
    stamp
        Of the frame, ns.
    received
        When the answer came, ns.
    attended
        Unit vector in the camera's optical frame, float64 ``(3,)``, or ``None`` where nothing is attended.
    """

    stamp: int
    received: int
    attended: NDArray[np.float64] | None


class Verdict(Enum):
    """What an answer is worth."""

    RIGHT = 'right'
    """Something in view sounded for the whole second, and its box is what is attended."""
    ELSEWHERE = 'attends elsewhere'
    """Something in view sounded for the whole second; what is attended lies outside its box."""
    MISSED = 'attends nothing'
    """Something in view sounded for the whole second, and nothing is attended."""
    QUIET = 'rightly quiet'
    """Nothing in view sounded during the second, and nothing is attended."""
    FALSE = 'false attention'
    """Nothing in view sounded during the second, and something is attended."""
    CHANGING = 'not judged'
    """A sound began, ended, or came into view during the second."""


@dataclass(frozen=True)
class Judgement:
    """One answer, judged.

    Attributes
    ----------
    answer
        What the node said.
    verdict
        What it is worth.
    sounding
        What was expected to be attended.
    error
        Angle in radians from what is attended to the middle of the nearest sounding object; ``None``
        where nothing is attended or nothing was expected.
    """

    answer: Answer
    verdict: Verdict
    sounding: frozenset[str]
    error: float | None


def judge(truths: Sequence[Truth], answers: Sequence[Answer], camera: Camera, *,
          steady: int = SECOND) -> list[Judgement]:
    """Judge every answer whose second is known from its beginning.

    Parameters
    ----------
    truths
        In the order of their stamps.
    answers
        In any order.
    camera
        Of the frames.
    steady
        Time before a frame, ns, in which nothing may change for it to be judged: the window's second. With 0
        each is judged by what sounds at its own moment, though the window's second is another.

    Returns
    -------
    list[Judgement]
        One for each answer whose frame is among the truths, at least a second after the first of them.
    """
    stamps = [truth.stamp for truth in truths]
    judged = []
    for answer in sorted(answers, key=lambda answer: answer.stamp):
        end = bisect.bisect_left(stamps, answer.stamp)
        known = end < len(stamps) and stamps[end] == answer.stamp
        if known and answer.stamp - stamps[0] >= SECOND:
            begin = bisect.bisect_right(stamps, answer.stamp - steady) - 1  # known from the second's start
            judged.append(_judge_one(truths[begin : end + 1], answer, camera))
    return judged


def _judge_one(second: Sequence[Truth], answer: Answer, camera: Camera) -> Judgement:
    steady = frozenset.intersection(*(truth.sounding for truth in second))
    ever = frozenset.union(*(truth.sounding for truth in second))
    boxes = [second[-1].boxes[name] for name in sorted(steady)]
    error = _error(answer, boxes, camera)
    return Judgement(answer, _verdict(answer, boxes, bool(ever), camera), steady, error)


def _verdict(answer: Answer, boxes: Sequence[Box], any_sound: bool, camera: Camera) -> Verdict:
    attended = answer.attended
    if not boxes:
        if any_sound:
            return Verdict.CHANGING
        return Verdict.QUIET if attended is None else Verdict.FALSE
    if attended is None:
        return Verdict.MISSED
    x, y = camera.pixels(attended[None])[0]
    inside = any(
        abs(x - box[0]) <= box[2] / 2 and abs(y - box[1]) <= box[3] / 2 for box in boxes
    )
    return Verdict.RIGHT if inside else Verdict.ELSEWHERE


def _error(answer: Answer, boxes: Sequence[Box], camera: Camera) -> float | None:
    if answer.attended is None or not boxes:
        return None
    middles = camera.rays(np.array([box[:2] for box in boxes]))
    return float(np.arccos(np.clip(middles @ answer.attended, -1.0, 1.0)).min())


@dataclass(frozen=True)
class Score:
    """A run in figures.

    Attributes
    ----------
    verdicts
        How many answers got which verdict.
    frames
        From the first to the last of the judged ones.
    answered
        Those of them that the node answered.
    error_p50, error_p95
        Bearing error in radians, over the sounding windows in which something is attended; NaN without any.
    latency_p50, latency_p95
        From a frame's stamp to its answer, s; NaN without any.
    """

    verdicts: Counter[Verdict]
    frames: int
    answered: int
    error_p50: float
    error_p95: float
    latency_p50: float
    latency_p95: float

    @property
    def sounding(self) -> int:
        """Windows in which something in view sounded throughout."""
        return self.verdicts[Verdict.RIGHT] + self.verdicts[Verdict.ELSEWHERE] + self.verdicts[Verdict.MISSED]

    @property
    def quiet(self) -> int:
        """Windows in which nothing in view sounded."""
        return self.verdicts[Verdict.QUIET] + self.verdicts[Verdict.FALSE]

    @property
    def right(self) -> float:
        """Share of the sounding windows that are right; NaN without any."""
        return self.verdicts[Verdict.RIGHT] / self.sounding if self.sounding else float('nan')

    @property
    def false(self) -> float:
        """Share of the quiet windows with false attention; NaN without any."""
        return self.verdicts[Verdict.FALSE] / self.quiet if self.quiet else float('nan')


def score(truths: Sequence[Truth], judgements: Sequence[Judgement]) -> Score:
    """Sum up a run.

    Parameters
    ----------
    truths
        As for `judge`.
    judgements
        What `judge` returned.
    """
    stamps = [judgement.answer.stamp for judgement in judgements]
    first, last = min(stamps, default=1), max(stamps, default=0)
    errors = [judgement.error for judgement in judgements if judgement.error is not None]
    latencies = [(item.answer.received - item.answer.stamp) / SECOND for item in judgements]
    error_p50, error_p95 = _percentiles(errors)
    latency_p50, latency_p95 = _percentiles(latencies)
    return Score(
        verdicts=Counter(judgement.verdict for judgement in judgements),
        frames=sum(first <= truth.stamp <= last for truth in truths),
        answered=len(judgements),
        error_p50=error_p50,
        error_p95=error_p95,
        latency_p50=latency_p50,
        latency_p95=latency_p95,
    )


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return float('nan'), float('nan')
    p50, p95 = np.percentile(values, [50, 95])
    return float(p50), float(p95)
