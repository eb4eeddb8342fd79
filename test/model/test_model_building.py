"""Plans of the TensorRT engine: how they are built, kept, and refused."""

from __future__ import annotations

import importlib
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines.plans import PlanCache


def test_a_second_start_builds_nothing(machine, halved):
    machine.open(halved)
    assert machine.tensorrt.builds == 3
    machine.open(halved)
    assert machine.tensorrt.builds == 3
    assert machine.tensorrt.accepted_timings == [b'', b'timings', b'timings']
    machine.open(halved, 'fp32')
    assert machine.tensorrt.builds == 5  # the head is the same


def test_a_plan_serves_whatever_level_and_workspace_are_asked_for_until_it_is_removed(machine, bundle):
    machine.open(bundle, level=5)
    machine.open(bundle, level=0, workspace=2**24)
    assert machine.tensorrt.builds == 3
    PlanCache(machine.directory, print).remove(next(machine.directory.glob('vision-*.plan')).stem)
    machine.open(bundle, level=0)
    assert machine.tensorrt.builds == 4


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


def test_a_plan_of_another_precision_is_refused_at_every_start_and_built_once(machine, halved):
    machine.tensorrt.tells = dict.fromkeys(machine.tensorrt.tells, 'Float')
    for _ in range(2):
        with pytest.raises(EngineError, match='the vision graph is computed in fp32, not in fp16'):
            machine.open(halved, 'fp16')
    assert machine.tensorrt.builds == 1
    assert not machine.warnings


def test_a_plan_that_tensorrt_refuses_when_it_was_just_built_is_not_kept(machine, bundle):
    machine.tensorrt.refuse_plans = True
    with pytest.raises(EngineError, match='TensorRT refuses the plan of the vision graph'):
        machine.open(bundle)
    assert not list(machine.directory.glob('vision-*'))


def test_a_plan_of_which_tensorrt_tells_nothing_is_what_was_built(machine, halved):
    machine.tensorrt.tells = dict.fromkeys(machine.tensorrt.tells, 'as you like it')
    identity = machine.open(halved, 'fp16').identity
    assert (identity.precision, identity.layers) == ('fp16', '')


def test_a_plan_that_tensorrt_refuses_is_built_again(each_machine, bundle, monkeypatch):
    monkeypatch.setattr(type(each_machine.tensorrt), 'header', b'of a driver before the update')
    each_machine.open(bundle)
    monkeypatch.undo()
    each_machine.open(bundle)
    assert each_machine.tensorrt.builds == 6
    assert 'is built again: TensorRT refuses the plan of the vision graph (The plan was built by' in \
        each_machine.warnings[0]


@pytest.mark.parametrize('stored', [b'of another GPU', b'damaged'])
def test_timings_that_do_not_fit_are_measured_anew(each_machine, stored):
    config = each_machine.tensorrt.Builder__create_builder_config(None)
    _imported('build')._take_timings(config, stored)
    assert each_machine.tensorrt.accepted_timings == [b'']


def test_a_plan_is_kept_where_tensorrt_accepts_no_timings(each_machine, bundle):
    each_machine.tensorrt.refuse_timings = True
    each_machine.open(bundle)
    assert each_machine.tensorrt.builds == len(list(each_machine.directory.glob('*.plan'))) == 3
    each_machine.open(bundle)
    assert each_machine.tensorrt.builds == 3 and not each_machine.warnings


def test_what_the_parser_and_the_builder_say_is_quoted(each_machine, bundle, tiny, tmp_path):
    with pytest.raises(EngineError, match=r'its parser refuses .*vision_fp32\.onnx \('):
        each_machine.open(tiny.write(tmp_path / 'wrong', vision_fp32=b'not a graph'))
    each_machine.tensorrt.refuse = 'Not enough\nmemory.'
    with pytest.raises(EngineError, match=r'cannot build the vision graph \(Not enough memory\.\)'):
        each_machine.open(bundle)


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
def slow_build(each_machine, monkeypatch):
    """A build whose first step ends when it has been cancelled."""
    build = _imported('build')
    monkeypatch.setattr(build, 'PERIOD', 0.001)
    cancelled = threading.Event()
    cancel = build.Progress.cancel
    monkeypatch.setattr(build.Progress, 'cancel', lambda this: (cancel(this), cancelled.set()))
    each_machine.tensorrt.on_step = lambda: cancelled.wait(30)


@pytest.mark.usefixtures('slow_build')
def test_a_build_can_be_cancelled(each_machine, bundle):
    told = []
    with pytest.raises(EngineError, match='Opening tensorrt was cancelled'):
        each_machine.open(bundle, progress=told.append, cancelled=lambda: 'builds' in ' '.join(told))
    assert each_machine.tensorrt.builds == 0
    assert not list(each_machine.directory.glob('*.plan'))


@pytest.mark.usefixtures('slow_build')
def test_an_interrupt_ends_the_build(each_machine, bundle):
    def progress(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_machine.open(bundle, progress=progress)
    assert each_machine.tensorrt.builds == 0


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
