from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from ros2_avloc.errors import BundleError
from ros2_avloc.learning.bundling.half import share_weights
from ros2_avloc.model.bundle import Bundle, write_bundle
from ros2_avloc.model.golden import Golden
from ros2_avloc.model.manifest import Calibration, read_manifest, write_manifest

PARTS = ['vision_fp32.onnx', 'sound_fp32.onnx', 'vision_fp16.onnx', 'sound_fp16.onnx', 'weights.bin',
         'head.onnx', 'golden.npz', 'MODEL_CARD.md']


@pytest.fixture(scope='module')
def whole(tiny, tmp_path_factory) -> Bundle:
    """A bundle with all parts that one can have."""
    directory = tmp_path_factory.mktemp('whole')
    bodies = {name: tiny.graphs[f'{name}_fp32.onnx'] for name in ('vision', 'sound')}
    parts = {**share_weights(bodies), 'head.onnx': tiny.graphs['head.onnx'].SerializeToString(),
             'MODEL_CARD.md': b'# Tiny\n'}
    write_bundle(directory, name='whole', parts=parts, calibration=Calibration(0.4, 1.5), training={},
                 golden=Golden(tiny.image, tiny.spectrogram, tiny.logits))
    return Bundle.load(directory)


@pytest.fixture
def copy(whole: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.path, tmp_path / 'copy'))


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_a_whole_bundle_says_which_graphs_it_has(whole, bundle, precision):
    assert whole.has_precision(precision)
    assert whole.graph('vision', precision).name == f'vision_{precision}.onnx'
    assert whole.graph('head', precision).name == 'head.onnx'
    if not bundle.has_precision(precision):
        with pytest.raises(BundleError, match=r'has no vision_fp16\.onnx; export'):
            bundle.graph('vision', precision)


def test_weights_of_another_bundle_are_refused_by_name(whole, copy, tiny):
    body = type(tiny.graphs['vision_fp32.onnx'])()
    body.CopyFrom(tiny.graphs['vision_fp32.onnx'])
    for entry in body.graph.initializer:
        entry.CopyFrom(numpy_helper.from_array(2 * numpy_helper.to_array(entry), entry.name))
    foreign = share_weights({'vision': body, 'sound': tiny.graphs['sound_fp32.onnx']})
    assert foreign['vision_fp32.onnx'] == (copy / 'vision_fp32.onnx').read_bytes()
    (copy / 'weights.bin').write_bytes(foreign['weights.bin'])
    with pytest.raises(BundleError, match=r'weights\.bin is damaged'):
        Bundle.load(copy)


def test_loads_what_was_written(bundle, tiny):
    loaded = Bundle.load(str(bundle.path))
    assert loaded.name == 'tiny'
    assert loaded.calibration == Calibration(threshold=0.4, temperature=1.5)
    assert loaded.manifest == bundle.manifest
    assert loaded.manifest.training == {'steps': 0}
    np.testing.assert_array_equal(loaded.golden.image, tiny.image)
    np.testing.assert_array_equal(loaded.golden.logits, tiny.logits)
    assert loaded.graph('vision').read_bytes() == tiny.graphs['vision_fp32.onnx'].SerializeToString()
    assert loaded.graph('head', 'fp16') == loaded.graph('head')
    assert loaded.has_precision('fp32')
    assert not loaded.has_precision('fp16')


def test_sha256_names_the_content(bundle, whole, copy, tiny, tmp_path):
    assert Bundle.load(copy).sha256 == whole.sha256
    assert tiny.write(tmp_path / 'other', logits=tiny.logits + 1).sha256 != bundle.sha256


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_is_refused_with_the_name_of_the_part(whole, tmp_path_factory, data):
    name = data.draw(st.sampled_from(PARTS))
    directory = Path(shutil.copytree(whole.path, tmp_path_factory.mktemp('flipped') / 'bundle'))
    content = bytearray((directory / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / name).write_bytes(content)
    with pytest.raises(BundleError, match=re.escape(name) + ' is damaged.*export'):
        Bundle.load(directory)
    shutil.rmtree(directory)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_flipped_byte_of_the_manifest_is_refused_or_changes_nothing(bundle, tmp_path_factory, data):
    directory = Path(shutil.copytree(bundle.path, tmp_path_factory.mktemp('flipped') / 'bundle'))
    content = bytearray((directory / 'bundle.json').read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / 'bundle.json').write_bytes(content)
    try:
        assert Bundle.load(directory).sha256 == bundle.sha256  # only white space is free to change
    except BundleError as error:
        assert 'bundle.json' in str(error)
    shutil.rmtree(directory)


@pytest.mark.parametrize('name', ['bundle.json', *PARTS])
def test_a_missing_part_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=re.escape(name) + ' cannot be read'):
        Bundle.load(copy)


@pytest.mark.parametrize('name', ['bundle.json', *PARTS])
def test_a_truncated_part_is_named(copy, name):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[:len(content) // 2])
    with pytest.raises(BundleError, match=re.escape(name) + ' is damaged'):
        Bundle.load(copy)


def _reseal(directory: Path, **changes: object) -> None:
    """Change the manifest so that its own checksum fits again: a bundle that somebody else wrote."""
    path = directory / 'bundle.json'
    write_manifest(path, replace(read_manifest(path), **changes))


@pytest.mark.parametrize('which', ['audio', 'image'])
def test_another_front_end_is_refused(copy, which):
    front_ends = json.loads((copy / 'bundle.json').read_text())['front_ends']
    front_ends[which]['version'] += 1
    _reseal(copy, front_ends=front_ends)
    with pytest.raises(BundleError, match=f'another {which} front end'):
        Bundle.load(copy)


def test_a_file_outside_the_bundle_is_refused(copy):
    files = json.loads((copy / 'bundle.json').read_text())['files']
    _reseal(copy, files={**files, '../../etc/passwd': '0' * 64})
    with pytest.raises(BundleError, match='not a file of the bundle'):
        Bundle.load(copy)


def test_a_bundle_without_a_graph_is_refused(copy):
    files = json.loads((copy / 'bundle.json').read_text())['files']
    _reseal(copy, files={name: sha256 for name, sha256 in files.items() if name != 'head.onnx'})
    with pytest.raises(BundleError, match='lists no head.onnx'):
        Bundle.load(copy)


@pytest.mark.parametrize('changes', [{'files': 3}, {'files': ['head.onnx']}, {'files': {'head.onnx': 5}},
                                     {'front_ends': None}, {'name': 7}, {'training': 'long'},
                                     {'thresholds': [0.5]}, {'thresholds': {'avc': 0.5}},
                                     {'thresholds': {'avc': 2, 'area': 0.5, 'fitted_on': []}},
                                     {'network': 'l3-net'}, {'network': 'ave-net'},
                                     {'calibration': Calibration(0.5, 1.0, slope=-8.0, offset=11.0)}])
def test_a_manifest_of_other_types_is_refused(copy, changes):
    _reseal(copy, **changes)
    with pytest.raises(BundleError, match=r'bundle\.json is damaged'):
        Bundle.load(copy)


def test_thresholds_for_measuring_are_part_of_what_is_sealed(copy):
    before = Bundle.load(copy)
    assert before.manifest.thresholds == {}
    assert 'thresholds' not in json.loads((copy / 'bundle.json').read_text())
    thresholds = {'avc': 0.4, 'area': 0.2, 'fitted_on': ['simulated']}
    _reseal(copy, thresholds=thresholds)
    after = Bundle.load(copy)
    assert after.manifest.thresholds == thresholds
    assert after.sha256 != before.sha256


def test_a_name_that_no_file_can_have_is_refused(copy):
    files = json.loads((copy / 'bundle.json').read_text())['files']
    _reseal(copy, files={**files, 'a\0b': '0' * 64})
    with pytest.raises(BundleError, match='not a file of the bundle'):
        Bundle.load(copy)


@pytest.mark.parametrize('content', ['[]', '{}', '{"format": 3}', '{"format": 2}', '{"format": 1}', 'null',
                                     '[' * 100_000, '{"format": 2, "calibration": 3}', '\ud800'])
def test_what_is_no_manifest_is_refused(copy, content):
    (copy / 'bundle.json').write_bytes(content.encode('utf-8', 'surrogatepass'))
    with pytest.raises(BundleError, match=r'bundle\.json'):
        Bundle.load(copy)


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BundleError, match='cannot be read.*a shipped one'):
        Bundle.load(tmp_path / 'nowhere')


@pytest.mark.parametrize('threshold, temperature', [(0.0, 1.0), (1.0, 1.0), (float('nan'), 1.0), (0.5, 0.0),
                                                    (0.5, float('inf')), (0.5, float('nan'))])
def test_a_calibration_that_means_nothing_is_refused(threshold, temperature):
    with pytest.raises(BundleError, match='calibration'):
        Calibration(threshold, temperature)


@pytest.mark.parametrize('slope, offset', [(0.0, 1.0), (float('nan'), 0.0), (-1.0, float('inf'))])
def test_a_calibration_of_distances_that_means_nothing_is_refused(slope, offset):
    with pytest.raises(BundleError, match='slope of a calibration'):
        Calibration(0.5, 1.0, slope, offset)


def test_probability_rises_with_logits_and_falls_with_distance():
    values = np.array([0, 1, 2], np.float32)
    of_logits = Calibration(0.5, 2.0).probability(values)
    assert of_logits.dtype == np.float32
    np.testing.assert_allclose(of_logits, 1 / (1 + np.exp(-values / 2)), rtol=1e-6)
    of_distances = Calibration(0.5, 2.0, slope=-8.0, offset=8.0).probability(values)
    np.testing.assert_allclose(of_distances, 1 / (1 + np.exp(4 * values - 4)), rtol=1e-6)


def test_golden_values_of_another_shape_or_not_finite_are_refused(tiny):
    with pytest.raises(BundleError, match='golden spectrogram'):
        Golden(tiny.image, tiny.spectrogram[:, :199], tiny.logits)
    with pytest.raises(BundleError, match='golden logits'):
        Golden(tiny.image, tiny.spectrogram, np.full((14, 14), np.nan, np.float32))


def test_a_bundle_is_written_over_an_older_one(tiny, tmp_path):
    tiny.write(tmp_path, logits=tiny.logits + 1)
    np.testing.assert_array_equal(tiny.write(tmp_path).golden.logits, tiny.logits)


def test_writing_too_little_is_refused(tiny, tmp_path):
    with pytest.raises(BundleError, match='lists no vision_fp32.onnx'):
        write_bundle(tmp_path, name='x', parts={}, calibration=Calibration(0.5, 1.0), training={},
                     golden=Golden(tiny.image, tiny.spectrogram, tiny.logits))
