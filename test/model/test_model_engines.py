from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines import ENGINES, open_engine
from ros2_avloc.model.engines.check import TOLERANCE, check_golden
from ros2_avloc.model.engines.options import EngineOptions

HERE = ('openvino', 'onnxruntime')
PRODUCTS = 5
"""Convolutions and matrix products of the tiny network."""


@pytest.mark.parametrize('name', HERE)
def test_computes_what_numpy_computes_in_fp32(bundle, tiny, name):
    engine, reasons = open_engine(bundle, name=name, precision='fp32', strict=True)
    assert reasons == []
    assert (engine.identity.name, engine.identity.precision) == (name, 'fp32')
    assert engine.identity.layers == f'fp32: {PRODUCTS}'
    assert engine.identity.device.startswith('CPU (')
    rng = np.random.default_rng(1)
    image = rng.uniform(-1, 1, tiny.image.shape).astype(np.float32)
    spectrogram = rng.uniform(-2, 2, tiny.spectrogram.shape).astype(np.float32)
    logits = engine.localize(image, engine.embed_sound(spectrogram))
    assert logits.shape == (14, 14)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, tiny.expected(image, spectrogram), atol=1e-4)


@pytest.mark.parametrize('name', HERE)
def test_an_embedding_and_a_result_outlive_the_next_run(bundle, tiny, name):
    engine, _ = open_engine(bundle, name=name, precision='fp32')
    embedding = engine.embed_sound(tiny.spectrogram)
    first = engine.localize(tiny.image, embedding)
    engine.embed_sound(-tiny.spectrogram)
    engine.localize(-tiny.image, embedding)
    np.testing.assert_allclose(first, tiny.logits, atol=1e-4)
    np.testing.assert_array_equal(engine.localize(tiny.image, embedding), first)


@pytest.mark.parametrize('name', HERE)
@pytest.mark.parametrize('precision', ['fp16', 'bf16'])
def test_a_reduced_precision_is_right_or_refused_in_words(bundle, tiny, name, precision):
    try:
        engine, _ = open_engine(bundle, name=name, precision=precision, strict=True)
    except EngineError as error:
        assert f'{name} in {precision} was not taken' in str(error)
        return
    assert engine.identity.precision == precision
    assert precision in engine.identity.layers
    logits = engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram))
    assert np.abs(expit(logits) - expit(tiny.logits)).max() <= TOLERANCE[precision]
    assert not np.array_equal(logits, tiny.logits)


def test_openvino_says_bfloat16_only_of_what_the_library_computes_in_it(bundle, monkeypatch):
    module = importlib.import_module('ros2_avloc.model.engines.openvino')
    if 'BF16' not in module.shared_core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('OpenVINO has no bfloat16 here')
    settings = module._settings
    monkeypatch.setattr(module, '_settings', lambda _: settings('fp32'))
    with pytest.raises(EngineError, match='computes in fp32, not in bf16'):
        open_engine(bundle, name='openvino', precision='bf16', strict=True)


def test_auto_says_why_the_faster_ones_were_not_taken(bundle):
    engine, reasons = open_engine(bundle)
    assert engine.identity.name == 'openvino'
    for name, reason in zip(ENGINES, reasons[:2], strict=False):
        assert reason.startswith(f'{name} was not taken: ')


def test_falls_back_unless_strict(bundle):
    engine, reasons = open_engine(bundle, name='onnxruntime', precision='fp16')
    identity = engine.identity
    assert (identity.name, identity.precision) in [('onnxruntime', 'fp32'), ('openvino', 'fp16')]
    assert reasons[0] == 'onnxruntime in fp16 was not taken: it computes in fp32 on a CPU, not in fp16.'
    with pytest.raises(EngineError, match='onnxruntime in fp16 was not taken'):
        open_engine(bundle, name='onnxruntime', precision='fp16', strict=True)
    with pytest.raises(EngineError, match='tensorrt was not taken'):
        open_engine(bundle, name='tensorrt', strict=True)


@pytest.mark.parametrize('wrong', [{'name': 'caffe'}, {'precision': 'int3'}])
def test_unknown_names_are_refused(bundle, wrong):
    with pytest.raises(EngineError, match=r'There is no .* choose auto'):
        open_engine(bundle, **wrong)


def test_what_is_cancelled_beforehand_is_not_opened(bundle, monkeypatch):
    module = importlib.import_module('ros2_avloc.model.engines.onnxruntime')
    monkeypatch.setattr(module, 'load', lambda *_: pytest.fail('nobody wants it'))
    with pytest.raises(EngineError, match=r'^Opening onnxruntime was cancelled\.$'):
        open_engine(bundle, name='onnxruntime', options=EngineOptions(cancelled=lambda: True))


def test_what_is_cancelled_while_one_cannot_be_had_goes_no_further(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    monkeypatch.delitem(sys.modules, 'ros2_avloc.model.engines.tensorrt', raising=False)
    before = iter([False])
    with pytest.raises(EngineError, match=r'^Opening tensorrt was cancelled\.$'):
        open_engine(bundle, options=EngineOptions(cancelled=lambda: next(before, True)))


def test_an_engine_that_is_cancelled_while_it_opens_is_closed(bundle, tiny, monkeypatch):
    module = importlib.import_module('ros2_avloc.model.engines.onnxruntime')
    load, opened = module.load, []

    def noted(*given):
        opened.append(load(*given))
        return opened[0]

    monkeypatch.setattr(module, 'load', noted)
    with pytest.raises(EngineError, match=r'^Opening onnxruntime was cancelled\.$'):
        open_engine(bundle, name='onnxruntime', options=EngineOptions(cancelled=lambda: bool(opened)))
    with pytest.raises(EngineError, match='onnxruntime was closed'):
        opened[0].embed_sound(tiny.spectrogram)


def test_an_absent_library_is_a_reason(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    monkeypatch.delitem(sys.modules, 'ros2_avloc.model.engines.openvino', raising=False)
    engine, reasons = open_engine(bundle)
    assert engine.identity.name == 'onnxruntime'
    assert any('openvino' in reason and 'pip install openvino' in reason for reason in reasons)


def test_what_tensorrt_needs_is_said_by_its_page(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    monkeypatch.delitem(sys.modules, 'ros2_avloc.model.engines.tensorrt', raising=False)
    _, reasons = open_engine(bundle)
    assert reasons[0].startswith('tensorrt was not taken: it cannot be imported')
    assert reasons[0].endswith('see docs/tensorrt.md.')


def test_libraries_are_imported_only_when_chosen():
    code = ('import sys, ros2_avloc.model.engines, ros2_avloc.model.localizer; '
            'print(sorted({"torch", "openvino", "onnxruntime", "tensorrt", "rclpy"} & set(sys.modules)))')
    said = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == '[]'


def test_an_engine_that_computes_something_else_is_refused(tiny, tmp_path):
    other = tiny.write(tmp_path, logits=tiny.logits + np.float32(0.1))
    with pytest.raises(EngineError, match=r'openvino.* differ from the golden.*onnxruntime.* differ from'):
        open_engine(other, precision='fp32', strict=True)


def test_another_peak_is_refused_though_all_probabilities_are_small(tiny, tmp_path):
    low = tiny.logits - np.float32(100)
    head = _head_with_bias(tiny, -101)
    right = tiny.write(tmp_path / 'right', logits=low, head=head)
    open_engine(right, name='onnxruntime', strict=True)
    wrong = tiny.write(tmp_path / 'wrong', logits=low[::-1].copy(), head=head)
    with pytest.raises(EngineError, match='peak lies in another cell'):
        open_engine(wrong, name='onnxruntime', strict=True)


def test_a_result_that_is_not_a_number_is_refused(tiny, tmp_path):
    with pytest.raises(EngineError, match='not finite'):
        open_engine(tiny.write(tmp_path, head=_head_with_bias(tiny, float('nan'))), precision='fp32')


@pytest.mark.parametrize('graph', ['vision_fp32', 'sound_fp32', 'head'])
def test_a_graph_that_no_library_reads_is_an_engine_error(tiny, tmp_path, graph):
    with pytest.raises(EngineError, match=r'openvino.* cannot load or run .*onnxruntime.* cannot load'):
        open_engine(tiny.write(tmp_path, **{graph: b'not a graph'}))


class Odd:
    """An engine that fails with an error of its own, or says something odd of itself."""

    def __init__(self, engine, precision=None):
        self.engine = engine
        self.identity = replace(engine.identity, precision=precision or engine.identity.precision)
        self.closed = False

    def embed_sound(self, spectrogram):
        raise KeyError('nothing')

    def localize(self, image, sound):
        raise AssertionError('there is no sound')

    def close(self):
        self.closed = True


@pytest.mark.parametrize(('precision', 'reason'), [
    (None, "it cannot load or run the model (KeyError: 'nothing')"),
    ('bf16 and fp16', "it says that it computes in 'bf16 and fp16', for which nothing is promised")])
def test_an_engine_that_fails_in_its_own_way_is_closed(bundle, monkeypatch, precision, reason):
    module = importlib.import_module('ros2_avloc.model.engines.openvino')
    odd = Odd(module.load(bundle, 'fp32', EngineOptions()), precision)
    monkeypatch.setattr(module, 'load', lambda *_: odd)
    engine, reasons = open_engine(bundle, name='openvino')
    assert engine.identity.name == 'onnxruntime'
    assert reasons[0] == f'openvino in fp16 was not taken: {reason}.'
    assert odd.closed


def test_onnxruntime_says_what_was_computed_not_what_was_asked_for(tiny, tmp_path):
    with pytest.raises(EngineError, match=r'computes in double, not in fp32'):
        open_engine(tiny.write(tmp_path, head=_head_in_double(tiny)), name='onnxruntime', strict=True)


@pytest.mark.parametrize(('precision', 'listed', 'device'), [
    ('fp16', ['CPU', 'GPU'], 'GPU'), ('fp16', ['CPU', 'GPU.0', 'GPU.1'], 'GPU'),
    ('bf16', ['CPU', 'GPU'], 'CPU'), ('fp32', ['CPU', 'GPU'], 'CPU')])
def test_openvino_takes_a_gpu_for_float16_alone(precision, listed, device):
    from ros2_avloc.model.engines.openvino import device_for

    assert device_for(precision, listed) == device


def test_openvino_computes_in_float16_on_no_processor_though_it_could(bundle):
    module = importlib.import_module('ros2_avloc.model.engines.openvino')
    if _gpus(module):
        pytest.skip('OpenVINO has a GPU here')
    with pytest.raises(EngineError, match='it computes in fp16 on a GPU of Intel alone, and finds none'):
        open_engine(bundle, name='openvino', precision='fp16', strict=True)
    engine, reasons = open_engine(bundle, name='openvino')
    assert 'fp16' not in engine.identity.layers
    assert reasons[0].startswith('openvino in fp16 was not taken: ')


def test_a_gpu_that_openvino_cannot_use_is_a_reason_to_take_the_processor(bundle, monkeypatch):
    module = importlib.import_module('ros2_avloc.model.engines.openvino')
    if _gpus(module):
        pytest.skip('OpenVINO has a GPU here')
    chosen = module.device_for
    monkeypatch.setattr(module, 'device_for', lambda precision, _: chosen(precision, ['CPU', 'GPU']))
    engine, reasons = open_engine(bundle, name='openvino')
    assert (engine.identity.name, engine.identity.device[:5]) == ('openvino', 'CPU (')
    assert 'openvino in fp16 was not taken: it cannot load or run the model (RuntimeError: ' in reasons[0]


def test_openvino_computes_in_float16_on_a_gpu(bundle, tiny):
    module = importlib.import_module('ros2_avloc.model.engines.openvino')
    if not _gpus(module):
        pytest.skip('OpenVINO has no GPU here')
    engine, reasons = open_engine(bundle, name='openvino', strict=True)
    assert reasons == []
    assert engine.identity.device.startswith('GPU')
    assert (engine.identity.precision, engine.identity.layers) == ('fp16', f'fp16: {PRODUCTS - 1}, fp32: 1')
    logits = engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram))
    assert np.abs(expit(logits) - expit(tiny.logits)).max() <= TOLERANCE['fp16']


def test_a_closed_engine_and_a_wrong_input_are_engine_errors(bundle, tiny):
    engine, _ = open_engine(bundle)
    with pytest.raises(EngineError, match='failed in the sound graph'):
        engine.embed_sound(tiny.spectrogram[:10])
    engine.close()
    with pytest.raises(EngineError, match='was closed'):
        check_golden(engine, bundle)


def test_an_interrupt_is_survived_when_another_thread_lets_an_engine_go(tiny, tmp_path):
    code = ('import gc, signal, sys, threading\n'
            'from pathlib import Path\n'
            'from ros2_avloc.model.bundle import Bundle\n'
            'from ros2_avloc.model.engines import open_engine\n'
            'held = [open_engine(Bundle.load(Path(sys.argv[1])), name="openvino", strict=True)]\n'
            'other = threading.Thread(target=held.clear)\n'
            'other.start()\n'
            'other.join()\n'
            'gc.collect()\n'
            'try:\n'
            '    signal.raise_signal(signal.SIGINT)\n'
            'except KeyboardInterrupt:\n'
            '    print("interrupted")\n')
    tiny.write(tmp_path)
    ran = subprocess.run([sys.executable, '-c', code, str(tmp_path)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, 'interrupted\n')


def _gpus(module) -> list[str]:
    return [name for name in module.shared_core().available_devices if name.startswith('GPU')]


def _head_in_double(tiny) -> bytes:
    from onnx import TensorProto, helper

    head = type(tiny.graphs['head.onnx'])()
    head.CopyFrom(tiny.graphs['head.onnx'])
    before, product, *after = head.graph.node
    casts = [helper.make_node('Cast', [name], [f'{name}_double'], to=TensorProto.DOUBLE)
             for name in product.input]
    exact = helper.make_node('MatMul', [cast.output[0] for cast in casts], ['product'])
    back = helper.make_node('Cast', ['product'], list(product.output), to=TensorProto.FLOAT)
    nodes = [before, *casts, exact, back, *after]
    del head.graph.node[:]
    head.graph.node.extend(nodes)
    return bytes(head.SerializeToString())


def _head_with_bias(tiny, bias: float) -> bytes:
    from onnx import numpy_helper

    head = type(tiny.graphs['head.onnx'])()
    head.CopyFrom(tiny.graphs['head.onnx'])
    entry = next(entry for entry in head.graph.initializer if entry.name == 'bias')
    entry.CopyFrom(numpy_helper.from_array(np.array([bias], np.float32), 'bias'))
    return bytes(head.SerializeToString())
