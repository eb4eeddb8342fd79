"""Tables on the screen, in JSON and on a page."""

from __future__ import annotations

import io
import json

from rich.console import Console

from benchmark.measure import Times
from benchmark.sheet import Goal, Sheet, markdown, restored, shown, stored

SHEET = Sheet(
    'Two engines',
    [{'engine': 'a', 'ms': Times((1.0, 3.0, 2.0))}, {'engine': 'b', 'ms': Times((4.0,)), 'share': 0.12345}],
    [Goal('a, ms', 2.0, 1.5), Goal('b, share', 0.5, 0.4, at_least=True)],
    ['No GPU.'],
)
PAGE = """### Two engines

| engine | ms | share |
| --- | --- | --- |
| a | 2 (1 … 3) |  |
| b | 4 | 0.123 |

- a, ms: 2, at most 1.5 – NOT REACHED
- b, share: 0.5, at least 0.4
- No GPU.
"""


def test_a_goal_is_reached_at_its_limit_and_not_beyond() -> None:
    assert Goal('', 2.0, 2.0).reached and Goal('', 2.0, 2.0, at_least=True).reached
    assert not Goal('', 2.1, 2.0).reached and not Goal('', 1.9, 2.0, at_least=True).reached


def test_what_was_not_answered_at_all_reaches_no_goal() -> None:
    assert not Goal('p99', float('nan'), 33.0).reached


def test_a_page_shows_columns_of_all_rows_then_goals_then_notes() -> None:
    assert markdown(SHEET) == PAGE


def test_json_keeps_every_run() -> None:
    content = json.loads(json.dumps(stored(SHEET)))
    assert content['rows'][0]['ms'] == {'runs': [1.0, 3.0, 2.0]}
    assert markdown(restored(content)) == PAGE


def test_without_rows_there_is_no_table() -> None:
    assert markdown(Sheet('Nothing', [], notes=['No GPU here.'])) == '### Nothing\n\n- No GPU here.\n'


def test_the_screen_shows_what_the_page_does() -> None:
    screen = Console(file=io.StringIO(), width=100)
    screen.print(shown(SHEET))
    assert isinstance(screen.file, io.StringIO)
    for cell in ('Two engines', 'engine', '2 (1 … 3)', '0.123'):
        assert cell in screen.file.getvalue()
