"""The page: figures, diagrams and galleries of every set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from ros2_avloc.learning.measures.figures import Figure
from ros2_avloc.learning.measuring.examination import Answers
from ros2_avloc.learning.measuring.tables import NEGATIVE_WORDS, figure_rows, percent, short
from ros2_avloc.learning.report import exhibits
from ros2_avloc.learning.report.diagrams import Series, lines, reliability, whiskers
from ros2_avloc.learning.report.exhibits import exhibit
from ros2_avloc.learning.report.parts import card, columns, document, figure, grid, words

Report = dict[str, Any]

TITLES = {'simulated': 'Simulated scenes', 'real': 'Scenes of photos and recordings', 'videos': 'Videos',
          'bags': 'Recordings of the simulator'}

_KINDS = (('this network', 'main'), ('sees, does not hear', 'second'), ('always the centre', 'third'))


def page(report: Report, answers: dict[str, Answers], pictures: dict[str, list[bytes]]) -> str:
    """Return the report as HTML that needs no other file.

    Parameters
    ----------
    report, answers, pictures
        Of `measuring.bundles.Measured`.
    """
    body = [*_head(report)]
    for name, figures in report['sets'].items():
        body.extend(_section(name, figures, answers[name], pictures[name], report['thresholds']))
    return document(f'{report["bundle"]}: what it reaches', body)


def _head(report: Report) -> Iterator[str]:
    thresholds = report['thresholds']
    yield f'<h1>{escape(report["bundle"])}</h1>'
    about = ' · '.join(escape(str(report[key])) for key in ('date', 'engine', 'machine'))
    yield f'<p class="about">{about}<br>bundle <code>{report["sha256"][:16]}…</code></p>'
    yield (f'<p>A peak counts as a source from a probability of {thresholds["shipped"]:.2f}, as shipped. A '
           f'view and a sound are said to belong together from {thresholds["avc"]:.2f}, and a point of the '
           f'map counts as on the object from {thresholds["area"]:.2f}; these two were fitted on scenes set '
           f'aside ({escape(", ".join(thresholds["fitted_on"]))}), one value for all sets. In brackets and '
           'as whiskers: 95 % intervals.</p>')


def _section(name: str, figures: Report, answers: Answers, pictures: Sequence[bytes],
             thresholds: dict[str, float]) -> Iterator[str]:
    yield f'<h2>{escape(TITLES.get(name, name))}</h2>'
    yield f'<p class="about">{escape(_origin(figures))}</p>'
    yield _heads(figures)
    yield columns([card('Peak on what sounds', _places(figures)),
                    card('Precision and recall', _curve(figures, thresholds['shipped']))],
                   [card('By what is heard', _categories(figures))])
    yield columns([card('Probability and truth', reliability(figures['calibration']['bins']))],
                   [card('Where nothing in view sounds', _negatives(figures))])
    yield '<h3>All figures</h3>' + grid(figure_rows(figures))
    yield from _galleries(answers, pictures, thresholds['shipped'])
    yield '<h3>By category</h3>'
    for category, found in figures['by_category'].items():
        yield _category(category, found, _shown(answers, pictures, exhibits.of_category(answers, category),
                                                thresholds['shipped']))


def _origin(figures: Report) -> str:
    origin = figures['origin']
    told = ' · '.join(f'{key} {_plain(value)}' for key, value in origin.items() if value is not None)
    return f'{figures["pairs"]} pairs of a view and a sound · {told}'


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ', '.join(map(str, value)) if len(value) < 6 else f'{len(value)}'
    return str(value)


def _heads(figures: Report) -> str:
    """Return the figures that matter most, large."""
    heads: list[tuple[str, Figure]] = [
        (f'peak on what sounds, {number} in view (centre {short(place["centre"])})', place)
        for number, place in figures['localisation'].items()]
    heads += [('both sounds of two objects in place', figures['swap']['both']),
              ('AVC, in view or elsewhere', figures['avc']), ('sound in view is found', figures['kept'])]
    if 'elsewhere' in figures['false_positives']:
        heads.append(('false positives, not in view', figures['false_positives']['elsewhere']))
    return '<div class="heads">' + ''.join(
        f'<div><b>{short(figure)}</b><span>{escape(name)}</span></div>' for name, figure in heads
        if figure['value'] is not None) + '</div>'


def _places(figures: Report) -> str:
    rows = [(f'{number} in view', [(place, 'main'), (place['blind'], 'second'), (place['centre'], 'third')])
            for number, place in figures['localisation'].items()]
    if figures['swap']['both']['value'] is not None:
        rows.append(('both of two', [(figures['swap']['both'], 'main')]))
    return whiskers(rows, _KINDS)


def _categories(figures: Report) -> str:
    named = sorted(figures['by_category'].items(), key=lambda item: -(item[1]['localisation']['value'] or 0))
    return whiskers([(words(name), [(found['localisation'], 'main'), (found['false_positives'], 'third')])
                     for name, found in named],
                    (('peak in place', 'main'), ('false positives, where it is not in view', 'third')))


def _negatives(figures: Report) -> str:
    rows = [(NEGATIVE_WORDS[kind], [(figure, 'main'), (figures['pia'][kind], 'third')])
            for kind, figure in figures['false_positives'].items()]
    return whiskers(rows, (('false positives', 'main'), ('pIA: share of the area that is found', 'third')))


def _curve(figures: Report, threshold: float) -> str:
    curve = figures['curve']
    series = [Series(words, style, [(x, y) for x, y in zip(curve['threshold'], curve[key], strict=True)
                                    if y is not None])
              for key, words, style in (('precision', 'precision', 'main'),
                                        ('recall', 'recall, in place', 'second'),
                                        ('false_positives', 'false positives', 'third'))]
    return lines(series, 'threshold', threshold, f'shipped, {threshold:.2f}')


def _galleries(answers: Answers, pictures: Sequence[bytes], threshold: float) -> Iterator[str]:
    yield ('<p class="note" style="margin-top:28px">White: the box of what sounds. Ring: the peak, where it '
           'reaches the threshold; green where it is right. Below: what is heard, and the probability that '
           'it is in view.</p>')
    for title, choose in (('Right, and surest', exhibits.best), ('Wrong, and surest', exhibits.worst),
                          ('At random', exhibits.at_random),
                          ('Nothing in view sounds: what was found most surely', exhibits.false_alarms)):
        shown = _shown(answers, pictures, choose(answers), threshold)
        if shown:
            yield f'<h3>{title}</h3><div class="gallery">{"".join(shown)}</div>'
    pairs = exhibits.swaps(answers)
    if pairs:
        yield '<h3>The same view, with the sound of the one and of the other</h3><div class="pairs">'
        for pair in pairs:
            yield '<div>' + ''.join(_shown(answers, pictures, np.array(pair), threshold)) + '</div>'
        yield '</div>'


def _shown(answers: Answers, pictures: Sequence[bytes], indices: Iterable[int],
           threshold: float) -> list[str]:
    shown = (exhibit(answers, pictures, int(index), threshold) for index in indices)
    return [figure(one.picture, one.caption, 'right' * one.right) for one in shown]


def _category(name: str, found: Report, shown: Sequence[str]) -> str:
    return (f'<div class="category"><div><strong>{escape(words(name))}</strong>'
            f'<small>in place {percent(found["localisation"])}</small>'
            f'<small>found {percent(found["kept"])}</small>'
            f'<small>found elsewhere {percent(found["false_positives"])}</small></div>'
            f'<div class="gallery">{"".join(shown)}</div></div>')
