"""What is asked of speed, and how much of it was reached: a table for docs/performance.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmark.sheet import Goal, Sheet, table


@dataclass(frozen=True)
class Aim:
    """Something that is asked for.

    Attributes
    ----------
    section, name
        Of the goals that it is judged by: `Goal.aim`, in the sheets of a section.
    sentence
        In words, with the bound.
    unit
        Of what was found.
    """

    section: str
    name: str
    sentence: str
    unit: str = ''


AIMS = (
    Aim('engines', 'faster', 'the fastest engine on the processor is at least 8 times faster than torch '
        'eager in float32, at the paper’s width', 'times'),
    Aim('engines', 'limit', 'that engine reaches at least 0.8 of the limit'),
    Aim('stages', 'rest', 'everything but the network takes at most 2 ms per window: 640×480, one source',
        'ms'),
    Aim('stages', 'shared', 'the sound’s tower runs once for all frames that share a sound', 'times'),
    Aim('dds', 'answered', 'at least 99 % of frames are answered: 640×480, 30 Hz', '%'),
    Aim('dds', 'late', 'there, p99 from stamp to bearings is at most 33 ms', 'ms'),
    Aim('dds', 'beside', 'there, at most half a core is taken beside the network', 'cores'),
    Aim('startup', 'start', 'at most 3 s from process start to first result, warm', 's'),
    Aim('memory', 'flat', 'memory is flat over ten minutes: at most 5 MB more than after the first', 'MB'),
    *(
        Aim(section, name, f'{scenes}: {sentence}', '%')
        for section, scenes in (('answers', 'simulated scenes'), ('photos', 'val scenes of photos'))
        for name, sentence in (
            ('fp32', 'heatmaps in float32 are all within 0.001 of torch in float32'),
            ('half', 'heatmaps in half precision are all within 0.01 of torch in float32'),
            ('peak', 'every engine has the same peak in at least 99 %'),
        )
    ),
)


def told(sections: Mapping[str, Sequence[Sheet]]) -> str:
    """Lay out every aim with what was reached, and below why some were not."""
    judged = [(aim, _goals(aim, sections)) for aim in AIMS]
    rows = [{'aim': aim.sentence} | _verdict(aim, goals) for aim, goals in judged]
    whys = '\n'.join(_whys(judged))
    return '\n\n'.join(part for part in ('### Aims', table(rows), whys) if part) + '\n'


def _goals(aim: Aim, sections: Mapping[str, Sequence[Sheet]]) -> list[Goal]:
    return [goal for sheet in sections.get(aim.section, ()) for goal in sheet.goals if goal.aim == aim.name]


def _verdict(aim: Aim, goals: Sequence[Goal]) -> dict[str, str]:
    if not goals:
        return {'reached': 'not measured', 'met': ''}
    worst = min(goals, key=lambda goal: (goal.reached, goal.margin))
    found = 'nothing' if math.isnan(worst.found) else f'{worst.found:.3g} {aim.unit}'.strip()
    subject, named, _ = worst.what.partition(': ')
    return {
        'reached': f'{found} ({subject})' if named else found,
        'met': 'yes' if all(goal.reached for goal in goals) else 'no',
    }


def _whys(judged: Sequence[tuple[Aim, Sequence[Goal]]]) -> Iterator[str]:
    for aim, goals in judged:
        missed = next((goal for goal in goals if not goal.reached), None)
        if missed is not None:
            yield f'- Not met: {aim.sentence}. {missed.why.strip() or "Why is not known."}'
