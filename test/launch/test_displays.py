"""What RViz and Foxglove are told to show is there: topics, their types, frames, fields, statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

checker = pytest.importorskip('ros2_avloc.node.checker')
outputs = pytest.importorskip('ros2_avloc.node.outputs')
simulator = pytest.importorskip('ros2_avloc.node.simulator')
diagnostics = pytest.importorskip('ros2_avloc.node.diagnostics')

ROOT = Path(__file__).parents[2]
RVIZ = yaml.safe_load((ROOT / 'config' / 'avloc.rviz').read_text())
FOXGLOVE = json.loads((ROOT / 'config' / 'avloc.foxglove.json').read_text())
PANELS: dict[str, dict[str, Any]] = FOXGLOVE['configById']

TYPES = {f'/{topic.lstrip("/")}': kind.__name__ for topic, (kind, _) in checker.TOPICS.items()}
TYPES |= {f'/avloc/{name}': kind.__name__ for name, kind in outputs.TYPES.items()}
FRAMES = {simulator.WORLD_FRAME, simulator.LINK_FRAME, simulator.OPTICAL_FRAME}

SHOWN_BY_RVIZ = {
    'rviz_default_plugins/Image': 'Image',
    'rviz_default_plugins/MarkerArray': 'MarkerArray',
    'rviz_default_plugins/PoseArray': 'PoseArray',
}
SHOWN_IN_3D = {'MarkerArray', 'PoseArray', 'CameraInfo'}
"""Types that Foxglove's 3D and Image panels draw."""


def displays() -> dict[str, dict[str, Any]]:
    return {display['Topic']['Value']: display
            for display in RVIZ['Visualization Manager']['Displays'] if 'Topic' in display}


def panels(kind: str) -> list[dict[str, Any]]:
    return [panel for name, panel in PANELS.items() if name.startswith(f'{kind}!')]


def leaves(layout: Any) -> Iterator[str]:
    if isinstance(layout, str):
        yield layout
        return
    assert set(layout) == {'direction', 'splitPercentage', 'first', 'second'}
    assert layout['direction'] in ('row', 'column') and 0 < layout['splitPercentage'] < 100
    yield from leaves(layout['first'])
    yield from leaves(layout['second'])


def test_rviz_shows_topics_that_there_are_as_what_they_are() -> None:
    assert {topic: SHOWN_BY_RVIZ[display['Class']] for topic, display in displays().items()} == {
        topic: TYPES[topic] for topic in displays()}
    enabled = {topic for topic, display in displays().items() if display['Enabled']}
    assert enabled == {'/camera/image_raw', '/avloc/heatmap', '/avloc/overlay', '/avloc/markers'}


def test_what_has_no_lifetime_is_not_shown_as_attended() -> None:
    """A viewer keeps a pose for ever, and silence is how the node says that nothing is attended to."""
    assert '/avloc/attended' not in displays()
    scene, = panels('3D')
    assert '/avloc/attended' not in scene['topics']


def test_rviz_asks_of_no_topic_more_than_it_offers() -> None:
    for topic, display in displays().items():
        wanted = display['Topic']
        assert wanted['Durability Policy'] == 'Volatile'
        assert topic.startswith('/avloc/') or wanted['Reliability Policy'] == 'Best Effort'


def test_rviz_is_fixed_to_a_frame_that_there_is() -> None:
    manager = RVIZ['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] in FRAMES
    assert 'rviz_default_plugins/TF' in {display['Class'] for display in manager['Displays']}


def test_foxglove_lays_out_every_panel_once() -> None:
    assert set(FOXGLOVE) == {'configById', 'globalVariables', 'userNodes', 'playbackConfig', 'layout'}
    assert sorted(leaves(FOXGLOVE['layout'])) == sorted(PANELS)
    kinds = {name.partition('!')[0] for name in PANELS}
    assert kinds == {'3D', 'Image', 'Plot', 'DiagnosticSummary', 'DiagnosticStatusPanel'}


def test_foxglove_draws_topics_that_there_are_and_that_it_can_draw() -> None:
    for panel in panels('3D') + panels('Image'):
        drawn = panel['topics']
        assert {TYPES[topic] for topic in drawn} <= SHOWN_IN_3D
    scene, = panels('3D')
    assert scene['topics']['/avloc/markers']['visible'] is True
    for panel in panels('Image'):
        assert TYPES[panel['imageMode']['imageTopic']] in ('Image', 'CompressedImage')
        if panel['topics']:  # without calibration Foxglove draws nothing into an image
            assert TYPES[panel['imageMode']['calibrationTopic']] == 'CameraInfo'


def test_foxglove_follows_frames_that_there_are() -> None:
    scene, = panels('3D')
    named = {name.removeprefix('frame:') for name in scene['transforms']}
    assert scene['followTf'] in FRAMES and named <= FRAMES


def test_foxglove_plots_fields_that_there_are() -> None:
    plot, = panels('Plot')
    assert plot['paths']
    for path in plot['paths']:
        assert path['enabled'] is True and path['timestampMethod'] in ('headerStamp', 'receiveTime')
        topic, _, fields = path['value'].partition('.')
        message: Any = next(kind for name, (kind, _) in checker.TOPICS.items() if f'/{name}' == topic)()
        for field in re.split(r'\.(?!@)', fields.partition('.@')[0]):
            message = getattr(message, field)
        assert fields.partition('.@')[2] == 'rpy.yaw.@degrees'
        assert {'x', 'y', 'z', 'w'} <= set(message.get_fields_and_field_types())


def test_foxglove_shows_a_status_of_the_node() -> None:
    for panel in panels('DiagnosticSummary') + panels('DiagnosticStatusPanel'):
        assert TYPES[panel['topicToRender']] == 'DiagnosticArray'
    panel, = panels('DiagnosticStatusPanel')
    assert panel['selectedHardwareId'] == 'avloc'
    assert panel['selectedName'] in {f'avloc: {part}' for part in diagnostics.PARTS}
    summary, = panels('DiagnosticSummary')
    assert summary['hardwareIdFilter'] == 'avloc'
