"""The model of a node: where its engine is kept, and what is told when its device is lost."""

from __future__ import annotations

import sys

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

pytest.importorskip('onnx')

from gpu_double import played  # noqa: E402

from ros2_avloc.errors import EngineError  # noqa: E402
from ros2_avloc.model.engines.options import EngineOptions  # noqa: E402
from ros2_avloc.node.diagnostics import tell  # noqa: E402
from ros2_avloc.node.mailbox import Stream  # noqa: E402
from ros2_avloc.node.model import Model  # noqa: E402
from ros2_avloc.node.settings import Settings  # noqa: E402
from ros2_avloc.node.statistics import Faults, Statistics  # noqa: E402
from ros2_avloc.node.view import View  # noqa: E402


@pytest.fixture
def cuda():
    """A GPU with TensorRT, both played."""
    with played() as machine:
        yield machine.cuda


def settings(bundle, directory, **more):
    return Settings.from_values({'model.bundle': str(bundle), 'model.cache_dir': str(directory),
                                 'model.precision': 'fp32', **{f'model.{name}': value
                                                               for name, value in more.items()}})


def engine_status(settings, declined=(), **more):
    view = View(state='active', failure='', settings=settings, bundle='lamp 1', declined=declined, topics={
        stream: stream.value for stream in Stream}, publishers=dict.fromkeys(Stream, 1), audio_type='',
        lost={}, statistics=Statistics(Faults(lambda _: None)), **more)
    return tell('engine', view, DiagnosticStatus())


def test_plans_are_kept_where_the_parameter_says(cuda, lamp_bundle, tmp_path):
    model = Model(settings(lamp_bundle, tmp_path / 'mine', engine='tensorrt', strict=True))
    assert model.identity.name == 'tensorrt'
    assert len(list((tmp_path / 'mine').glob('*.plan'))) == 3
    model.close()
    assert not cuda.allocated


def test_a_lost_device_shows_and_the_next_engine_answers(cuda, lamp_bundle, tmp_path):
    warnings = []
    wanted = settings(lamp_bundle, tmp_path / 'mine')
    model = Model(wanted, EngineOptions(warn=warnings.append))
    model.warm_up()
    assert model.identity.name == 'tensorrt' and not model.lost_device
    cuda.lost = True
    model.warm_up()
    assert model.identity.name in ('openvino', 'onnxruntime')
    assert model.identity.precision == 'fp32'  # as asked for
    assert warnings == [model.lost_device]
    assert model.lost_device.startswith('tensorrt has lost Played GPU (compute capability 8.7): CUDA says: ')
    assert model.lost_device.endswith(f'{model.identity.name} runs instead.')
    status = engine_status(wanted, engine=model.identity, lost_device=model.lost_device)
    assert (status.level, status.message) == (DiagnosticStatus.ERROR, model.lost_device)
    model.close()


def test_why_the_lost_engine_is_not_followed_by_a_faster_one_shows(cuda, lamp_bundle, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    monkeypatch.delitem(sys.modules, 'ros2_avloc.model.engines.openvino', raising=False)
    wanted = settings(lamp_bundle, tmp_path / 'mine', precision='auto')
    model = Model(wanted)
    first, = model.declined
    assert first.startswith('tensorrt in fp16 was not taken: ')
    cuda.lost = True
    model.warm_up()
    assert model.identity.name == 'onnxruntime'
    status = engine_status(wanted, tuple(model.declined), engine=model.identity)
    told = {value.key: value.value for value in status.values}
    assert told['not taken 1'] == first
    assert told['not taken 2'].startswith('openvino was not taken: it cannot be imported')
    assert 'not taken 3' not in told
    model.close()


def test_strict_takes_no_other_engine_and_says_so(cuda, lamp_bundle, tmp_path):
    model = Model(settings(lamp_bundle, tmp_path / 'mine', engine='tensorrt', strict=True))
    cuda.lost = True
    for _ in range(2):
        with pytest.raises(EngineError, match='tensorrt has lost'):
            model.warm_up()
    assert model.lost_device.endswith('Nothing takes its place: model.strict allows no other engine.')
    model.close()


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_a_precision_that_runs_as_asked_for_is_well(lamp_bundle, tmp_path, precision):
    wanted = settings(lamp_bundle, tmp_path, engine='openvino', precision=precision, strict=True)
    try:
        model = Model(wanted)
    except EngineError as error:
        assert precision != 'fp32'
        pytest.skip(str(error))
    status = engine_status(wanted, engine=model.identity)
    assert status.level == DiagnosticStatus.OK
    assert status.message.startswith(f'openvino in {precision} on CPU (')
    model.close()


def test_a_build_that_goes_on_shows():
    status = engine_status(Settings(), engine=None, building='TensorRT builds the vision graph in fp16')
    assert status.level == DiagnosticStatus.WARN
    assert status.message == 'TensorRT builds the vision graph in fp16'


def test_build_only_opens_the_engine_and_ends(start_node, lamp_bundle):
    node = start_node(build_only=True, model__bundle=lamp_bundle, model__engine='onnxruntime')
    assert node.wait() == 0
    assert 'runs on onnxruntime' in node.log


def test_build_only_fails_where_the_engine_cannot_be_had(start_node, lamp_bundle):
    node = start_node(build_only=True, model__bundle=lamp_bundle, model__engine='tensorrt',
                      model__strict=True)
    assert node.wait() == 1
    assert 'Failed to configure: No engine can run the model. tensorrt was not taken: ' in node.log
    assert 'Traceback' not in node.log
