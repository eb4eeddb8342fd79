"""Pieces that every page is made of, as HTML text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ros2_avloc.learning.report.style import STYLE


def document(title: str, body: Iterable[str]) -> str:
    """Return a page that needs no other file."""
    inside = '\n'.join(body)
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n<title>{escape(title)}</title>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<style>{STYLE}</style></head>\n<body><main>\n{inside}\n</main></body></html>\n')


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return a table; its first row is the head."""
    def row(cells: Sequence[str], tag: str) -> str:
        return '<tr>' + ''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells) + '</tr>'

    body = ''.join(row(cells, 'td') for cells in rows[1:])
    return f'<div class="card scroll"><table>{row(rows[0], "th")}{body}</table></div>'


def columns(left: Sequence[str], right: Sequence[str]) -> str:
    """Return cards in two columns."""
    return f'<div class="columns"><div>{"".join(left)}</div><div>{"".join(right)}</div></div>'


def card(title: str, inside: str) -> str:
    """Return something with a title and a frame around it."""
    return f'<div class="card"><h3 style="margin-top:0">{escape(title)}</h3>{inside}</div>'


def figure(picture: str, caption: str, kind: str = '') -> str:
    """Return a picture (a data URL) with words below it, marked as ``right``, as a ``query``, or as wrong."""
    caption = escape(caption)
    return (f'<figure{f" class={kind}" if kind else ""}><img src="{picture}" alt="{caption}">'
            f'<figcaption>{caption}</figcaption></figure>')


def words(name: str) -> str:
    """Return a name of the JSON as people write it."""
    return name.replace('_', ' ')
