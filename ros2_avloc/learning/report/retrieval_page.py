"""Pages about networks for retrieval: figures and diagrams of every set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ros2_avloc.learning.measures.retrieval import DIRECTIONS
from ros2_avloc.learning.measuring.embedders import Items
from ros2_avloc.learning.measuring.tables import percent, short
from ros2_avloc.learning.report.diagrams import reliability, whiskers
from ros2_avloc.learning.report.finds import finds
from ros2_avloc.learning.report.page import TITLES
from ros2_avloc.learning.report.parts import card, columns, document, grid, words

Report = dict[str, Any]
Networks = Mapping[str, Mapping[str, Report]]
"""Figures by network and set."""
Found = Mapping[str, Mapping[str, Items]]
"""What was searched, by network and set."""

LONGEST = 22
"""Letters of a network's name beside a diagram."""

ARROWS = {direction: direction.replace('_', ' → ') for direction in DIRECTIONS}

_LEGEND = ('<p class="note" style="margin-top:28px">On the left queries, drawn at random, the same '
           'everywhere; then what is nearest, best first. Green: of the query\'s category; red: of another '
           'one. ♪: a second of sound; its picture is that of its scene, which the network does not see.</p>')


def embedder_page(report: Report, items: Found) -> str:
    """Return what `measuring.embedders.measure_embedder` found as HTML that needs no other file."""
    about = f'{report["date"]} · {report["engine"]} · {report["machine"]} · bundle {report["sha256"][:16]}…'
    return _page(report['bundle'], about, {report['bundle']: report['sets']}, items)


def comparison_page(report: Report, items: Found) -> str:
    """Return what `measuring.comparison.compare` found as HTML that needs no other file."""
    about = f'{report["date"]} · {report["machine"]} · {report["scenes"]} scenes of each set'
    return _page('Networks for retrieval', about, report['networks'], items)


def _page(title: str, about: str, networks: Networks, items: Found) -> str:
    body = [f'<h1>{escape(title)}</h1>', f'<p class="about">{escape(about)}</p>',
            '<p>nDCG@30 of what is found with a picture (image) or a second of sound (audio), among pictures '
            'or among sounds; what is of the query\'s category is relevant, its own picture and sound are '
            'left out. In brackets and as whiskers: 95 % intervals.</p>']
    for name in next(iter(networks.values())):
        body.extend(_section(name, {network: sets[name] for network, sets in networks.items()},
                             {network: sets[name] for network, sets in items.items()}))
    return document(f'{title}: what is found', body)


def _section(name: str, found: Mapping[str, Report], items: Mapping[str, Items]) -> Iterator[str]:
    yield f'<h2>{escape(TITLES.get(name, name))}</h2>'
    yield grid([['', *ARROWS.values(), 'AVC'], *_rows(found)])
    cards = [card(f'{arrow}: nDCG@30', _direction(found, direction)) for direction, arrow in ARROWS.items()]
    yield columns(cards[::2], cards[1::2])
    for network, figures in found.items():
        if 'calibration' in figures:
            yield card(f'{network}: probability and truth', reliability(figures['calibration']['bins']))
        yield f'<h3>{escape(network)}: by category of the query</h3>'
        yield columns([card('Across', _categories(figures, 'image_audio', 'audio_image'))],
                      [card('Within', _categories(figures, 'image_image', 'audio_audio'))])
    yield _LEGEND
    for network, searched in items.items():
        yield f'<h3>{escape(network)}: what is found first</h3>'
        yield from (card(arrow, ''.join(finds(searched, direction))) for direction, arrow in ARROWS.items())


def _rows(found: Mapping[str, Report]) -> Iterator[list[str]]:
    first = next(iter(found.values()))
    yield ['a random order', *(short(first[direction]['chance']) for direction in DIRECTIONS), '50 %']
    for network, figures in found.items():
        yield [network, *(percent(figures[direction]['ndcg']) for direction in DIRECTIONS),
               percent(figures['avc'])]


def _direction(found: Mapping[str, Report], direction: str) -> str:
    asked = {network: figures[direction] for network, figures in found.items()}
    return whiskers([(_short(network), [(one['ndcg'], 'main'), (one['chance'], 'third')])
                     for network, one in asked.items()], (('nDCG', 'main'), ('a random order', 'third')))


def _short(name: str) -> str:
    """Return a name that fits beside a diagram; the table has all of it."""
    return name if len(name) <= LONGEST else f'{name[:LONGEST - 1]}…'


def _categories(figures: Report, one: str, other: str) -> str:
    first, second = (figures[direction]['by_category'] for direction in (one, other))
    names = sorted(first, key=lambda name: -(first[name]['value'] or 0))
    return whiskers([(words(name), [(first[name], 'main'), (second[name], 'second')]) for name in names],
                    ((ARROWS[one], 'main'), (ARROWS[other], 'second')))
