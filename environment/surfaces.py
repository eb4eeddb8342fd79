"""Writes down what the Python bindings of TensorRT and CUDA offer, for the tests that hold engines to it.

The wheels come from PyPI, are unpacked below .cache/surfaces and imported there, not installed: versions of
one library do not go side by side. The bindings of TensorRT want shared libraries of several hundred
megabytes; to be looked at they need no more than libraries of these names with a few symbols, which the
system's C compiler makes.

    .venv/bin/python environment/surfaces.py          writes test/data/surface_*.json
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / '.cache' / 'surfaces'
DATA = ROOT / 'test' / 'data'

TENSORRT = ('10.3.0', '10.13.3.9', '11.4.0.106')
"""JetPack 6, JetPack 7, and the newest: the versions that the engine is held against."""

CUDA = ('12.6.2.post1', '12.9.10', '13.5.0')
"""Of cuda-python: JetPack 6, and the newest for CUDA 12 and 13."""

CLASSES = (
    'Builder', 'BuilderFlag', 'DataType', 'Dims', 'EngineInspector', 'IBuilderConfig', 'ICudaEngine',
    'IExecutionContext', 'IHostMemory', 'ILayer', 'ILogger', 'INetworkDefinition', 'IProgressMonitor',
    'ITensor', 'ITimingCache', 'LayerInformationFormat', 'LayerType', 'Logger', 'MemoryPoolType',
    'NetworkDefinitionCreationFlag', 'OnnxParser', 'ParserError', 'ProfilingVerbosity', 'Runtime',
    'TensorIOMode',
)
"""Of TensorRT. What the engine uses beyond these fails its tests until it is added here."""

CUDA_CLASSES = ('cudaDeviceAttr', 'cudaDeviceProp', 'cudaError_t', 'cudaMemcpyKind', 'cudaStreamCaptureMode')

PACKAGES = ('tensorrt_bindings', 'cuda')
SPECIAL = ('__init__', '__len__', '__getitem__')

LIBRARIES = ('nvinfer', 'nvinfer_lean', 'nvinfer_plugin', 'nvonnxparser')
SYMBOLS = (
    'createInferBuilder_INTERNAL', 'createInferRefitter_INTERNAL', 'createInferRuntime_INTERNAL',
    'createNvOnnxParser_INTERNAL', 'createNvOnnxParserRefitter_INTERNAL', 'getBuilderPluginRegistry',
    'getNvOnnxParserVersion', 'getPluginRegistry', 'initLibNvInferPlugins',
)


def unpacked(distribution: str, version: str) -> Path:
    """Return a folder with what a wheel holds; bring it if need be."""
    folder = CACHE / f'{distribution}-{version}'
    if not folder.exists():
        wheels = CACHE / 'wheels'
        pip = [sys.executable, '-m', 'pip', '-q', 'download', '--no-deps', '--only-binary', ':all:',
               '--retries', '0', '--timeout', '10']
        subprocess.run([*pip, '--dest', wheels, f'{distribution}=={version}'], check=True,
                       capture_output=True, timeout=100)
        wheel = next(wheels.glob(f'{distribution.replace("-", "_")}-{version}-*.whl'))
        temporary = folder.with_suffix(f'.{os.getpid()}')
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(temporary)
        temporary.rename(folder)
    return folder


def stubs(version: str) -> Path:
    """Return a folder with libraries that have TensorRT's names and no content; compile them if need be."""
    major = version.split('.')[0]
    folder = CACHE / f'stubs-{major}'
    folder.mkdir(parents=True, exist_ok=True)
    code = '\n'.join(f'void *{symbol}(void) {{ return 0; }}' for symbol in SYMBOLS)
    for library in LIBRARIES:
        target = folder / f'lib{library}.so.{major}'
        if not target.exists():
            compiler = [os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-x', 'c', '-', '-o', target]
            subprocess.run(compiler, input=code.encode(), check=True, capture_output=True)
    return folder


def tensorrt_environment(version: str, distribution: str = 'tensorrt-cu12-bindings') -> dict[str, str]:
    """Return variables with which ``import tensorrt_bindings`` works, as far as that goes without a GPU."""
    folder = unpacked(distribution, version)
    return {'PYTHONPATH': os.pathsep.join([str(folder), str(ROOT)]), 'LD_LIBRARY_PATH': str(stubs(version))}


def lean_environment(version: str) -> dict[str, str]:
    """Return variables with which ``import tensorrt_lean_bindings`` works: a runtime without a builder."""
    return tensorrt_environment(version, 'tensorrt-lean-cu12-bindings')


def cuda_environment(version: str) -> dict[str, str]:
    """Return variables with which ``import cuda.bindings`` works."""
    if version.startswith('12.6.'):  # before it was split
        return {'PYTHONPATH': str(unpacked('cuda-python', version))}
    folders = [unpacked('cuda-bindings', version), unpacked('cuda-pathfinder', '1.9.0')]
    return {'PYTHONPATH': os.pathsep.join(map(str, folders))}


def surface(library: str, version: str) -> dict[str, object]:
    """Return what a version offers, as a Python of its own sees it."""
    environment = {'tensorrt': tensorrt_environment, 'cuda': cuda_environment}[library](version)
    said = subprocess.run([sys.executable, __file__, 'describe', library], env=os.environ | environment,
                          check=True, capture_output=True, text=True, timeout=100)
    described: dict[str, object] = json.loads(said.stdout)
    return described


def path(library: str, version: str) -> Path:
    """Return where a surface is kept."""
    return DATA / f'surface_{library}_{version}.json'


# In the Python that has the bindings


def describe(library: str) -> dict[str, object]:
    """Describe the module that can be imported here."""
    python = '{}.{}'.format(*sys.version_info)  # the wording of signatures may be another elsewhere
    if library == 'tensorrt':
        import tensorrt_bindings as module

        return {'version': module.__version__, 'python': python, 'functions': {}, 'constants': {},
                'classes': {name: describe_class(getattr(module, name)) for name in CLASSES}}
    import cuda.bindings
    from cuda.bindings import runtime

    members = {name: getattr(runtime, name) for name in dir(runtime) if name.startswith('cuda')}
    return {
        'version': cuda.bindings.__version__,
        'python': python,
        'functions': {name: signatures(name, member) for name, member in members.items()
                      if callable(member) and not isinstance(member, type)},
        'constants': {name: member for name, member in members.items() if type(member) is int},
        'classes': {name: describe_class(members[name]) for name in CUDA_CLASSES},
    }


def describe_class(kind: type) -> dict[str, object]:
    """Describe methods by their signatures, properties by whether they can be set, members by value.

    ``buffer``: whether bytes can be read from its objects.
    """
    members = getattr(kind, '__members__', {})
    own = {name: member for base in reversed(kind.__mro__) if base.__module__.split('.')[0] in PACKAGES
           for name, member in vars(base).items()
           if (not name.startswith('_') or name in SPECIAL) and name not in members}
    described: dict[str, object] = {'members': {name: int(member) for name, member in members.items()}}
    if not members:
        described |= {
            'buffer': bool(ctypes.pythonapi.PyObject_CheckBuffer(ctypes.py_object(kind.__new__(kind)))),
            'methods': {name: signatures(name, member) for name, member in own.items()
                        if callable(member) and not isinstance(member, type)},
            'properties': {name: getattr(member, 'fset', None) is not None for name, member in own.items()
                           if isinstance(member, property) or type(member).__name__ == 'getset_descriptor'},
        }
        nested = {name: describe_class(member) for name, member in own.items()
                  if isinstance(member, type) and hasattr(member, '__members__')}
        described |= {'classes': nested} if nested else {}
    return described


def signatures(name: str, function: object) -> list[str]:
    """Return the overloads of a function as its documentation gives them, without the library's prefixes."""
    lines = [line.strip() for line in (getattr(function, '__doc__', '') or '').splitlines()]
    overloads = [line.partition('. ')[2] for line in lines if line[:1].isdigit() and f'. {name}(' in line]
    found = overloads or [line for line in lines[:1] if line.startswith(f'{name}(')]
    return [line.replace('tensorrt_bindings.tensorrt.', '').removeprefix(name) for line in found]


def main() -> None:
    """Write all surfaces, or describe the one that can be imported."""
    if sys.argv[1:2] == ['describe']:
        print(json.dumps(describe(sys.argv[2])))
        return
    for library, versions in (('tensorrt', TENSORRT), ('cuda', CUDA)):
        for version in versions:
            text = json.dumps(surface(library, version), indent=1, sort_keys=True)
            path(library, version).write_text(text + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
