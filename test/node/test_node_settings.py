"""The table of parameters: what it refuses, and that the shipped file says the same."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml

from ros2_avloc.errors import AvlocError
from ros2_avloc.node.parameter_files import markdown, parameter_file
from ros2_avloc.node.settings import ALWAYS, Settings, entries
from ros2_avloc.pipeline import PipelineSettings

ROOT = Path(__file__).parents[2]

DESIGN = {
    'model': ['bundle', 'engine', 'precision', 'cache_dir', 'build_level', 'build_workspace', 'strict'],
    'audio': ['type', 'sample_rate', 'channels', 'format', 'select', 'array', 'array_frame', 'stamp_at',
              'offset*'],
    'image_transport': [],
    'camera': ['hfov'],
    'window': ['alignment*', 'max_rate*', 'timeout'],
    'sources': ['threshold*', 'max*'],
    'tracks': ['confirm*', 'forget*'],
    'attention': ['min_dwell*', 'switch_margin*', 'distance*'],
    'target_frame': [], 'target_frame_optional*': [],
    'heatmap': ['upsample*'],
    'autostart': [],
    'build_only': [],
}


def test_the_table_has_the_parameters_of_the_design_and_no_others():
    starred = [f'{group}.{name}' for group, names in DESIGN.items() for name in names]
    starred += [group for group, names in DESIGN.items() if not names]
    assert sorted(entry.name + '*' * (entry.changes == ALWAYS) for entry in entries()) == sorted(starred)


def test_the_shipped_file_is_the_table():
    text = (ROOT / 'config' / 'avloc.yaml').read_text(encoding='utf-8')
    assert text == parameter_file()
    values = yaml.safe_load(text)['/**']['ros__parameters']
    assert Settings.from_values(values) == Settings()
    assert list(values) == [entry.name for entry in entries()]


def test_fields_and_names_belong_together():
    for item in fields(Settings):
        assert item.name == item.metadata['entry'].name.replace('.', '_')
        assert item.default == item.metadata['entry'].default


def test_defaults_are_those_of_the_pipeline():
    settings, pipeline = Settings(), PipelineSettings()
    assert (settings.sources_threshold, settings.sources_max) == (pipeline.threshold, pipeline.limit)
    assert (settings.tracks_confirm, settings.tracks_forget) == (pipeline.confirm, pipeline.forget)
    assert settings.attention_min_dwell == pipeline.min_dwell
    assert settings.attention_switch_margin == pipeline.switch_margin


@pytest.mark.parametrize(('name', 'value', 'sentence'), [
    ('window.alignment', 'left', "window.alignment cannot be 'left'; it is one of trailing, centered."),
    ('sources.threshold', 1.5, 'sources.threshold cannot be 1.5; it lies between 0 and 1.'),
    ('sources.threshold', float('nan'), 'sources.threshold cannot be nan; it lies between 0 and 1.'),
    ('audio.select', [0, 64], r'audio.select cannot be \[0, 64\]; it lies between 0 and 63.'),
])
def test_what_cannot_be_is_refused_in_a_sentence(name, value, sentence):
    with pytest.raises(AvlocError, match=sentence):
        Settings.from_values({name: value})


def test_values_of_ros_become_typed():
    settings = Settings.from_values({'audio.select': [1, 0], 'sources.max': 2})
    assert settings == replace(Settings(), audio_select=(1, 0), sources_max=2)


def test_the_page_of_parameters_is_the_table():
    page = (ROOT / 'docs' / 'parameters.md').read_text(encoding='utf-8')
    assert page == markdown()
    rows = [line for line in page.splitlines() if line.startswith('| `')]
    assert [row.split('`')[1] for row in rows] == [entry.name for entry in entries()]
