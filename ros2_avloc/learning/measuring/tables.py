"""The figures of a report as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ros2_avloc.learning.measures.figures import Figure

Report = dict[str, Any]
Cell = Callable[[Report], str]

NEGATIVE_WORDS = {'silence': 'silence', 'noise': 'noise', 'hum': 'hum',
                  'elsewhere': 'a thing not in view', 'other': 'a sound of no category'}


def table(report: Report) -> str:
    """Return the main figures of a report as a Markdown table, a column for each set."""
    return markdown(main_rows(report))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the first of which is the head, as a Markdown table."""
    lines = [rows[0], ['---'] * len(rows[0]), *rows[1:]]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def main_rows(report: Report) -> list[list[str]]:
    """Return the head and a row for each main figure."""
    sets = report['sets']
    objects = sorted({number for one in sets.values() for number in one['localisation']})
    lines: list[tuple[str, Cell]] = [
        (f'peak on what sounds, {number} in view (always the centre; seeing without hearing)', _place(number))
        for number in objects]
    lines += [
        ('both sounds of a two-object scene each in place', lambda one: percent(one['swap']['both'])),
        ('sound in view: found at the threshold', lambda one: percent(one['kept'])),
        *((f'false positives: {words}', _false_positives(kind)) for kind, words in NEGATIVE_WORDS.items()),
        (f'false positives at a threshold that finds 80 %: {" · ".join(NEGATIVE_WORDS.values())}', _at_80),
        ('AVC, in view or elsewhere', lambda one: percent(one['avc'])),
        ('F_LOC · F_AUC', lambda one: f'{percent(one["f_loc"])} · {percent(one["f_auc"])}'),
        ('expected calibration error', lambda one: percent(one['calibration']['expected_error'])),
    ]
    return [['', *sets], *([name, *(cell(one) for one in sets.values())] for name, cell in lines)]


def _place(number: str) -> Cell:
    def cell(one: Report) -> str:
        figure = one['localisation'].get(number)
        if figure is None:
            return '–'
        return f'{percent(figure)} ({short(figure["centre"])}; {short(figure["blind"])})'
    return cell


def _false_positives(kind: str) -> Cell:
    return lambda one: percent(one['false_positives'].get(kind))


def _at_80(one: Report) -> str:
    return ' · '.join(short(one['at_80']['false_positives'].get(kind)) for kind in NEGATIVE_WORDS)


def figure_rows(one: Report) -> list[list[str]]:
    """Return the head and a row for each figure of one set."""
    rows = [['', 'value', '95 % interval', 'n']]
    for number, place in one['localisation'].items():
        rows += [_row(f'{number} in view: {words}', figure) for words, figure in (
            ('peak on what sounds', place), ('always the centre', place['centre']),
            ('seeing without hearing', place['blind']), ('a random cell', place['random']),
            ('overlap of map and box, mean', place['overlap']),
            ('cIoU: overlap of at least 0.5', place['ciou']), ('AUC of the overlap', place['auc']))]
    rows += [_row('two in view: both sounds each in place', one['swap']['both']),
             _row('two in view: the peak moves with the sound', one['swap']['moved']),
             _row('sound in view: found at the shipped threshold', one['kept']),
             _row('AVC accuracy', one['avc']),
             _row('AVC accuracy at the shipped threshold', one['avc']['at_shipped_threshold'])]
    for kind, figure in one['false_positives'].items():
        rows += [_row(f'{NEGATIVE_WORDS[kind]}: false positives', figure),
                 _row(f'{NEGATIVE_WORDS[kind]}: false positives at a threshold that finds 80 %',
                      one['at_80']['false_positives'].get(kind)),
                 _row(f'{NEGATIVE_WORDS[kind]}: pIA, share of the area', one['pia'][kind]),
                 _row(f'{NEGATIVE_WORDS[kind]}: AUC_N', one['auc_n'][kind])]
    return [*rows, _row('F_LOC', one['f_loc']), _row('F_AUC', one['f_auc']),
            _row('expected calibration error', one['calibration']['expected_error'])]


def _row(name: str, figure: Figure | None) -> list[str]:
    if figure is None or figure['value'] is None:
        return [name, '–', '–', '0']
    low, high = figure['interval']
    ends = '–' if low is None else f'{100 * low:.1f} to {100 * high:.1f}'
    return [name, f'{100 * figure["value"]:.1f} %', ends, str(figure['n'])]


def percent(figure: Figure | None) -> str:
    """Return a figure as per cent with its interval, a dash where there is none."""
    if figure is None or figure['value'] is None:
        return '–'
    low, high = figure['interval']
    ends = '' if low is None else f' [{100 * low:.0f}, {100 * high:.0f}]'
    return f'{100 * figure["value"]:.1f} %{ends}'


def short(figure: Figure | None) -> str:
    """Return a figure as whole per cent."""
    return '–' if figure is None or figure['value'] is None else f'{100 * figure["value"]:.0f} %'
