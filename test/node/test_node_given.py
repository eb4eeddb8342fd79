"""Parameters from a file and from the command line, as a node would be given them."""

from __future__ import annotations

import pytest

from ros2_avloc.errors import InputError
from ros2_avloc.node.given import given_settings
from ros2_avloc.node.settings import Settings
from ros2_avloc.share import share_path


def test_the_shipped_file_holds_the_defaults():
    assert given_settings(share_path('config', 'avloc.yaml'), []) == Settings()


def test_an_assignment_comes_after_the_file(tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_text('/**:\n  ros__parameters: {sources.max: 2, audio.offset: 1, tracks.confirm: 9}\n'
                    'avloc:\n  ros__parameters: {tracks.confirm: 4, sources: {threshold: 1e-3}}\n')
    settings = given_settings(file, ['sources.max:=7', 'audio.select:=[1, 0]', 'audio.array:=[0.0, 0.1, 0.0]',
                                     'model.strict:=true', 'model.bundle:=./mine'])
    assert (settings.sources_max, settings.audio_offset, settings.tracks_confirm) == (7, 1.0, 4)
    assert settings.sources_threshold == 0.001
    assert (settings.audio_select, settings.audio_array) == ((1, 0), (0.0, 0.1, 0.0))
    assert (settings.model_strict, settings.model_bundle) == (True, './mine')


@pytest.mark.parametrize('wrong', ['sources.max:=2.5', 'sources.max:=true', 'model.strict:=1',
                                   'audio.select:=[1.5]', 'audio.select:=left',
                                   'audio.offset:=soon', 'model.bundle:=3', 'sources.max'])
def test_a_value_of_another_kind_is_refused(wrong):
    with pytest.raises(InputError, match=wrong.partition(':=')[0]):
        given_settings(None, [wrong])


def test_what_a_file_says_to_other_nodes_is_passed_over(tmp_path):
    (tmp_path / 'robot.yaml').write_text(
        'usb_cam:\n  ros__parameters: {sources.max: 1, image_transport: compressed}\n'
        '/avloc:\n  ros__parameters: {sources: {threshold: 0.5}}\n'
        '/**:\n  ros__parameters: {use_sim_time: true, sources: {threshold: 0.9, max: 7}}\n')
    assert given_settings(tmp_path / 'robot.yaml', []) == Settings(sources_threshold=0.5, sources_max=7)
    (tmp_path / 'camera.yaml').write_text('usb_cam:\n  ros__parameters: {sources.max: 1}\n')
    with pytest.raises(InputError, match='camera.yaml says nothing to the node'):
        given_settings(tmp_path / 'camera.yaml', [])


@pytest.mark.parametrize('content', ['a: [', '3', '', '/**: {sources.max: 2}', '/**: 4'])
def test_a_file_that_is_none_is_named(tmp_path, content):
    (tmp_path / 'odd.yaml').write_text(content)
    with pytest.raises(InputError, match='odd.yaml cannot be read as a parameter file'):
        given_settings(tmp_path / 'odd.yaml', [])
