from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx.parser
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from ros2_avloc.errors import BundleError, EngineError
from ros2_avloc.learning.bundling.half import share_weights
from ros2_avloc.model.bundle import Bundle, EmbedderBundle, write_bundle
from ros2_avloc.model.embedder import open_embedder
from ros2_avloc.model.golden import GoldenEmbeddings
from ros2_avloc.model.manifest import Calibration
from ros2_avloc.vision.preprocess import network_input

LIBRARIES = ('openvino', 'onnxruntime')

GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
tiny (float{shape} {source}) => (float[1, 6] embedding) {{
    a = Conv <kernel_shape = [16, 16], strides = [16, 16]> ({source}, w1)
    b = Relu (a)
    c = GlobalMaxPool (b)
    d = Flatten (c)
    e = Gemm (d, w2)
    embedding = LpNormalization <axis = 1, p = 2> (e)
}}
"""


def _body(source: str, shape: list[int], rng: np.random.Generator) -> onnx.ModelProto:
    model = onnx.parser.parse_model(GRAPH.format(source=source, shape=shape))
    for name, of in (('w1', (8, shape[1], 16, 16)), ('w2', (8, 6))):
        values = rng.standard_normal(of).astype(np.float16).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


class TinyEmbedder:
    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.bodies = {'vision': _body('image', [1, 3, 224, 224], rng),
                       'sound': _body('spectrogram', [1, 1, 257, 200], rng)}
        self.image = rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
        self.spectrogram = rng.uniform(-2, 2, (257, 200)).astype(np.float32)

    def seen(self, image):
        return ReferenceEvaluator(self.bodies['vision']).run(None, {'image': image})[0]

    def heard(self, spectrogram):
        inputs = {'spectrogram': spectrogram[None, None]}
        return ReferenceEvaluator(self.bodies['sound']).run(None, inputs)[0]

    def write(self, directory: Path, *, heard=None, sound: bytes | None = None) -> EmbedderBundle:
        parts = {**share_weights(self.bodies), 'MODEL_CARD.md': b'# Tiny\n'}
        if sound is not None:
            parts['sound_fp32.onnx'] = sound
        golden = GoldenEmbeddings(self.image, self.spectrogram, self.seen(self.image),
                                  self.heard(self.spectrogram) if heard is None else heard)
        write_bundle(directory, name='tiny', parts=parts, training={}, golden=golden,
                     calibration=Calibration(0.5, 1.0, slope=-8.0, offset=11.0))
        return EmbedderBundle.load(directory)


@pytest.fixture(scope='module')
def tiny_embedder():
    return TinyEmbedder()


@pytest.fixture(scope='module')
def avenet(tiny_embedder, tmp_path_factory):
    return tiny_embedder.write(tmp_path_factory.mktemp('avenet'))


@pytest.mark.parametrize('library', LIBRARIES)
def test_embeds_what_numpy_embeds(avenet, tiny_embedder, library):
    embedder = open_embedder(avenet, library=library)
    assert (embedder.identity.name, embedder.identity.precision) == (library, 'fp32')
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, (height, 90, 3), dtype=np.uint8) for height in (60, 300)]
    heard = [rng.uniform(-2, 2, (257, 200)).astype(np.float32) for _ in range(3)]
    images, sounds = embedder.embed_images(frames), embedder.embed_sounds(iter(heard))
    assert (images.shape, sounds.shape) == ((2, 6), (3, 6))
    assert images.dtype == sounds.dtype == np.float32
    expected = np.concatenate([tiny_embedder.seen(network_input(frame)) for frame in frames])
    np.testing.assert_allclose(images, expected, atol=1e-4)
    np.testing.assert_allclose(sounds, np.concatenate([*map(tiny_embedder.heard, heard)]), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-6)
    assert embedder.embed_images([]).shape == (0, 6)


def test_reduced_precision_is_close_and_of_length_one_or_refused_in_words(avenet, tiny_embedder):
    try:
        embedder = open_embedder(avenet, precision='bf16')
    except EngineError as error:
        assert 'openvino in bf16 was not taken' in str(error)
        return
    assert embedder.identity.precision == 'bf16'
    heard = embedder.embed_sounds([tiny_embedder.spectrogram])
    assert 0 < np.linalg.norm(heard - tiny_embedder.heard(tiny_embedder.spectrogram)) < 0.1
    assert np.linalg.norm(heard) == pytest.approx(1, abs=1e-6)


def test_a_library_that_embeds_something_else_is_refused(tiny_embedder, tmp_path):
    other = tiny_embedder.write(tmp_path, heard=-tiny_embedder.heard(tiny_embedder.spectrogram))
    with pytest.raises(EngineError, match=r'openvino .*sound lies 2.*onnxruntime .*sound lies 2'):
        open_embedder(other)


def test_a_graph_that_no_library_reads_is_said_so(tiny_embedder, tmp_path):
    broken = tiny_embedder.write(tmp_path, sound=b'not a graph')
    with pytest.raises(EngineError, match=r'openvino .*cannot load the model.*onnxruntime .*cannot load'):
        open_embedder(broken)


def test_an_absent_library_leaves_the_other(avenet, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    monkeypatch.delitem(sys.modules, 'ros2_avloc.model.engines.openvino', raising=False)
    assert open_embedder(avenet).identity.name == 'onnxruntime'
    with pytest.raises(EngineError, match='pip install openvino'):
        open_embedder(avenet, library='openvino')


def test_an_unknown_library_and_a_closed_embedder_are_said_so(avenet, tiny_embedder):
    with pytest.raises(EngineError, match='no library .tensorrt.'):
        open_embedder(avenet, library='tensorrt')
    embedder = open_embedder(avenet)
    with pytest.raises(EngineError, match='failed in the sound graph'):
        embedder.embed_sounds([tiny_embedder.spectrogram[:10]])
    embedder.close()
    with pytest.raises(EngineError, match='was closed'):
        embedder.embed_sounds([tiny_embedder.spectrogram])


def test_each_network_is_refused_where_the_other_is_needed(avenet, bundle):
    with pytest.raises(BundleError, match=r'holds an AVE-Net, .*AVOL-Net bundle such as models/avolnet'):
        Bundle.load(avenet.path)
    with pytest.raises(BundleError, match=r'holds an AVOL-Net, .*AVE-Net bundle such as models/avenet'):
        EmbedderBundle.load(bundle.path)


def test_golden_embeddings_have_length_one_and_one_shape(tiny_embedder):
    seen = tiny_embedder.seen(tiny_embedder.image)
    for wrong in (2 * seen, seen[:, :5], np.full((1, 6), np.nan, np.float32), seen.astype(np.float64)):
        with pytest.raises(BundleError, match='golden heard'):
            GoldenEmbeddings(tiny_embedder.image, tiny_embedder.spectrogram, seen, wrong)
