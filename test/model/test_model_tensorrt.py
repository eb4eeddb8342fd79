"""The TensorRT engine, held against what each version's bindings offer, on a GPU that ONNX Runtime plays."""

from __future__ import annotations

import ast
import importlib
import os
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from gpu_double import OURS

from ros2_avloc.errors import DeviceLostError, EngineError
from ros2_avloc.model.engines import open_engine, trial
from ros2_avloc.model.engines.check import TOLERANCE

FOLDER = Path(__file__).parents[2] / 'ros2_avloc' / 'model' / 'engines'


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_builds_and_computes_with_every_version(each_machine, halved, tiny, precision):
    engine = each_machine.open(halved, precision)
    identity = engine.identity
    assert (identity.name, identity.precision) == ('tensorrt', precision)
    assert identity.version == each_machine.tensorrt.module.__version__
    assert identity.device == 'Played GPU (compute capability 8.7)'
    assert identity.layers == {'fp16': 'fp16: 4, fp32: 1', 'fp32': 'fp32: 5'}[precision]
    rng = np.random.default_rng(1)
    image = rng.uniform(-1, 1, tiny.image.shape).astype(np.float32)
    spectrogram = rng.uniform(-2, 2, tiny.spectrogram.shape).astype(np.float32)
    logits = engine.localize(image, engine.embed_sound(spectrogram))
    assert (logits.shape, logits.dtype) == ((14, 14), np.float32)
    np.testing.assert_allclose(logits, tiny.expected(image, spectrogram), atol=10 * TOLERANCE[precision])
    engine.close()
    engine.close()
    assert not each_machine.cuda.allocated and not each_machine.cuda.streams and not each_machine.cuda.graphs
    assert not each_machine.warnings


@pytest.mark.parametrize('name', OURS)
def test_every_name_that_the_code_spells_is_there(each_machine, name):
    library = each_machine.cuda if name == 'cuda' else each_machine.tensorrt
    root, module = 'runtime' if name == 'cuda' else 'trt', library.module
    spelled = 0
    for node in ast.walk(ast.parse((FOLDER / f'{name}.py').read_text())):
        words, inner = [], node
        while isinstance(inner, ast.Attribute):
            words.insert(0, inner.attr)
            inner = inner.value
        if words and isinstance(inner, ast.Name) and inner.id == root:
            attrgetter('.'.join(words))(module)
            spelled += 1
    assert spelled > 4


def test_enums_of_the_doubles_can_do_no_more_than_the_real_ones(machine):
    for kind in (machine.cuda.module.cudaMemcpyKind, machine.tensorrt.module.DataType):
        with pytest.raises(TypeError, match='not subscriptable'):
            kind['HALF']
        with pytest.raises(TypeError, match='not iterable'):
            iter(kind)


def test_auto_takes_float16_and_falls_back_to_float32(machine, halved, bundle):
    assert machine.open(halved).identity.precision == 'fp16'
    engine, reasons = open_engine(bundle, name='tensorrt', options=machine.options)
    assert engine.identity.precision == 'fp32'
    assert reasons == [f'tensorrt in fp16 was not taken: {bundle.path} has no graphs in fp16.']
    with pytest.raises(EngineError, match='computes in fp16 or fp32, not in bf16'):
        machine.open(bundle, 'bf16')


def test_whoever_waits_for_the_gpu_sleeps(machine, bundle):
    machine.open(bundle)
    calls = machine.cuda.double.calls
    assert machine.cuda.flags == machine.cuda.module.cudaDeviceScheduleBlockingSync
    assert calls.index('cudaSetDeviceFlags') < calls.index('cudaStreamCreateWithFlags')


def test_frames_and_sounds_do_not_mix(machine, bundle, tiny):
    engine = machine.open(bundle)
    rng = np.random.default_rng(2)
    images = rng.uniform(-1, 1, (2, *tiny.image.shape)).astype(np.float32)
    sounds = rng.uniform(-2, 2, (2, *tiny.spectrogram.shape)).astype(np.float32)
    embedded = [engine.embed_sound(sound) for sound in sounds]
    for image in images:
        for sound, embedding in zip(sounds, embedded, strict=True):
            logits = engine.localize(image, embedding)
            np.testing.assert_allclose(logits, tiny.expected(image, sound), atol=1e-4)


def test_memory_is_allocated_once_and_the_embedding_stays_on_the_device(machine, bundle, tiny):
    engine = machine.open(bundle)
    for _ in range(3):
        embedding = engine.embed_sound(tiny.spectrogram)
        engine.localize(tiny.image, embedding)
    allocated = len(machine.cuda.allocated)
    machine.cuda.double.calls.clear()
    machine.tensorrt.double.calls.clear()
    for _ in range(5):
        embedding = engine.embed_sound(tiny.spectrogram)
        engine.localize(tiny.image, embedding)
    assert len(machine.cuda.allocated) == allocated
    assert not machine.tensorrt.double.calls  # the graphs are launched, TensorRT is not called any more
    assert set(machine.cuda.double.calls) == {'cudaStreamSynchronize', 'cudaGraphLaunch', 'cudaMemcpyAsync'}
    assert machine.cuda.double.calls.count('cudaMemcpyAsync') == 10  # an embedding's way, twice a window


@pytest.mark.parametrize('who', ['cuda', 'tensorrt'])
def test_runs_without_cuda_graphs_where_they_cannot_be_had(each_machine, bundle, tiny, who):
    each_machine.cuda.capture_fails = who == 'cuda'
    each_machine.tensorrt.refuse_capture = who == 'tensorrt'
    engine = each_machine.open(bundle)
    np.testing.assert_allclose(engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram)), tiny.logits,
                               atol=1e-4)
    assert all('without CUDA graphs' in warning for warning in each_machine.warnings)
    assert len(each_machine.warnings) == 2


def test_whatever_ends_a_capture_the_stream_can_be_used_again(each_machine):
    stream = _imported('cuda').Stream()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream.capture(interrupted)
    stream.synchronize()
    assert not each_machine.cuda.recording


@pytest.mark.parametrize('what', ['memory', 'waiting'])
def test_the_double_captures_no_more_than_cuda_does(machine, what):
    cuda = _imported('cuda')
    stream = cuda.Stream()
    forbidden = {'memory': lambda: cuda.DeviceArray((1,)), 'waiting': stream.synchronize}[what]
    with pytest.raises(cuda.CudaError, match='cudaErrorStreamCaptureUnsupported'):
        stream.capture(forbidden)
    forbidden()


def test_an_engine_is_used_by_another_thread_than_that_which_opened_it(machine, bundle, tiny):
    def localize(engine):
        return engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram))

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        engine = one.submit(machine.open, bundle).result()
        np.testing.assert_allclose(other.submit(localize, engine).result(), tiny.logits, atol=1e-4)
        engine.close()
    assert not machine.cuda.allocated


def test_without_a_device_tensorrt_is_not_touched(each_machine, bundle):
    each_machine.cuda.lost = True
    with pytest.raises(EngineError, match=r'no CUDA device can be used \(CUDA says: .*IllegalAddress'):
        each_machine.open(bundle)
    each_machine.cuda.lost, each_machine.cuda.count = False, 0
    with pytest.raises(EngineError, match='CUDA finds no device'):
        each_machine.open(bundle)
    assert not {call for call in each_machine.tensorrt.double.calls if not call.startswith('ILogger')}


def test_a_driver_that_does_not_suit_tensorrt_ends_another_process_only(machine, bundle, monkeypatch):
    monkeypatch.setattr(trial, 'CODE', 'import os, sys; print("Segfault", file=sys.stderr); os.abort()')
    with pytest.raises(EngineError, match=r'ends a process with -6: Segfault \(TensorRT 11\.4\.0\.106, '
                                          r'driver for CUDA 13000, Played GPU\); see docs/tensorrt.md'):
        machine.open(bundle)
    assert not {call for call in machine.tensorrt.double.calls if not call.startswith('ILogger')}
    monkeypatch.setattr(trial, 'CODE', '')
    told = []
    machine.open(bundle, progress=told.append)
    assert told[0] == 'TensorRT is tried in a process of its own'
    monkeypatch.setattr(trial, 'CODE', 'raise SystemExit(1)')
    machine.open(bundle, progress=told.append)  # it is remembered
    assert told.count(told[0]) == 1
    monkeypatch.setattr(machine.cuda, 'driver', 13010)
    with pytest.raises(EngineError, match='ends a process with 1: '):
        machine.open(bundle)


def test_a_trial_can_be_cancelled_and_its_process_ends(machine, bundle, monkeypatch, tmp_path):
    lives = tmp_path / 'pid'
    monkeypatch.setattr(trial, 'CODE', f'import os, time; open({str(lives)!r}, "w").write(str(os.getpid())); '
                                       'time.sleep(100)')
    with pytest.raises(EngineError, match=r'^Opening tensorrt was cancelled\.$'):
        machine.open(bundle, cancelled=lambda: lives.exists() and lives.read_text() != '')
    with pytest.raises(ProcessLookupError):
        os.kill(int(lives.read_text()), 0)


def test_a_trial_that_does_not_end_is_a_bad_one(machine, bundle, monkeypatch):
    monkeypatch.setattr(trial, 'TIMEOUT', 0.3)
    monkeypatch.setattr(trial, 'CODE', 'import time; time.sleep(100)')
    with pytest.raises(EngineError, match=r'its trial in a process of its own has not ended within 0\.3 s'):
        machine.open(bundle)


def test_an_interrupted_trial_says_nothing_of_tensorrt(machine, halved, monkeypatch, tmp_path):
    monkeypatch.setattr(trial, 'CODE', f'''
import os, pathlib, signal
first = pathlib.Path({str(tmp_path / 'first')!r})
if not first.exists():
    first.touch()
    os.kill(os.getpid(), signal.SIGINT)
''')
    engine, reasons = open_engine(halved, name='tensorrt', options=machine.options)
    assert (engine.identity.name, engine.identity.precision) == ('tensorrt', 'fp32')
    assert reasons == ['tensorrt in fp16 was not taken: its trial in a process of its own was interrupted.']


def test_a_lost_device_is_told_and_closing_goes_on(each_machine, bundle, tiny):
    engine = each_machine.open(bundle)
    embedding = engine.embed_sound(tiny.spectrogram)
    each_machine.cuda.lost = True
    with pytest.raises(DeviceLostError, match='tensorrt has lost Played GPU .*IllegalAddress'):
        engine.localize(tiny.image, embedding)
    with pytest.raises(DeviceLostError):
        engine.embed_sound(tiny.spectrogram)
    engine.close()
    with pytest.raises(EngineError, match='was closed'):
        engine.localize(tiny.image, embedding)


def test_a_lost_device_is_not_handed_to_tensorrt_again(each_machine, bundle):
    each_machine.open(bundle).close()
    each_machine.cuda.lost = True
    each_machine.tensorrt.double.calls.clear()
    with pytest.raises(EngineError, match=r'no CUDA device can be used \(CUDA says: .*IllegalAddress'):
        each_machine.open(bundle)
    assert not each_machine.tensorrt.double.calls


def test_a_full_device_is_not_a_lost_one(machine, bundle, tiny):
    engine = machine.open(bundle)
    machine.cuda.full = True
    held = [engine.embed_sound(tiny.spectrogram) for _ in range(3)]
    with pytest.raises(EngineError, match='failed in the sound graph: .*cudaErrorMemoryAllocation') as raised:
        engine.embed_sound(tiny.spectrogram)
    assert not isinstance(raised.value, DeviceLostError)
    held.clear()
    np.testing.assert_allclose(engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram)), tiny.logits,
                               atol=1e-4)


def test_a_device_lost_while_work_is_queued_piece_by_piece_is_told_too(each_machine, bundle, tiny):
    each_machine.cuda.capture_fails = True
    engine = each_machine.open(bundle)
    embedding = engine.embed_sound(tiny.spectrogram)

    def lose():
        each_machine.cuda.lost = True
        engine._networks['vision'].queue(engine._stream)

    engine._programs['vision'].run = lose
    with pytest.raises(DeviceLostError, match=r'the vision graph cannot be run \(CUDA failure\)'):
        engine.localize(tiny.image, embedding)


def test_a_wrong_input_is_refused(machine, bundle, tiny):
    engine = machine.open(bundle)
    with pytest.raises(EngineError, match=r'spectrogram has the shape \(1, 1, 10, 200\)'):
        engine.embed_sound(tiny.spectrogram[:10])
    with pytest.raises(EngineError, match='image has the shape'):
        engine.localize(tiny.image[:, :1], engine.embed_sound(tiny.spectrogram))


def _imported(name):
    return importlib.import_module(f'ros2_avloc.model.engines.{name}')
