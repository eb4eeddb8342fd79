"""The torch engine on the CPU, where it is asked for, and, where there is a GPU, on CUDA."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

from onnx import helper, numpy_helper  # noqa: E402
from scipy.special import expit  # noqa: E402

from ros2_avloc.errors import DeviceLostError, EngineError  # noqa: E402
from ros2_avloc.model.bundle import Bundle  # noqa: E402
from ros2_avloc.model.engines import open_engine  # noqa: E402
from ros2_avloc.model.engines.check import TOLERANCE  # noqa: E402

SHIPPED = Path(__file__).parents[2] / 'models' / 'avolnet'
on_the_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
both = pytest.mark.parametrize('precision', ['fp32', 'fp16'])


def opened(bundle, precision='fp32'):
    return open_engine(bundle, name='torch', precision=precision, strict=True)[0]


def test_computes_what_numpy_computes(bundle, tiny):
    engine = opened(bundle)
    assert (engine.identity.name, engine.identity.precision) == ('torch', 'fp32')
    assert engine.identity.version == torch.__version__
    assert engine.identity.layers == 'fp32: 5'
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
    assert open_engine(bundle, name='torch')[0].identity.device.startswith('CPU (')


def test_a_closed_engine_and_a_wrong_input_are_engine_errors(bundle, tiny):
    engine = opened(bundle)
    sound = engine.embed_sound(tiny.spectrogram)
    with pytest.raises(EngineError, match=r'torch failed in the sound graph: the input has the shape'):
        engine.embed_sound(tiny.spectrogram[:10])
    engine.close()
    with pytest.raises(EngineError, match='torch was closed'):
        engine.localize(tiny.image, sound)


def test_a_closed_engine_holds_no_tensor(bundle):
    def held():
        gc.collect()
        return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())

    before = held()
    engine = opened(bundle)
    assert held() > before
    engine.close()
    engine.close()
    assert held() == before + 1  # an empty one


@pytest.mark.parametrize(('given', 'taken'), [({}, 'PASSIVE'), ({'OMP_WAIT_POLICY': 'ACTIVE'}, 'ACTIVE')])
def test_threads_sleep_unless_the_environment_says_otherwise(given, taken):
    """In a process of its own: OpenMP says at its start, as it is asked, which policy it has read."""
    environment = {name: value for name, value in os.environ.items() if name != 'OMP_WAIT_POLICY'}
    said = subprocess.run([sys.executable, '-c', 'import ros2_avloc.model.engines.torch'], text=True,
                          env=environment | {'OMP_DISPLAY_ENV': 'TRUE'} | given, capture_output=True)
    assert said.returncode == 0 and f"OMP_WAIT_POLICY = '{taken}'" in said.stderr, said.stderr


@on_the_cpu
def test_a_device_is_lost_where_it_fails_not_where_an_error_names_it(bundle, tiny):
    engine = opened(bundle)

    def fail():
        raise RuntimeError('CUDA out of memory')

    engine._run['sound'] = fail
    with pytest.raises(EngineError, match='torch failed in the sound graph: CUDA out of memory') as raised:
        engine.embed_sound(tiny.spectrogram)
    assert not isinstance(raised.value, DeviceLostError)
    engine._device = torch.device('cuda')  # here there is none: whatever it is asked, it fails
    with pytest.raises(DeviceLostError, match='torch has lost its device: CUDA out of memory'):
        engine.embed_sound(tiny.spectrogram)


@on_cuda
@both
def test_cuda_computes_the_golden_values_and_says_where(precision):
    bundle = Bundle.load(SHIPPED)
    engine = opened(bundle, precision)
    golden, identity = bundle.golden, engine.identity
    assert torch.cuda.get_device_name() in identity.device
    assert identity.precision == precision
    assert identity.layers.startswith(f'{precision}: ')
    logits = engine.localize(golden.image, engine.embed_sound(golden.spectrogram))
    probability = bundle.calibration.probability
    assert np.abs(probability(logits) - probability(golden.logits)).max() <= TOLERANCE[precision]


@on_cuda
@both
def test_two_sounds_are_held_on_the_device_at_once(bundle, tiny, precision):
    engine = opened(bundle, precision)
    sounds = [tiny.spectrogram, -tiny.spectrogram]
    embedded = [engine.embed_sound(sound) for sound in sounds]
    for sound, embedding in [*zip(sounds, embedded, strict=True)] * 2:
        logits = engine.localize(tiny.image, embedding)
        assert embedding.is_cuda
        assert np.abs(expit(logits) - expit(tiny.expected(tiny.image, sound))).max() <= TOLERANCE[precision]


@on_cuda
@both
def test_a_captured_graph_computes_what_its_pieces_do(bundle, tiny, monkeypatch, precision):
    from ros2_avloc.model.engines import torch as module

    captured = opened(bundle, precision)
    monkeypatch.setattr(module, '_capture', module._as_it_is)
    piecewise = opened(bundle, precision)
    rng = np.random.default_rng(2)
    for _ in range(3):
        image = rng.uniform(-1, 1, tiny.image.shape).astype(np.float32)
        sound = rng.uniform(-2, 2, tiny.spectrogram.shape).astype(np.float32)
        one, other = (engine.localize(image, engine.embed_sound(sound)) for engine in (captured, piecewise))
        assert np.abs(expit(one) - expit(other)).max() <= TOLERANCE[precision]


@on_cuda
def test_another_thread_than_the_one_that_opened_it_runs_it(bundle, tiny):
    engine = opened(bundle)
    with ThreadPoolExecutor(1) as worker:
        sound = worker.submit(engine.embed_sound, tiny.spectrogram).result()
        logits = worker.submit(engine.localize, tiny.image, sound).result()
    np.testing.assert_allclose(logits, tiny.logits, atol=1e-3)


@on_cuda
def test_work_that_finds_no_memory_fails_alone(bundle, tiny):
    engine = opened(bundle)
    run = engine._run['sound']
    engine._run['sound'] = lambda: torch.empty(1 << 50, device='cuda')
    with pytest.raises(EngineError, match='out of memory') as raised:
        engine.embed_sound(tiny.spectrogram)
    assert not isinstance(raised.value, DeviceLostError)
    engine._run['sound'] = run
    logits = engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram))
    np.testing.assert_allclose(logits, tiny.logits, atol=1e-3)


LOSE = """
import sys, numpy, torch
from pathlib import Path
from ros2_avloc.errors import DeviceLostError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines import open_engine
bundle = Bundle.load(Path(sys.argv[1]))
engine, _ = open_engine(bundle, name='torch', precision='fp32', strict=True)
engine._run['sound'] = lambda: torch.zeros(2, device='cuda')[torch.full((1,), 9, device='cuda')]
for _ in range(2):
    try:
        engine.localize(bundle.golden.image, engine.embed_sound(bundle.golden.spectrogram))
    except DeviceLostError as error:
        print(error)
engine.close()
"""


@on_cuda
def test_a_device_that_fails_is_lost_for_the_process(bundle):
    """In a process of its own: an index out of bounds in a kernel is an error that stays."""
    said = subprocess.run([sys.executable, '-c', LOSE, str(bundle.path)], capture_output=True, text=True)
    assert said.stdout.count('torch has lost its device: ') == 2, said.stderr
    assert said.returncode == 0, said.stderr  # memory that cannot be given back ends no process


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
