# ruff: noqa: N802 (the names are the libraries')
"""TensorRT as its bindings describe it, and CUDA, on a GPU that ONNX Runtime plays."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from cuda_double import DATA, Cuda
from onnx import TensorProto, numpy_helper
from surface_double import Double

from ros2_avloc.model.engines import trial

ENGINES = 'ros2_avloc.model.engines'
OURS = ('build', 'cuda', 'tensorrt')
"""Modules of it that import what is played."""


class TensorRt:
    """The module ``tensorrt``, which runs what it builds with ONNX Runtime.

    Attributes
    ----------
    builds
        How many plans were built.
    refuse
        Set it to a sentence, and the builder fails with it.
    warn
        Set it to a sentence, and the builder logs it as a warning.
    refuse_capture
        Set it, and networks cannot be captured.
    refuse_timings
        Set it, and no timing cache is accepted.
    refuse_plans
        Set it, and no plan is accepted.
    tells
        What the inspector calls the types of ONNX.
    """

    def __init__(self, version: str, cuda: Cuda) -> None:
        names = [name for name in vars(type(self)) if name[0].isupper()]
        self.double = Double('tensorrt', DATA / f'surface_tensorrt_{version}.json', {
            name.replace('__', '.', 1): getattr(self, name) for name in names})
        self.module = self.double.module
        self.cuda = cuda
        self.builds, self.refuse, self.warn, self.on_step = 0, '', '', lambda: None
        self.refuse_capture = self.refuse_timings = self.refuse_plans = False
        self.accepted_timings: list[bytes] = []
        self.tells = {TensorProto.FLOAT: 'Float', TensorProto.FLOAT16: 'Half'}
        self._logger: Any = None

    @property
    def header(self) -> bytes:
        return f'plan of {self.module.__version__}\n'.encode()

    def _error(self, sentence: str) -> None:
        self._logger.log(self.module.ILogger.Severity.ERROR, sentence)

    def _memory(self, content: bytes) -> Any:
        return self.module.IHostMemory.__new__(self.module.IHostMemory, content)

    # Builder, network and parser

    def Builder____init__(self, this: Any, logger: Any) -> None:
        assert 'cudaGetDeviceCount' in self.cuda.double.calls
        self._logger = logger

    def Builder__create_network(self, this: Any, flags: int = 0) -> Any:
        assert flags == 1 << int(self.module.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        return self.double.new('INetworkDefinition', model=None)

    def Builder__create_builder_config(self, this: Any) -> Any:
        return self.double.new('IBuilderConfig', flags={self.module.BuilderFlag.TF32})

    def OnnxParser____init__(self, this: Any, network: Any, logger: Any) -> None:
        this.__dict__.update(network=network, num_errors=0)

    def OnnxParser__parse_from_file(self, this: Any, model: str) -> bool:
        try:
            parsed = onnx.shape_inference.infer_shapes(onnx.load(model), strict_mode=True)
        except Exception as error:
            this.__dict__.update(num_errors=1, error=f'{error}')
            return False
        this.__dict__['network'].__dict__.update(model=parsed, num_layers=len(parsed.graph.node))
        return True

    def OnnxParser__get_error(self, this: Any, index: int) -> Any:
        return self.double.new('ParserError', text=this.__dict__['error'])

    def ParserError__desc(self, this: Any) -> str:
        return str(this.__dict__['text'])

    def INetworkDefinition__get_layer(self, this: Any, index: int) -> Any:
        model = this.__dict__['model']
        kinds = self.module.LayerType
        node = model.graph.node[index]
        kind = {'Conv': kinds.CONVOLUTION, 'Gemm': kinds.MATRIX_MULTIPLY,
                'MatMul': kinds.MATRIX_MULTIPLY}.get(node.op_type, kinds.ACTIVATION)
        return self.double.new('ILayer', type=kind, made=node.output[0], model=model)

    def ILayer__get_output(self, this: Any, index: int) -> Any:
        graph = this.__dict__['model'].graph
        types = {entry.name: entry.type.tensor_type.elem_type for entry in tensors_of(graph)}
        kind = {TensorProto.FLOAT: 'FLOAT', TensorProto.FLOAT16: 'HALF'}[types[this.__dict__['made']]]
        return self.double.new('ITensor', dtype=getattr(self.module.DataType, kind))

    # What is built how

    def IBuilderConfig__set_memory_pool_limit(self, this: Any, pool: Any, pool_size: int) -> None:
        assert pool == self.module.MemoryPoolType.WORKSPACE
        this.__dict__['workspace'] = pool_size

    def IBuilderConfig__clear_flag(self, this: Any, flag: Any) -> None:
        this.__dict__['flags'].discard(flag)

    def IBuilderConfig__create_timing_cache(self, this: Any, serialized_timing_cache: bytearray) -> Any:
        assert isinstance(serialized_timing_cache, bytearray), 'bytes are shared'
        if serialized_timing_cache == b'damaged':
            return None
        return self.double.new('ITimingCache', content=serialized_timing_cache)

    def IBuilderConfig__set_timing_cache(self, this: Any, cache: Any, ignore_mismatch: bool) -> bool:
        content = cache.__dict__['content']
        fits = content in (b'', b'timings') and not self.refuse_timings
        if fits:
            this.__dict__['timings'] = cache
            self.accepted_timings.append(bytes(content))
        return fits

    def IBuilderConfig__get_timing_cache(self, this: Any) -> Any:
        taken = 'timings' in this.__dict__
        return self.double.new('ITimingCache', content=b'timings') if taken else None

    def ITimingCache__serialize(self, this: Any) -> Any:
        return self._memory(bytes(this.__dict__['content']))

    def Builder__build_serialized_network(self, this: Any, network: Any, config: Any) -> Any:
        settings = config.__dict__
        assert not settings['flags'] and ('timings' in settings or self.refuse_timings)
        assert 0 <= settings['builder_optimization_level'] <= 5
        assert settings['profiling_verbosity'] == self.module.ProfilingVerbosity.DETAILED
        monitor = settings['progress_monitor']
        monitor.phase_start('Building', None, 2)
        for step in range(2):
            self.on_step()
            if not monitor.step_complete('Building', step):
                return None
        monitor.phase_finish('Building')
        if self.warn:
            self._logger.log(self.module.ILogger.Severity.WARNING, self.warn)
        if self.refuse:
            self._error(self.refuse)
            return None
        self.builds += 1
        return self._memory(self.header + network.__dict__['model'].SerializeToString())

    # Plans that run

    def Runtime____init__(self, this: Any, logger: Any) -> None:
        found = 'cudaGetDeviceCount' in self.cuda.double.calls and not self.cuda.lost
        assert found, 'the real one would take the process down'
        self._logger = logger

    def Runtime__deserialize_cuda_engine(self, this: Any, serialized_engine: bytes) -> Any:
        if self.refuse_plans or not serialized_engine.startswith(self.header):
            self._error('The plan was built by another version.')
            return None
        model = onnx.load_from_string(serialized_engine[len(self.header):])
        tensors = {entry.name: entry.type.tensor_type for entry in (*model.graph.input, *model.graph.output)}
        return self.double.new('ICudaEngine', model=model, tensors=tensors, num_io_tensors=len(tensors))

    def ICudaEngine__get_tensor_name(self, this: Any, index: int) -> str:
        return str(list(this.__dict__['tensors'])[index])

    def ICudaEngine__get_tensor_shape(self, this: Any, name: str) -> tuple[int, ...]:
        return tuple(size.dim_value for size in this.__dict__['tensors'][name].shape.dim)

    def ICudaEngine__get_tensor_dtype(self, this: Any, name: str) -> Any:
        half = this.__dict__['tensors'][name].elem_type == TensorProto.FLOAT16
        return self.module.DataType.HALF if half else self.module.DataType.FLOAT

    def ICudaEngine__create_engine_inspector(self, this: Any) -> Any:
        return self.double.new('EngineInspector', model=this.__dict__['model'])

    def EngineInspector__get_engine_information(self, this: Any, format: Any) -> str:
        assert format == self.module.LayerInformationFormat.JSON
        graph = this.__dict__['model'].graph
        types = {entry.name: self.tells[entry.type.tensor_type.elem_type] for entry in tensors_of(graph)}
        layers = [{'LayerType': 'CaskConvolution' if node.op_type == 'Conv' else node.op_type,
                   'Inputs': [{'Format/Datatype': types[node.input[0]]}],
                   'Outputs': [{'Format/Datatype': types[node.output[0]]}]} for node in graph.node]
        return json.dumps({'Layers': layers})

    def ICudaEngine__create_execution_context(self, this: Any) -> Any:
        model = this.__dict__['model']
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
        return self.double.new('IExecutionContext', model=model, session=session, places={})

    def IExecutionContext__set_tensor_address(self, this: Any, name: str, memory: int) -> bool:
        this.__dict__['places'][name] = memory
        return memory in self.cuda.allocated

    def IExecutionContext__execute_async_v3(self, this: Any, stream_handle: int) -> bool:
        if self.cuda.lost or self.refuse_capture and stream_handle in self.cuda.recording:
            self._error('CUDA failure')
            return False
        known = this.__dict__
        places = dict(known['places'])
        self.cuda.queue(stream_handle, lambda: self._run(known['model'], known['session'], places))
        return True

    def _run(self, model: onnx.ModelProto, session: Any, places: dict[str, int]) -> None:
        tensors = {entry.name: self._at(entry, places) for entry in (*model.graph.input, *model.graph.output)}
        results = session.run(None, {entry.name: tensors[entry.name] for entry in model.graph.input})
        for entry, result in zip(model.graph.output, results, strict=True):
            tensors[entry.name][...] = result

    def _at(self, entry: Any, places: dict[str, int]) -> np.ndarray[Any, Any]:
        shape = [size.dim_value for size in entry.type.tensor_type.shape.dim]
        memory = self.cuda.allocated[places[entry.name]]
        return np.frombuffer(memory, np.float32, int(np.prod(shape))).reshape(shape)


@contextmanager
def played(tensorrt: str = '11.4.0.106', cuda: str = '13.5.0') -> Iterator[TensorRt]:
    """Let this process find TensorRT and cuda-python of these versions, and a GPU."""
    machine = TensorRt(tensorrt, Cuda(cuda))
    bindings = ModuleType('cuda.bindings')
    bindings.runtime = machine.cuda.module
    modules = {'tensorrt': machine.module, 'cuda': ModuleType('cuda'), 'cuda.bindings': bindings}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        for name in OURS:
            patch.delitem(sys.modules, f'{ENGINES}.{name}', raising=False)
        patch.setattr(trial, 'CODE', '')  # a process of its own would not find the double
        yield machine
        for name in OURS:  # they know the double
            sys.modules.pop(f'{ENGINES}.{name}', None)


def tensors_of(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """Return all that has a type."""
    return [*graph.input, *graph.value_info, *graph.output]


def in_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph that computes in float16 between a float32 input and a float32 output."""
    half = onnx.ModelProto.FromString(model.SerializeToString())
    graph = half.graph
    source, result = graph.input[0].name, graph.output[0].name
    for entry in graph.initializer:
        if entry.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(entry).astype(np.float16)
            entry.CopyFrom(numpy_helper.from_array(values, entry.name))
    for node in graph.node:
        node.input[:] = [f'{name}.half' if name == source else name for name in node.input]
        node.output[:] = [f'{name}.half' if name == result else name for name in node.output]
    cast = onnx.helper.make_node
    graph.node.insert(0, cast('Cast', [source], [f'{source}.half'], to=TensorProto.FLOAT16))
    graph.node.append(cast('Cast', [f'{result}.half'], [result], to=TensorProto.FLOAT))
    return half
