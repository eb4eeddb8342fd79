from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from ros2_avloc.errors import EngineError
from ros2_avloc.model import embedder
from ros2_avloc.model.bundle import Bundle, EmbedderBundle
from ros2_avloc.model.embedder import open_embedder
from ros2_avloc.model.engines import open_engine
from ros2_avloc.model.engines.check import TOLERANCE
from ros2_avloc.share import share_path

SHIPPED = Path(__file__).parents[2] / 'models' / 'avolnet'


@pytest.fixture
def shipped() -> Bundle:
    if not SHIPPED.exists():
        pytest.skip('this checkout ships no models/avolnet')
    return Bundle.load(share_path('models', 'avolnet'))


@pytest.fixture
def searching() -> EmbedderBundle:
    if not SHIPPED.with_name('avenet').exists():
        pytest.skip('this checkout ships no models/avenet')
    return EmbedderBundle.load(share_path('models', 'avenet'))


@pytest.mark.parametrize('name', ['openvino', 'onnxruntime'])
def test_the_shipped_bundle_runs_as_it_was_learned(shipped, name):
    engine, reasons = open_engine(shipped, name=name, precision='fp32', strict=True)
    assert engine.identity.precision == 'fp32'
    assert reasons == []


def test_half_precision_is_for_all_but_the_head_and_what_follows_the_pooling_of_sound(shipped):
    engine, exact = _in_half(shipped), _exact(shipped)
    half, rest = re.fullmatch(r'bf16: (\d+), fp32: (\d+)', engine.identity.layers).groups()
    assert (exact.identity.layers, rest) == (f'fp32: {int(half) + 3}', '3')
    golden = shipped.golden
    sound, rounded = (each.embed_sound(golden.spectrogram) for each in (exact, engine))
    assert 1e-4 < np.abs(rounded - sound).max() < 0.05
    found = [each.localize(golden.image, sound) for each in (engine, exact)]
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_both_half_precisions_hold_what_ships_exactly(shipped, searching):
    for bundle in (shipped, searching):
        for graph, precision in itertools.product(('vision', 'sound'), ('fp32', 'fp16')):
            values = [numpy_helper.to_array(entry) for entry in
                      onnx.load(str(bundle.graph(graph, precision))).graph.initializer]
            floats = [value.astype(np.float32) for value in values if value.dtype.kind == 'f']
            assert len(floats) == 20
            for value in floats:
                np.testing.assert_array_equal(value.view(np.uint32) & 0xFFFF, 0)


def _in_half(shipped):
    try:
        return open_engine(shipped, name='openvino', precision='bf16', strict=True)[0]
    except EngineError as error:
        pytest.skip(str(error))


def _exact(shipped):
    return open_engine(shipped, name='openvino', precision='fp32', strict=True)[0]


def test_the_shipped_golden_output_has_a_peak_to_compare(shipped):
    assert shipped.golden.logits.max() > 0 > shipped.golden.logits.min()


@pytest.mark.parametrize('name', ['shipped', 'searching'])
def test_the_shipped_bundles_stay_small_and_have_both_precisions(name, request):
    bundle = request.getfixturevalue(name)
    assert sum(part.stat().st_size for part in bundle.path.iterdir()) < 24 * 2**20
    assert {part.name for part in bundle.path.iterdir()} == {*bundle.manifest.files, 'bundle.json'}
    assert bundle.has_precision('fp16')


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_the_shipped_graphs_compute_the_shipped_golden_values(shipped, precision):
    golden, inputs = shipped.golden, {}
    for graph, name, value in (('vision', 'image', shipped.golden.image),
                               ('sound', 'spectrogram', shipped.golden.spectrogram[None, None])):
        session = onnxruntime.InferenceSession(str(shipped.graph(graph, precision)))
        inputs[session.get_outputs()[0].name] = session.run(None, {name: value})[0]
    logits = onnxruntime.InferenceSession(str(shipped.graph('head', precision))).run(None, inputs)[0][0, 0]
    probability = shipped.calibration.probability
    assert np.abs(probability(logits) - probability(golden.logits)).max() < TOLERANCE[precision]


@pytest.mark.parametrize('library', ['openvino', 'onnxruntime'])
@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_what_ships_for_searching_embeds_its_golden_values(searching, library, precision):
    try:
        opened = open_embedder(searching, library=library, precision=precision)  # compares them
    except EngineError as error:
        assert precision == 'bf16'
        pytest.skip(str(error))
    assert (opened.identity.name, opened.identity.precision) == (library, precision)
    heard = opened.embed_sounds([searching.golden.spectrogram])
    assert np.linalg.norm(heard - searching.golden.heard) <= embedder.TOLERANCE[precision]
    opened.close()


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
@pytest.mark.parametrize(('graph', 'source', 'truth'), [('vision', 'image', 'seen'),
                                                        ('sound', 'spectrogram', 'heard')])
def test_both_precisions_that_ship_for_searching_embed_the_same(searching, graph, source, truth, precision):
    session = onnxruntime.InferenceSession(str(searching.graph(graph, precision)))
    given = getattr(searching.golden, source).reshape(session.get_inputs()[0].shape)
    found = session.run(None, {source: given})
    assert np.linalg.norm(found[0] - getattr(searching.golden, truth)) <= embedder.TOLERANCE[precision]


def test_the_golden_pair_that_ships_for_searching_belongs_together(searching):
    distance = np.linalg.norm(searching.golden.seen - searching.golden.heard)
    assert searching.calibration.probability(np.array([distance], np.float32))[0] > 0.9
