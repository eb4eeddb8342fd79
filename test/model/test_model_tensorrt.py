"""The TensorRT engine, held against what each version's bindings offer, on a GPU that NumPy plays."""

from __future__ import annotations

import ast
import importlib
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('onnx')

from gpu_double import OURS, in_half, played  # noqa: E402

from ros2_avloc.errors import DeviceLostError, EngineError  # noqa: E402
from ros2_avloc.model.engines import open_engine, trial  # noqa: E402
from ros2_avloc.model.engines.check import TOLERANCE  # noqa: E402
from ros2_avloc.model.engines.options import EngineOptions  # noqa: E402
from ros2_avloc.model.engines.plans import PlanCache  # noqa: E402

FOLDER = Path(__file__).parents[2] / 'ros2_avloc' / 'model' / 'engines'
VERSIONS = [('10.3.0', '12.6.2.post1'), ('10.13.3.9', '13.5.0'), ('11.4.0.106', '12.9.10'),
            ('11.4.0.106', '13.5.0')]


class Machine:
    """A machine with a GPU, TensorRT and cuda-python."""

    def __init__(self, tensorrt, directory):
        self.tensorrt, self.cuda = tensorrt, tensorrt.cuda
        self.directory = directory
        self.warnings = []
        self.options = EngineOptions(cache_dir=directory, warn=self.warnings.append)

    def open(self, bundle, precision='auto', **options):
        return open_engine(bundle, name='tensorrt', precision=precision, strict=True,
                           options=replace(self.options, **options))[0]


@pytest.fixture
def machine(tmp_path):
    with played() as tensorrt:
        yield Machine(tensorrt, tmp_path / 'engines')


@pytest.fixture(params=VERSIONS, ids='-'.join)
def each_machine(request, tmp_path):
    with played(*request.param) as tensorrt:
        yield Machine(tensorrt, tmp_path / 'engines')


@pytest.fixture(scope='module')
def halved(tiny, tmp_path_factory):
    """The tiny bundle with float16 graphs."""
    half = {f'{tower}_fp16': in_half(tiny.graphs[f'{tower}_fp32.onnx']).SerializeToString()
            for tower in ('vision', 'sound')}
    return tiny.write(tmp_path_factory.mktemp('halved'), **half)


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
def test_builds_and_computes_with_every_version(each_machine, halved, tiny, precision):
    engine = each_machine.open(halved, precision)
    identity = engine.identity
    assert (identity.name, identity.precision) == ('tensorrt', precision)
    assert identity.version == each_machine.tensorrt.module.__version__
    assert identity.device == 'Played GPU (compute capability 8.7)'
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
def test_runs_without_cuda_graphs_where_they_cannot_be_had(machine, bundle, tiny, who):
    machine.cuda.capture_fails = who == 'cuda'
    machine.tensorrt.refuse_capture = who == 'tensorrt'
    engine = machine.open(bundle)
    np.testing.assert_allclose(engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram)), tiny.logits,
                               atol=1e-4)
    assert all('without CUDA graphs' in warning for warning in machine.warnings)
    assert len(machine.warnings) == 2


def test_whatever_ends_a_capture_the_stream_can_be_used_again(machine):
    stream = _imported('cuda').Stream()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream.capture(interrupted)
    stream.synchronize()
    assert not machine.cuda.recording


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


def test_a_second_start_builds_nothing(machine, halved):
    machine.open(halved)
    assert machine.tensorrt.builds == 3
    machine.open(halved)
    assert machine.tensorrt.builds == 3
    assert machine.tensorrt.accepted_timings == [b'', b'timings', b'timings']
    machine.open(halved, 'fp32')
    assert machine.tensorrt.builds == 5  # the head is the same


def test_a_larger_gpu_of_the_same_name_has_plans_of_its_own(machine, bundle):
    machine.open(bundle)
    machine.cuda.processors = 8
    machine.open(bundle)
    assert machine.tensorrt.builds == 6


def test_of_two_that_start_at_once_one_builds(machine, bundle, tiny):
    one_waits = threading.Event()
    machine.tensorrt.on_step = lambda: one_waits.wait(10)  # the build goes on when the other has met the lock

    def progress(sentence):
        if 'another process is building' in sentence:
            one_waits.set()

    with ThreadPoolExecutor(2) as pool:
        engines = list(pool.map(lambda _: machine.open(bundle, progress=progress), range(2)))
    assert one_waits.is_set()
    assert machine.tensorrt.builds == 3
    for engine in engines:
        logits = engine.localize(tiny.image, engine.embed_sound(tiny.spectrogram))
        np.testing.assert_allclose(logits, tiny.logits, atol=1e-4)


@pytest.mark.parametrize('damage', ['flipped', 'short', 'empty', 'no facts', 'odd facts', 'foreign'])
def test_a_damaged_or_foreign_plan_is_built_again(machine, bundle, damage):
    machine.open(bundle)
    plan = next(machine.directory.glob('vision-*.plan'))
    content, facts = plan.read_bytes(), plan.with_suffix('.json')
    if damage == 'no facts':
        facts.unlink()
    elif damage == 'odd facts':
        facts.write_text('[]')
    elif damage == 'foreign':
        shutil.copy(next(machine.directory.glob('sound-*.plan')), plan)
        shutil.copy(next(machine.directory.glob('sound-*.json')), facts)
    else:
        plan.write_bytes({'flipped': content[:-1] + bytes([content[-1] ^ 1]), 'short': content[:100],
                          'empty': b''}[damage])
    assert machine.open(bundle).identity.name == 'tensorrt'
    assert machine.tensorrt.builds == 4
    assert len(machine.warnings) == (damage != 'no facts')


def test_a_plan_whose_facts_claim_another_precision_is_built_again(machine, halved):
    machine.open(halved, 'fp16')
    facts = next(machine.directory.glob('vision-fp16-*.json'))
    facts.write_text(facts.read_text().replace('"fp16"', '"fp32"'))
    assert machine.open(halved, 'fp16').identity.precision == 'fp16'
    assert machine.tensorrt.builds == 4


def test_a_plan_that_tensorrt_refuses_is_built_again(machine, bundle, monkeypatch):
    monkeypatch.setattr(type(machine.tensorrt), 'header', b'of a driver before the update')
    machine.open(bundle)
    monkeypatch.undo()
    machine.open(bundle)
    assert machine.tensorrt.builds == 6
    assert 'is built again: TensorRT refuses the plan of the vision graph (The plan was built by' in \
        machine.warnings[0]


@pytest.mark.parametrize('stored', [b'of another GPU', b'damaged'])
def test_timings_that_do_not_fit_are_measured_anew(machine, stored):
    config = machine.tensorrt.Builder__create_builder_config(None)
    _imported('build')._take_timings(config, stored)
    assert machine.tensorrt.accepted_timings == [b'']


def test_without_a_device_tensorrt_is_not_touched(machine, bundle):
    machine.cuda.lost = True
    with pytest.raises(EngineError, match=r'no CUDA device can be used \(CUDA says: .*IllegalAddress'):
        machine.open(bundle)
    machine.cuda.lost, machine.cuda.count = False, 0
    with pytest.raises(EngineError, match='CUDA finds no device'):
        machine.open(bundle)
    assert not {call for call in machine.tensorrt.double.calls if not call.startswith('ILogger')}


def test_a_driver_that_does_not_suit_tensorrt_ends_another_process_only(machine, bundle, monkeypatch):
    monkeypatch.setattr(trial, 'CODE', 'import os, sys; print("Segfault", file=sys.stderr); os.abort()')
    with pytest.raises(EngineError, match=r'ends a process with -6: Segfault \(TensorRT 11\.4\.0\.106, '
                                          r'driver for CUDA 13000, Played GPU\); see docs/tensorrt.md'):
        machine.open(bundle)
    assert not {call for call in machine.tensorrt.double.calls if not call.startswith('ILogger')}
    monkeypatch.setattr(trial, 'CODE', '')
    machine.open(bundle)
    monkeypatch.setattr(trial, 'CODE', 'raise SystemExit(1)')
    machine.open(bundle)  # it is remembered
    monkeypatch.setattr(machine.cuda, 'driver', 13010)
    with pytest.raises(EngineError, match='ends a process with 1: '):
        machine.open(bundle)


def test_what_the_parser_and_the_builder_say_is_quoted(machine, bundle, tiny, tmp_path):
    with pytest.raises(EngineError, match=r'its parser refuses .*vision_fp32\.onnx \('):
        machine.open(tiny.write(tmp_path / 'wrong', vision_fp32=b'not a graph'))
    machine.tensorrt.refuse = 'Not enough\nmemory.'
    with pytest.raises(EngineError, match=r'cannot build the vision graph \(Not enough memory\.\)'):
        machine.open(bundle)


def test_what_tensorrt_warns_of_is_told_once(machine, bundle):
    machine.tensorrt.warn = 'It is\nlate.'
    machine.open(bundle)
    machine.open(bundle)
    assert machine.warnings == ['TensorRT warns: It is late.']


def test_graphs_of_another_precision_or_shape_are_refused(machine, tiny, tmp_path):
    single = {tower: tiny.graphs[f'{tower}_fp32.onnx'].SerializeToString() for tower in ('vision', 'sound')}
    wrong = tiny.write(tmp_path / 'wrong', vision_fp16=single['vision'], sound_fp16=single['sound'])
    with pytest.raises(EngineError, match='makes a network that computes in fp32, not in fp16'):
        machine.open(wrong, 'fp16')
    swapped = tiny.write(tmp_path / 'swapped', vision_fp32=single['sound'])
    with pytest.raises(EngineError, match='the vision graph needs float32 tensors'):
        machine.open(swapped)


def test_settings_reach_the_builder_and_progress_the_caller(machine, bundle, monkeypatch):
    build = _imported('build')
    monkeypatch.setattr(build, 'PERIOD', 0.001)
    sentences, seen, told = [], [], threading.Event()
    machine.tensorrt.on_step = lambda: told.wait(30)
    configure = build._configure
    monkeypatch.setattr(
        build, '_configure', lambda config, *rest: (configure(config, *rest), seen.append(config)))

    def progress(sentence):
        sentences.append(sentence)
        if 'Building' in sentence:
            told.set()

    machine.open(bundle, level=5, workspace=2**20, progress=progress)
    assert 'TensorRT builds the vision graph in fp32: Building 0 of 2' in sentences
    assert seen[0].__dict__['workspace'] == 2**20
    assert seen[0].builder_optimization_level == 5


@pytest.fixture
def slow_build(machine, monkeypatch):
    """A build whose first step ends when it has been cancelled."""
    build = _imported('build')
    monkeypatch.setattr(build, 'PERIOD', 0.001)
    cancelled = threading.Event()
    cancel = build.Progress.cancel
    monkeypatch.setattr(build.Progress, 'cancel', lambda this: (cancel(this), cancelled.set()))
    machine.tensorrt.on_step = lambda: cancelled.wait(30)


@pytest.mark.usefixtures('slow_build')
def test_a_build_can_be_cancelled(machine, bundle):
    with pytest.raises(EngineError, match='Opening tensorrt was cancelled'):
        machine.open(bundle, cancelled=lambda: True)
    assert machine.tensorrt.builds == 0
    assert not list(machine.directory.glob('*.plan'))


@pytest.mark.usefixtures('slow_build')
def test_an_interrupt_ends_the_build(machine, bundle):
    def progress(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machine.open(bundle, progress=progress)
    assert machine.tensorrt.builds == 0


def test_a_lost_device_is_told_and_closing_goes_on(machine, bundle, tiny):
    engine = machine.open(bundle)
    embedding = engine.embed_sound(tiny.spectrogram)
    machine.cuda.lost = True
    with pytest.raises(DeviceLostError, match='tensorrt has lost Played GPU .*IllegalAddress'):
        engine.localize(tiny.image, embedding)
    with pytest.raises(DeviceLostError):
        engine.embed_sound(tiny.spectrogram)
    engine.close()
    with pytest.raises(EngineError, match='was closed'):
        engine.localize(tiny.image, embedding)


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


def test_a_device_lost_while_work_is_queued_piece_by_piece_is_told_too(machine, bundle, tiny):
    machine.cuda.capture_fails = True
    engine = machine.open(bundle)
    embedding = engine.embed_sound(tiny.spectrogram)

    def lose():
        machine.cuda.lost = True
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


def test_facts_for_people_lie_beside_a_plan(machine, bundle):
    machine.open(bundle)
    entries = PlanCache(machine.directory, print).entries()
    vision = next(facts for name, facts in entries.items() if name.startswith('vision-fp32'))
    assert vision['key'] == {'bundle': bundle.sha256, 'graph': 'vision', 'precision': 'fp32',
                             'library': '11.4.0.106', 'gpu': 'Played GPU', 'capability': '8.7',
                             'processors': 16}
    assert vision['seconds'] >= 0 and vision['bytes'] > 0


def _imported(name):
    return importlib.import_module(f'ros2_avloc.model.engines.{name}')
