"""The real bindings of TensorRT and CUDA, as far as they go without a GPU."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location('surfaces', ROOT / 'environment' / 'surfaces.py')
surfaces = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(surfaces)

OUR_OWN = '''
from ros2_avloc.model.engines import build, trial
import tensorrt as trt

log = build.Log()
log.log(trt.ILogger.Severity.ERROR, 'It does\\nnot work.')
log.log(trt.ILogger.Severity.WARNING, 'It is late.')
log.log(trt.ILogger.Severity.WARNING, 'It is late.')
log.log(trt.ILogger.Severity.INFO, 'It is noon.')
assert log.warnings() == ['It is late.'] and not log.warnings()
assert log.quote() == 'It does not work.', log.quote()
progress = build.Progress('the vision graph')
progress.phase_start('Building', None, 10)
assert progress.step_complete('Building', 2)
assert progress.sentence() == 'TensorRT builds the vision graph: Building 3 of 10'
progress.cancel()
assert not progress.step_complete('Building', 3)
assert isinstance(log, trt.ILogger) and isinstance(progress, trt.IProgressMonitor)
try:
    trt.Builder(build.LOG)
except TypeError as error:
    print(error)
try:
    exec(trial.CODE)
except TypeError as error:
    print('tried:', error)
'''

NO_GPU = '''
from ros2_avloc.model.engines import cuda
try:
    print(cuda.find_gpu())
except Exception as error:
    print(type(error).__name__, error)
'''

EVERY_CALL = '''
from types import SimpleNamespace
from ros2_avloc.model.engines import cuda

stream, graph = cuda.Stream.__new__(cuda.Stream), cuda.Graph.__new__(cuda.Graph)
stream._stream = graph._stream = cuda.runtime.cudaStream_t()
graph._executable = cuda.runtime.cudaGraphExec_t()
recorded = cuda.runtime.cudaGraph_t()
array = SimpleNamespace(address=0, nbytes=4)
calls = (
    lambda: cuda.runtime.cudaSetDeviceFlags(cuda.runtime.cudaDeviceScheduleBlockingSync),
    cuda.runtime.cudaDeviceSynchronize, lambda: cuda._describe(0),
    lambda: cuda.DeviceArray((2, 3)), lambda: cuda.PinnedArray((2, 3)), cuda.Stream,
    lambda: stream.upload(array, array), lambda: stream.download(array, array),
    lambda: stream.move(array, array), stream.synchronize, lambda: stream.capture(list),
    lambda: cuda.Graph(stream._stream, recorded), graph.launch, lambda: cuda.DeviceArray.close(array),
    lambda: cuda.PinnedArray.close(array), stream.close, graph.close, lambda: stream.broken,
)
assert stream.handle == 0
for call in calls:
    try:
        call()
    except (cuda.CudaError, RuntimeError) as error:  # RuntimeError: that of 12.6
        print(error)
'''


REFUSE = '''
import sys
import tensorrt_lean
sys.modules['tensorrt'] = tensorrt_lean
from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines import cuda
from ros2_avloc.model.engines.build import LOG
from ros2_avloc.model.engines.tensorrt import read_plan
try:
    cuda.find_gpu()
except EngineError as error:
    print('skip', error)
    sys.exit()
runtime = tensorrt_lean.Runtime(LOG)
for content in (b'', b'no plan at all', bytes(10_000), b'ptrt' + bytes(range(256)) * 40):
    try:
        read_plan(runtime, content, 'vision')
    except EngineError as error:
        print('refused:', error)
'''

LEAN = '''
import sys
import tensorrt_lean
sys.modules['tensorrt'] = tensorrt_lean
from ros2_avloc.model.engines.build import LOG
assert 'serialized_engine: ' in tensorrt_lean.Runtime.deserialize_cuda_engine.__doc__
assert isinstance(LOG, tensorrt_lean.ILogger)
try:
    tensorrt_lean.Runtime(LOG)
except TypeError as error:
    print(error)
'''


@pytest.fixture(scope='module')
def bring():
    """Return the variables with which bindings can be imported; skip where they cannot be had."""
    if shutil.which(os.environ.get('CC', 'cc')) is None:
        pytest.skip('there is no C compiler')

    missing = []

    def environment(of, version):
        if missing:  # the next try would take as long
            pytest.skip(f'{missing[0]} cannot be had here')
        try:
            return {'tensorrt': surfaces.tensorrt_environment, 'lean': surfaces.lean_environment,
                    'cuda': surfaces.cuda_environment}[of](version)
        except (subprocess.SubprocessError, OSError, StopIteration):
            missing.append(f'{of} {version}')
            pytest.skip(f'{missing[0]} cannot be had here')

    return environment


def run(code, environment):
    done = subprocess.run([sys.executable, '-c', code], env=os.environ | environment, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done


BINDINGS = [(of, version) for of, versions in (('tensorrt', surfaces.TENSORRT), ('cuda', surfaces.CUDA))
            for version in versions]


@pytest.mark.parametrize(('of', 'version'), BINDINGS)
def test_what_is_written_down_is_what_the_wheel_has(bring, of, version):
    written = json.loads(surfaces.path(of, version).read_text())
    if written['python'] != '{}.{}'.format(*sys.version_info):
        pytest.skip(f'it was written by Python {written["python"]}')
    bring(of, version)
    assert written == surfaces.surface(of, version)


def named(module, folder):
    """Return a folder in which bindings have the name by which they are known where they are installed."""
    (folder / f'{module}.py').write_text(f'from {module}_bindings import *\n'
                                         f'from {module}_bindings import __version__\n')
    return str(folder)


@pytest.mark.parametrize('version', surfaces.TENSORRT)
def test_our_classes_fit_those_of_the_real_bindings(bring, version, tmp_path):
    environment = bring('tensorrt', version)
    path = os.pathsep.join([named('tensorrt', tmp_path), environment['PYTHONPATH']])
    done = run(OUR_OWN, environment | {'PYTHONPATH': path})
    assert done.stdout.count('factory function returned nullptr') == 2  # as the empty libraries have it


@pytest.mark.skipif(any(importlib.util.find_spec(name) is None for name in ('tensorrt_lean', 'cuda')),
                    reason='the lean runtime is not installed')
def test_the_real_lean_runtime_refuses_damaged_plans():
    """It needs a GPU, and ``pip install tensorrt-lean-cu12 'cuda-python>=12.9,<13'``."""
    done = run(REFUSE, {})
    if done.stdout.startswith('skip'):
        pytest.skip(done.stdout[5:].strip())
    assert done.stdout.count('refused: TensorRT refuses the plan of the vision graph') == 4


no_gpu = pytest.mark.skipif(Path('/dev/nvidiactl').exists(), reason='there is a GPU')


@no_gpu
@pytest.mark.parametrize('version', surfaces.TENSORRT)
def test_the_lean_runtime_has_what_damaged_plans_are_tried_with(bring, version, tmp_path):
    lean, cuda = bring('lean', version), bring('cuda', surfaces.CUDA[1])
    path = os.pathsep.join([named('tensorrt_lean', tmp_path), cuda['PYTHONPATH'], lean['PYTHONPATH']])
    done = run(LEAN, lean | {'PYTHONPATH': path})
    assert 'factory function returned nullptr' in done.stdout  # as the empty libraries have it
    done = run(REFUSE, lean | {'PYTHONPATH': path})
    assert done.stdout.startswith('skip no CUDA device can be used')


@no_gpu
@pytest.mark.parametrize('version', surfaces.CUDA)
def test_without_a_driver_the_real_cuda_python_says_so(bring, version):
    environment = bring('cuda', version)
    path = os.pathsep.join([environment['PYTHONPATH'], str(ROOT)])
    done = run(NO_GPU, {'PYTHONPATH': path})
    assert done.stdout.startswith('EngineUnavailableError no CUDA device can be used (')
    assert 'CUDA says: ' in done.stdout or 'libcuda.so.1' in done.stdout  # 12.6 looks for the driver itself


@no_gpu
@pytest.mark.parametrize('version', surfaces.CUDA)
def test_the_real_cuda_python_takes_every_call_and_reports_that_no_driver_is_there(bring, version):
    environment = bring('cuda', version)
    path = os.pathsep.join([environment['PYTHONPATH'], str(ROOT)])
    done = run(EVERY_CALL, {'PYTHONPATH': path})
    assert done.stdout.count('\n') >= 11  # to close what is not there need not fail
