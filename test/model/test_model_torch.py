"""The torch engine on the CPU, where it is asked for; its CUDA path needs a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

from onnx import helper, numpy_helper  # noqa: E402
from scipy.special import expit  # noqa: E402

from ros2_avloc.errors import EngineError  # noqa: E402
from ros2_avloc.model.bundle import Bundle  # noqa: E402
from ros2_avloc.model.engines import open_engine  # noqa: E402
from ros2_avloc.model.engines.check import TOLERANCE  # noqa: E402

SHIPPED = Path(__file__).parents[2] / 'models' / 'avolnet'
on_the_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')


def opened(bundle, precision='fp32'):
    return open_engine(bundle, name='torch', precision=precision, strict=True)[0]


def test_computes_what_numpy_computes(bundle, tiny):
    engine = opened(bundle)
    assert (engine.identity.name, engine.identity.precision) == ('torch', 'fp32')
    assert engine.identity.version == torch.__version__
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (2, *tiny.image.shape)).astype(np.float32)
    sounds = rng.uniform(-2, 2, (2, *tiny.spectrogram.shape)).astype(np.float32)
    embedded = [engine.embed_sound(sound) for sound in sounds]
    results = [engine.localize(image, embedding) for image in images for embedding in embedded]
    expected = [tiny.expected(image, sound) for image in images for sound in sounds]
    np.testing.assert_allclose(results, expected, atol=1e-4)


@pytest.mark.parametrize('precision', ['fp32', 'bf16', 'fp16'])
def test_the_shipped_model_is_within_the_tolerance(precision):
    bundle = Bundle.load(SHIPPED)
    try:
        engine = opened(bundle, precision)
    except EngineError as error:
        assert f'torch in {precision} was not taken: it computes in fp32, on CUDA also in fp16' in str(error)
        return
    golden = bundle.golden
    logits = engine.localize(golden.image, engine.embed_sound(golden.spectrogram))
    assert engine.identity.precision == precision
    assert np.abs(expit(logits) - expit(golden.logits)).max() <= TOLERANCE[precision]


@on_the_cpu
def test_a_cpu_is_taken_only_where_torch_is_asked_for(bundle):
    engine, reasons = open_engine(bundle, without={'tensorrt'})
    assert engine.identity.name == 'openvino'
    assert reasons[0].startswith('torch was not taken: it finds no CUDA device')
    assert open_engine(bundle, name='torch')[0].identity.device == 'CPU'


def test_a_closed_engine_and_a_wrong_input_are_engine_errors(bundle, tiny):
    engine = opened(bundle)
    sound = engine.embed_sound(tiny.spectrogram)
    with pytest.raises(EngineError, match=r'torch failed in the sound graph: the input has the shape'):
        engine.embed_sound(tiny.spectrogram[:10])
    engine.close()
    with pytest.raises(EngineError, match='torch was closed'):
        engine.localize(tiny.image, sound)


def test_an_operator_that_it_does_not_know_is_named(tiny, tmp_path):
    head = type(tiny.graphs['head.onnx'])()
    head.CopyFrom(tiny.graphs['head.onnx'])
    head.graph.node[2].op_type = 'Pow'
    with pytest.raises(EngineError, match='does not know the operator Pow'):
        opened(tiny.write(tmp_path, head=head.SerializeToString()))


CASES = [
    ('Conv', {'kernel_shape': [3, 3], 'pads': [1, 1, 1, 1], 'strides': [2, 2]},
     [(1, 4, 9, 9), (6, 4, 3, 3), (6,)]),
    ('Conv', {'kernel_shape': [3, 3], 'dilations': [2, 2], 'group': 2}, [(1, 4, 9, 9), (6, 2, 3, 3)]),
    ('MaxPool', {'kernel_shape': [3, 3], 'strides': [2, 2], 'pads': [1, 1, 1, 1], 'ceil_mode': 1},
     [(1, 4, 8, 8)]),
    ('MaxPool', {'kernel_shape': [2, 2]}, [(1, 4, 8, 8)]),
    ('GlobalMaxPool', {}, [(2, 4, 8, 8)]),
    ('Gemm', {}, [(2, 5), (5, 3), (3,)]),
    ('Gemm', {'transA': 1, 'transB': 1, 'alpha': 0.5, 'beta': 2.0}, [(5, 2), (3, 5), (2, 3)]),
    ('Gemm', {'alpha': 3.0}, [(2, 5), (5, 3)]),
    ('Flatten', {}, [(2, 3, 4)]),
    ('Flatten', {'axis': 2}, [(2, 3, 4)]),
    ('Flatten', {'axis': 0}, [(2, 3, 4)]),
    ('MatMul', {}, [(2, 5), (5, 3)]),
    ('Add', {}, [(2, 5), (5,)]),
    ('Mul', {}, [(2, 5), (2, 1)]),
    ('Relu', {}, [(2, 5)]),
    ('Reshape', {}, [(2, 6), np.array([3, -1])]),
]


@pytest.mark.parametrize(('operator', 'attributes', 'inputs'), CASES)
def test_each_operator_is_that_of_onnx(operator, attributes, inputs, tmp_path):
    from onnx.reference import ReferenceEvaluator

    from ros2_avloc.model.engines.torch import _Network

    rng = np.random.default_rng(3)
    values = [rng.standard_normal(given).astype(np.float32) if isinstance(given, tuple) else given
              for given in inputs]
    names = [f'i{index}' for index in range(len(values))]
    node = helper.make_node(operator, names, ['o'], **attributes)
    graph = helper.make_graph(
        [node], 'one', [helper.make_tensor_value_info('i0', onnx.TensorProto.FLOAT, values[0].shape)],
        [helper.make_tensor_value_info('o', onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for value, name in zip(values[1:], names[1:], strict=True)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.save(model, tmp_path / 'one.onnx')
    network = _Network(tmp_path / 'one.onnx', torch.float32, torch.device('cpu'))
    expected = ReferenceEvaluator(model).run(None, {'i0': values[0]})[0]
    np.testing.assert_allclose(network(torch.from_numpy(values[0])).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('odd', [{'pads': [0, 0, 1, 1]}, {'auto_pad': 'SAME_UPPER'}])
def test_padding_that_torch_has_not_is_refused(odd):
    from ros2_avloc.model.engines.torch import _padding

    attributes = {name: value.encode() if isinstance(value, str) else value for name, value in odd.items()}
    with pytest.raises(EngineError, match='pads both sides alike'):
        _padding(attributes)
