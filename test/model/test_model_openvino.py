"""What OpenVINO computes exactly where it computes in bfloat16, of graphs of any kind."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

openvino = pytest.importorskip('openvino')
engine = pytest.importorskip('ros2_avloc.model.engines.openvino')

FEW_BITS = np.uint32(0xFFFF0000)
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'
TOWER = """
            a = Conv <kernel_shape = [3, 3], strides = [3, 3]> (spectrogram, kernels)
            b = Relu (a)
            c = GlobalMaxPool (b)
            d = Flatten (c)"""
GRAPHS = {
    'pooled': TOWER + """
            e = MatMul (d, first)
            f = Relu (e)
            result = MatMul (f, second)""",
    'pooled and seen twice': TOWER + """
            e = MatMul (d, first)
            result = Add (e, d)""",
    'gated': TOWER + """
            e = MatMul (d, first)
            f = Reshape (e, as_map)
            g = Mul (b, f)
            h = GlobalMaxPool (g)
            result = Flatten (h)""",
    'no product behind it': TOWER + """
            result = Relu (d)""",
    'no convolution': """
            a = GlobalMaxPool (spectrogram)
            b = Flatten (a)
            result = MatMul (b, one)""",
    'a convolution that another follows beside': """
            a = Conv <kernel_shape = [3, 3], strides = [3, 3]> (spectrogram, kernels)
            b = GlobalMaxPool (spectrogram)
            c = Mul (a, b)
            d = GlobalMaxPool (c)
            e = Flatten (d)
            result = MatMul (e, first)""",
}
CUT = {'pooled', 'pooled and seen twice', 'a convolution that another follows beside'}
HALVED = {'pooled', 'pooled and seen twice', 'gated', 'no product behind it'}


def kept_by_bfloat16(values):
    """Round to the nearest, to even in the middle."""
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & FEW_BITS).astype(np.uint32).view(np.float32)


def written(name, directory):
    rng = np.random.default_rng(3)
    model = onnx.parser.parse_model(
        f'{HEADER} g (float[1, 1, 257, 200] spectrogram) => (float[1, 8] result) {{{GRAPHS[name]}\n}}')
    shapes = {'kernels': (8, 1, 3, 3), 'first': (8, 8), 'second': (8, 8), 'one': (1, 8)}
    weights = {key: rng.standard_normal(shape).astype(np.float32) for key, shape in shapes.items()}
    given_names = {one for node in model.graph.node for one in node.input}
    for key, values in weights.items():
        if key in given_names:
            model.graph.initializer.append(
                numpy_helper.from_array((values.view(np.uint32) & FEW_BITS).view(np.float32), key))
    if 'as_map' in given_names:
        model.graph.initializer.append(numpy_helper.from_array(np.array([1, 8, 1, 1]), 'as_map'))
    path = directory / 'sound.onnx'
    path.write_bytes(model.SerializeToString())
    return path, ReferenceEvaluator(model)


@pytest.mark.parametrize('name', GRAPHS)
def test_a_graph_of_any_kind_computes_what_it_did(name, tmp_path):
    path, reference = written(name, tmp_path)
    model = engine.shared_core().read_model(path)
    halved = engine._hear_in_two(model)
    chain = engine._parts('sound', model, 'bf16')
    assert halved == (name in HALVED)
    assert (len(chain) == 2) == (name in CUT)
    compiled = [engine._compiled(engine.shared_core(), part, 'CPU', settings | engine._settings('fp32'))
                for part, settings in chain]
    heard = np.random.default_rng(4).standard_normal((1, 1, 257, 200)).astype(np.float32)
    for sound in (heard, -heard):
        expected = reference.run(None, {'spectrogram': sound})[0]
        np.testing.assert_allclose(engine._graph(compiled, halved)(sound), expected, rtol=1e-4, atol=1e-4)


def test_a_graph_without_fixed_shapes_is_left_as_it_is(tmp_path):
    model = engine.shared_core().read_model(written('pooled', tmp_path)[0])
    model.reshape([-1, 1, 257, 200])
    assert not engine._hear_in_two(model)
    (whole, _), = engine._parts('sound', model, 'bf16')
    assert whole is model


def test_what_is_not_bfloat16_is_left_whole(tmp_path):
    model = engine.shared_core().read_model(written('pooled', tmp_path)[0])
    (whole, settings), = engine._parts('sound', model, 'fp32')
    assert whole is model
    assert settings['INFERENCE_PRECISION_HINT'] == openvino.Type.f32


@given(arrays(np.float32, (1, 1, 4, 3), elements=st.floats(-2.0**90, 2.0**90, width=32)))
def test_two_numbers_of_which_bfloat16_holds_one_tell_a_third(values):
    upper, lower = engine._in_two(values, np.empty((1, 2, 4, 3), np.float32))[0]
    np.testing.assert_array_equal(upper + lower, values[0, 0])
    np.testing.assert_array_equal(kept_by_bfloat16(upper), upper)
    np.testing.assert_allclose(upper + kept_by_bfloat16(lower), values[0, 0], rtol=2.0**-15, atol=1e-38)
