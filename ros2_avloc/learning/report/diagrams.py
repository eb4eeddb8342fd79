"""Diagrams as SVG text; colours and type come from the page's style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ros2_avloc.learning.measures.figures import Figure

WIDTH, HEIGHT = 440, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 24, 42
_WIDE, _ROW, _NAMES = 560, 24, 150
_APART = 8

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """A line: its name in the legend, its class in the style, and points in [0, 1]²."""

    name: str
    style: str
    points: Points


def _x(value: float) -> float:
    return _LEFT + value * (WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM)


def lines(series: Sequence[Series], across: str, mark: float | None = None, label: str = '') -> str:
    """Draw lines over [0, 1], with a vertical mark at one place."""
    parts = list(_axes(across))
    if mark is not None:
        parts.append(f'<line class="mark" x1="{_x(mark):.1f}" x2="{_x(mark):.1f}" y1="{_TOP}" '
                     f'y2="{_y(0):.1f}"/>')
        parts.append(_text(_x(mark), _TOP - 7, label, 'middle', 'note'))
    for line in series:
        path = ' '.join(f'{_x(x):.1f},{_y(y):.1f}' for x, y in line.points)
        parts.append(f'<polyline class="line {line.style}" points="{path}"/>')
    return _svg(WIDTH, HEIGHT, parts) + _legend((line.name, line.style) for line in series)


def reliability(bins: Sequence[dict[str, Any]]) -> str:
    """Draw the share that is true over the probability; what lies on the diagonal is what it says."""
    parts = list(_axes('probability that something in view sounds'))
    parts.append(f'<line class="diagonal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    heaviest = max((row['weight'] for row in bins), default=0) or 1
    for row in bins:
        if row['true'] is None:
            continue
        wide = _x(row['to']) - _x(row['from']) - 4
        parts.append(f'<rect class="bin" x="{_x(row["from"]) + 2:.1f}" y="{_y(row["true"]):.1f}" '
                     f'width="{wide:.1f}" height="{_y(0) - _y(row["true"]):.1f}" '
                     f'fill-opacity="{0.25 + 0.75 * row["weight"] / heaviest:.2f}"/>')
        parts.append(f'<circle class="dot" cx="{_x(row["probability"]):.1f}" cy="{_y(row["true"]):.1f}" '
                     'r="3.5"/>')
    return _svg(WIDTH, HEIGHT, parts) + _legend([('share that is true (dark: many pairs)', 'bins')])


def whiskers(rows: Sequence[tuple[str, Sequence[tuple[Figure, str]]]],
             legend: Iterable[tuple[str, str]]) -> str:
    """Draw figures with their intervals, a row for each name, several figures in a row.

    Parameters
    ----------
    rows
        Name, and each figure with its class in the style.
    legend
        Name and class of each kind of figure.

    Returns
    -------
    str
        Empty where there are no rows.
    """
    if not rows:
        return ''
    tall = _ROW + _APART * (max(len(figures) for _, figures in rows) - 1)
    height = tall * len(rows) + 34
    parts = [part for tick in range(5) for part in _percentage(25 * tick, height)]
    for number, (name, figures) in enumerate(rows):
        y = 6 + tall * (number + 0.5)
        parts.append(_text(_NAMES - 12, y + 4, name, 'end', 'name'))
        shown = [(figure, style) for figure, style in figures if figure['value'] is not None]
        parts.extend(_whisker(figure, style, y + _APART * (place - (len(shown) - 1) / 2))
                     for place, (figure, style) in enumerate(shown))
    return _svg(_WIDE, height, parts) + _legend(legend)


def _across(value: float) -> float:
    return _NAMES + value * (_WIDE - _NAMES - 24)


def _percentage(tick: int, height: float) -> Iterable[str]:
    x = _across(tick / 100)
    yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 26}"/>'
    yield _text(x, height - 10, f'{tick} %', 'middle', 'tick')


def _whisker(figure: Figure, style: str, y: float) -> str:
    low, high = (figure['value'] if end is None else end for end in figure['interval'])
    title = escape(f'{100 * figure["value"]:.1f} % [{100 * low:.1f}, {100 * high:.1f}], n = {figure["n"]}')
    return (f'<g class="{style}"><title>{title}</title><line class="whisker" x1="{_across(low):.1f}" '
            f'x2="{_across(high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{_across(figure["value"]):.1f}" cy="{y:.1f}" r="4"/></g>')


def _axes(across: str) -> Iterable[str]:
    for tick in range(5):
        value = tick / 4
        yield f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(value):.1f}" y2="{_y(value):.1f}"/>'
        yield _text(_x(0) - 8, _y(value) + 4, f'{value:g}', 'end', 'tick')
        yield _text(_x(value), _y(0) + 17, f'{value:g}', 'middle', 'tick')
    yield _text((_x(0) + _x(1)) / 2, HEIGHT - 6, across, 'middle', 'note')


def _text(x: float, y: float, text: str, anchor: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, parts: Iterable[str]) -> str:
    inside = '\n'.join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
            f'{inside}</svg>')


def _legend(entries: Iterable[tuple[str, str]]) -> str:
    keys = ''.join(f'<span><i class="key {style}"></i>{escape(name)}</span>' for name, style in entries)
    return f'<p class="legend">{keys}</p>'
