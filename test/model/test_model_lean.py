"""The lean runtime of TensorRT, which is real, refuses a damaged plan. It needs a GPU.

    pip install tensorrt-lean-cu12 'cuda-python>=12.9,<13'
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

REFUSE = '''
import sys
import tensorrt_lean
sys.modules['tensorrt'] = tensorrt_lean
from ros2_avloc.errors import EngineError
from ros2_avloc.model.engines import cuda
from ros2_avloc.model.engines.build import LOG
from ros2_avloc.model.engines.tensorrt import Network
try:
    cuda.find_gpu()
except EngineError as error:
    print('skip', error)
    sys.exit()
runtime = tensorrt_lean.Runtime(LOG)
for content in (b'', b'no plan at all', bytes(10_000), b'ptrt' + bytes(range(256)) * 40):
    try:
        Network(runtime, content, 'vision', 'fp16')
    except EngineError as error:
        print('refused:', error)
'''


@pytest.mark.skipif(any(importlib.util.find_spec(name) is None for name in ('tensorrt_lean', 'cuda')),
                    reason='the lean runtime is not installed')
def test_the_real_runtime_refuses_damaged_plans():
    done = subprocess.run([sys.executable, '-c', REFUSE], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith('skip'):
        pytest.skip(done.stdout[5:].strip())
    assert done.stdout.count('refused: TensorRT refuses the plan of the vision graph') == 4
