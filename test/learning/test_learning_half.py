"""Two graphs and one file of weights, from graphs that NumPy can run."""

import numpy as np
import onnx.parser
import pytest
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from ros2_avloc.errors import InputError
from ros2_avloc.learning.bundling.half import ALIGNMENT, share_weights

GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1, 3] x) => (float[1, 2] y) {{
    a = Gemm (x, w, b)
    c = {middle}
    y = Relu (c)
}}
"""


def body(middle='Neg (a)', scale=1.0):
    model = onnx.parser.parse_model(GRAPH.format(middle=middle))
    rng = np.random.default_rng(2)
    for name, shape in (('w', (3, 2)), ('b', (2,))):
        values = (scale * rng.standard_normal(shape)).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


@pytest.fixture
def written(tmp_path):
    parts = share_weights({'one': body(), 'two': body(scale=2.0)})
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize('name', ['one', 'two'])
def test_both_graphs_compute_what_the_body_does(written, name):
    x = np.array([[0.3, -1.2, 0.7]], np.float32)
    expected = ReferenceEvaluator(body(scale=1.0 if name == 'one' else 2.0)).run(None, {'x': x})[0]
    for precision, rtol in (('fp32', 1e-3), ('fp16', 3e-3)):
        found = ReferenceEvaluator(onnx.load(written / f'{name}_{precision}.onnx')).run(None, {'x': x})[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-3)


def test_weights_are_half_their_size_page_by_page_and_biases_are_not_there(written):
    assert {path.name for path in written.iterdir()} == {
        'one_fp32.onnx', 'one_fp16.onnx', 'two_fp32.onnx', 'two_fp16.onnx', 'weights.bin'}
    assert (written / 'weights.bin').stat().st_size == ALIGNMENT + 3 * 2 * 2
    for path in written.glob('*.onnx'):
        graph = onnx.load(path, load_external_data=False).graph
        weights, bias = (next(entry for entry in graph.initializer if entry.name.startswith(name))
                         for name in 'wb')
        place = {entry.key: entry.value for entry in weights.external_data}
        assert weights.data_type == TensorProto.FLOAT16
        assert place['location'] == 'weights.bin'
        assert int(place['offset']) == (0 if path.name.startswith('one') else ALIGNMENT)
        assert not bias.external_data


def test_what_half_precision_cannot_hold_is_refused():
    with pytest.raises(InputError, match='does not fit half precision'):
        share_weights({'tiny': body(scale=1e6)})


def test_a_constant_among_the_operators_is_refused():
    model = body(middle='Mul (a, d)')
    values = numpy_helper.from_array(np.array([2.0], np.float32))
    model.graph.node.insert(0, onnx.helper.make_node('Constant', [], ['d'], value=values))
    with pytest.raises(InputError, match='constants as initialisers'):
        share_weights({'tiny': model})
