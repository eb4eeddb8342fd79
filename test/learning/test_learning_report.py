"""The report is whole, stands alone, and shows what was measured."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from ros2_avloc.cli import app
from ros2_avloc.learning.material import worlds
from ros2_avloc.learning.measures.maps import target_cells
from ros2_avloc.learning.measures.retrieval import DIRECTIONS
from ros2_avloc.learning.measuring.bundles import judged
from ros2_avloc.learning.measuring.cases import composed
from ros2_avloc.learning.measuring.embedders import Items
from ros2_avloc.learning.measuring.evaluation import Thresholds
from ros2_avloc.learning.measuring.examination import examine
from ros2_avloc.learning.report import diagrams, exhibits
from ros2_avloc.learning.report.finds import ANSWERS, asked_about, finds
from ros2_avloc.learning.report.page import page

ABOUT = {'schema': 'test', 'bundle': 'some <network>', 'sha256': 32 * '0f', 'engine': 'by hand',
         'machine': 'this one', 'date': '2026-01-01'}


class Half:
    """Knows where things are, and finds every second sound somewhere else."""

    def __init__(self):
        self.heard = 0

    def see(self, view):
        return view

    def hear(self, heard):
        self.heard += 1
        return heard, self.heard % 2

    def compare(self, view, sound):
        heard, shifted = sound
        cells = target_cells([box for name, box in view.objects if name == heard.name])
        return 0.9 * np.roll(cells, 7 * shifted, axis=(0, 1)).astype(np.float32) + np.float32(0.05)


@pytest.fixture(scope='module')
def measured(world):
    sets = {'simulated': composed(world, 8, seed=5)}
    return judged(Half(), Thresholds(0.5, 0.5, 0.5, ['simulated']), sets, ABOUT)


@pytest.fixture(scope='module')
def html(measured):
    return page(measured.report, measured.answers, measured.pictures)


class Nesting(HTMLParser):
    """Counts tags, and finds those that are not closed in their order."""

    def __init__(self):
        super().__init__()
        self.open, self.count, self.wrong = [], {}, []

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ('meta', 'br', 'img', 'line', 'rect', 'circle', 'polyline'):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_well_formed_and_whole(html):
    page = Nesting()
    page.feed(html)
    assert page.wrong == page.open == []
    assert page.count['svg'] == 5
    assert page.count['table'] == 1
    titles = re.findall('<h3[^>]*>(.*?)</h3>', html)
    for title in ('Precision and recall', 'Probability and truth', 'All figures', 'Right, and surest',
                  'Wrong, and surest', 'At random', 'By category'):
        assert title in titles


def test_the_page_needs_no_other_file(html):
    sources = re.findall('(?:src|href|url)[=(]"?([^">)]*)', html)
    assert sources
    assert all(source.startswith('data:image/jpeg;base64,') for source in sources)


def test_what_the_world_calls_itself_is_no_markup(html):
    assert 'some &lt;network&gt;' in html
    assert '<network>' not in html


def test_diagrams_are_xml_within_their_frame(html):
    for svg in re.findall('<svg.*?</svg>', html, re.DOTALL):
        root = ElementTree.fromstring(svg)
        _, _, width, height = map(float, root.get('viewBox').split())
        for element in root.iter():
            for key, value in element.attrib.items():
                if key in ('x', 'x1', 'x2', 'cx', 'y', 'y1', 'y2', 'cy'):
                    assert -1 <= float(value) <= (width if 'x' in key else height) + 1


def test_galleries_show_what_they_say(measured):
    answers = measured.answers['simulated']
    right = {name: [exhibits.exhibit(answers, measured.pictures['simulated'], index, 0.5).right
                    for index in choose(answers)]
             for name, choose in (('best', exhibits.best), ('worst', exhibits.worst))}
    assert right['best'] and all(right['best'])
    assert right['worst'] and not any(right['worst'])
    for first, other in exhibits.swaps(answers):
        assert answers.views[first] == answers.views[other]
        assert answers.names[first] != answers.names[other]
    name = str(answers.names[answers.true][0])
    assert set(answers.names[exhibits.of_category(answers, name)]) == {name}


def test_an_exhibit_shows_box_and_peak(world):
    answers, pictures = examine(Half(), composed(world, 2, seed=5))
    index = int(np.flatnonzero(answers.true)[0])
    shown = exhibits.exhibit(answers, pictures, index, 0.5)
    content = base64.b64decode(shown.picture.partition(',')[2])
    drawn = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (224, 224, 3)
    left, top, width, height = answers.boxes[index][0]
    x, y = round((left + width) * 224) - 1, round((top + height / 2) * 224)
    assert drawn[y, x - 1:x + 2].max() > 180
    assert shown.caption.startswith(str(answers.names[index]))


def test_lines_lie_where_their_points_are():
    svg = diagrams.lines([diagrams.Series('one', 'main', [(0, 0), (1, 1)])], 'across', mark=0.5, label='here')
    ends = re.search('points="([^"]*)"', svg)[1].split()
    (x0, y0), (x1, y1) = (map(float, end.split(',')) for end in ends)
    assert x0 < x1
    assert y0 > y1
    assert 'here' in svg


def test_finds_are_marked_by_their_category_and_never_the_query_itself():
    """Two categories on either side of a line; one frame lies on the wrong side, and so do its answers."""
    names = np.array(['cat'] * 8 + ['dog'] * 8)
    side = np.where(names == 'cat', -1.0, 1.0)
    images = np.stack([side, np.linspace(0, 0.1, 16)], axis=1)
    images[3, 0] *= -1
    sounds = np.stack([side, np.linspace(0.1, 0, 16)], axis=1)
    pictures = [f'picture {number}'.encode() for number in range(16)]
    items = Items(names, images, sounds, pictures)
    for direction, (asked, found) in DIRECTIONS.items():
        rows = list(finds(items, direction))
        assert len(rows) == 2
        for row in rows:
            kinds = re.findall('<figure(?: class=([a-z]+))?>', row)
            captions = re.findall('<figcaption>(.*?)</figcaption>', row)
            shown = [base64.b64decode(content).decode() for content in re.findall('base64,([^"]*)', row)]
            assert (kinds[0], len(kinds)) == ('query', ANSWERS + 1)
            assert len(set(shown)) == len(shown)
            assert captions[0].startswith('♪ ') == bool(asked)
            assert all(caption.startswith('♪ ') == bool(found) for caption in captions[1:])
            query = captions[0].removeprefix('♪ ')
            for kind, caption in zip(kinds[1:], captions[1:], strict=True):
                assert (kind == 'right') == (caption.removeprefix('♪ ') == query)
    assert {'cat', 'dog'} == set(names[asked_about(names)])
    assert np.array_equal(asked_about(names), asked_about(names.copy()))


def test_the_command_writes_table_figures_and_report_of_a_bundle(monkeypatch, tmp_path):
    monkeypatch.setattr(worlds, 'INDIVIDUALS', dict.fromkeys(worlds.INDIVIDUALS, 4))
    written, asked = tmp_path / 'figures.json', ['evaluate', '--bundle', 'avolnet', '--scenes', '6']
    result = CliRunner().invoke(app, [*asked, '--json', str(written)])
    assert result.exit_code == 0, result.output
    figures = json.loads(written.read_text())
    assert set(figures) == {'schema', 'bundle', 'sha256', 'engine', 'machine', 'date', 'threshold',
                            'thresholds', 'sets'}
    one = figures['sets']['simulated']['localisation']['1']
    assert one['n'] == 6 and one['value'] > one['centre']['value']
    assert f'{100 * one["value"]:.1f} %' in result.output
    parsed = Nesting()
    parsed.feed((tmp_path / 'figures.html').read_text())
    parsed.close()
