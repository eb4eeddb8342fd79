"""How well attention does: is it where something sounds, is it quiet else, and how soon does it follow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from ros2_avloc.attention.bearing import Vector
from ros2_avloc.pipeline import Result
from ros2_avloc.simulation.moments import SECOND, Box, Moment, Thing
from ros2_avloc.simulation.score import Answer, Judgement, Truth, Verdict, judge
from ros2_avloc.vision.camera import Camera
from ros2_avloc.vision.grid import cell_to_pixel

LEAST_VISIBLE, PLAIN = 0.1, 0.6
"""A thing of which less is seen is out of view; one of which more is seen is in plain view. Moments in which
something between the two sounds are not judged."""

SHORTEST = 1.5
"""Seconds for which a thing must sound alone in plain view for its delay to be measured."""

NEAR = math.radians(12.0)

WRONG = (Verdict.ELSEWHERE, Verdict.MISSED, Verdict.FALSE)

Begins = Callable[[Result, Moment], bool]


class Loss(Enum):
    """Why a frame in which something sounds is not right."""

    UNSEEN = 'the heatmap is highest elsewhere'
    FAINT = 'the heatmap is highest there, below the threshold'
    WAITING = 'there is a source, and nothing is attended'
    ANOTHER = 'there is a source, and another is attended'


class Edge(Enum):
    """Why a frame whose second holds the beginning or the end of a sound is wrong at its own moment."""

    NOT_SEEN_YET = 'sounds, and there is no source yet'
    NOT_ATTENDED_YET = 'sounds, there is a source, not attended yet'
    STILL_SEEN = 'is over, and there is a source still'
    STILL_ATTENDED = 'is over, there is no source, attended still'


@dataclass
class AttentionScore:
    """Figures of one or more scenes.

    Attributes
    ----------
    verdicts
        How many frames got which verdict.
    strict
        The same, by what sounds at the frame's own moment: frames whose second holds the beginning or the end
        of a sound count too.
    edges
        Of these, those that are wrong, and why.
    losses
        How many of those in which something sounds are not right, and why.
    delays
        Seconds from when attention could have gone to what alone sounds in plain view (it began, and the last
        choice had its dwell) to when it did; infinite where it did not.
    own_delays
        Those of what the network found at all, counted from the first source on it instead of from where it
        began to sound: what tracks and attention take for themselves.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    strict: Counter[Verdict] = field(default_factory=Counter)
    edges: Counter[Edge] = field(default_factory=Counter)
    losses: Counter[Loss] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    own_delays: list[float] = field(default_factory=list)

    def add(self, moments: Sequence[Moment], results: Sequence[Result], camera: Camera, *,
            min_dwell: float) -> list[Judgement]:
        """Take in a scene; return its frames, judged."""
        truths = [_truth(moment) for moment in moments]
        answers = [Answer(moment.stamp, moment.stamp, attended_from(result, moment))
                   for moment, result in zip(moments, results, strict=True)]
        unclear = {moment.stamp for moment in moments if any(
            thing.heard and 0 < thing.visible < PLAIN for thing in moment.things)}
        judged, strict = ([one for one in judge(truths, answers, camera, steady=steady)
                           if one.answer.stamp not in unclear] for steady in (SECOND, 0))
        self.verdicts.update(one.verdict for one in judged)
        self.strict.update(one.verdict for one in strict)
        seen = {moment.stamp: (truth, result)
                for moment, truth, result in zip(moments, truths, results, strict=True)}
        self.edges.update(edge(now, *seen[now.answer.stamp]) for one, now in zip(judged, strict, strict=True)
                          if one.verdict is Verdict.CHANGING and now.verdict in WRONG)
        self.losses.update(loss(one, *seen[one.answer.stamp]) for one in judged
                           if one.verdict in (Verdict.MISSED, Verdict.ELSEWHERE))
        self.delays += delays(moments, results, min_dwell)
        self.own_delays += delays(moments, results, min_dwell, begins=_found)
        return judged


def right(verdicts: Counter[Verdict]) -> float:
    """Share of the frames in which something sounds that are right; NaN without any."""
    counts = [verdicts[one] for one in (Verdict.RIGHT, Verdict.ELSEWHERE, Verdict.MISSED)]
    return counts[0] / sum(counts) if sum(counts) else math.nan


def false(verdicts: Counter[Verdict]) -> float:
    """Share of the other frames in which something is attended; NaN without any."""
    counts = [verdicts[one] for one in (Verdict.FALSE, Verdict.QUIET)]
    return counts[0] / sum(counts) if sum(counts) else math.nan


def edge(judged: Judgement, truth: Truth, result: Result) -> Edge:
    """Return why a frame is wrong at its own moment, though not all of its second is like that moment."""
    if not judged.sounding:
        return Edge.STILL_SEEN if result.sources else Edge.STILL_ATTENDED
    return Edge.NOT_ATTENDED_YET if _has_source(judged, truth, result) else Edge.NOT_SEEN_YET


def loss(judged: Judgement, truth: Truth, result: Result) -> Loss:
    """Return why a frame in which something sounds is not right."""
    boxes = [truth.boxes[name] for name in judged.sounding]
    if _has_source(judged, truth, result):
        return Loss.WAITING if result.attended is None else Loss.ANOTHER
    heatmap = result.localization.heatmap
    height, width = result.frame.rgb.shape[:2]
    x, y = cell_to_pixel([np.unravel_index(int(heatmap.argmax()), heatmap.shape)], width, height)[0].tolist()
    return Loss.FAINT if any(_inside((x, y), box) for box in boxes) else Loss.UNSEEN


def _has_source(judged: Judgement, truth: Truth, result: Result) -> bool:
    """Whether a source lies on what sounds."""
    boxes = [truth.boxes[name] for name in judged.sounding]
    return any(_inside(source.box[:2], box) for source in result.sources for box in boxes)


def attended_from(result: Result, moment: Moment) -> Vector | None:
    """Return the bearing of what is attended, in the camera's frame."""
    return None if result.attended is None else moment.pose.rotation.T @ result.attended.bearing.vector


def delays(moments: Sequence[Moment], results: Sequence[Result], min_dwell: float, *,
           begins: Begins | None = None) -> list[float]:
    """Return for each spell in which a thing alone sounds in plain view how late attention came to it.

    Parameters
    ----------
    moments, results
        Of a scene.
    min_dwell
        Seconds for which attention may stay where it is.
    begins
        Whether a result is one from which on the delay counts; else it does so from the spell's first on.
        Spells without such a result are left out.
    """
    found = []
    for first, last in spells([_alone(moment) for moment in moments]):
        if moments[last].stamp - moments[first].stamp >= SHORTEST * SECOND:
            spell = range(first, last + 1)
            begin = next((k for k in spell if begins is None or begins(results[k], moments[k])), None)
            if begin is not None:
                allowed = max(moments[begin].stamp,
                              _last_choice(moments, results, first) + round(min_dwell * SECOND))
                came = next((moments[k].stamp for k in spell if _attends(results[k], moments[k])), None)
                found.append(math.inf if came is None else max(0.0, (came - allowed) / SECOND))
    return found


def spells(names: Sequence[str | None]) -> list[tuple[int, int]]:
    """Return first and last index of each run of the same name."""
    found, first = [], 0
    for number in range(1, len(names) + 1):
        if number == len(names) or names[number] != names[first]:
            if names[first] is not None:
                found.append((first, number - 1))
            first = number
    return found


def _truth(moment: Moment) -> Truth:
    boxes = {thing.name: thing.box for thing in moment.things if thing.visible >= LEAST_VISIBLE}
    sounding = frozenset(thing.name for thing in moment.things if thing.sounding and thing.name in boxes)
    return Truth(moment.stamp, boxes, sounding)


def _alone(moment: Moment) -> str | None:
    sounding = [thing for thing in moment.things if thing.sounding and thing.visible > 0]
    return sounding[0].name if len(sounding) == 1 and sounding[0].visible >= PLAIN else None


def _inside(pixel: tuple[float, float], box: Box) -> bool:
    return all(abs(pixel[axis] - box[axis]) <= box[axis + 2] / 2 for axis in (0, 1))


def _attends(result: Result, moment: Moment) -> bool:
    return result.attended is not None and _on_it(result.attended.bearing.vector, moment)


def _found(result: Result, moment: Moment) -> bool:
    """Whether a source lies on what alone sounds."""
    return any(_on_it(moment.pose.rotation @ source.bearing.vector, moment) for source in result.sources)


def _on_it(vector: Vector, moment: Moment) -> bool:
    """Whether a direction in the world is that of what alone sounds."""
    name = _alone(moment)
    thing: Thing = next(thing for thing in moment.things if thing.name == name)
    return float(thing.bearing @ vector) >= math.cos(NEAR)


def _last_choice(moments: Sequence[Moment], results: Sequence[Result], index: int) -> int:
    """Stamp of the frame in which what is attended at `index` was chosen; long ago where nothing is."""
    attended = results[index].attended
    if attended is None:
        return -SECOND * 3600
    while index > 0 and (before := results[index - 1].attended) is not None and before.id == attended.id:
        index -= 1
    return moments[index].stamp
