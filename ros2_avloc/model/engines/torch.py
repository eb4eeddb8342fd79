"""PyTorch: on CUDA devices without TensorRT, with CUDA graphs; elsewhere only where it is asked for."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')  # read when torch is loaded; see `load`

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from ros2_avloc.errors import DeviceLostError, EngineError, EngineUnavailableError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Comparison, EngineIdentity, identify
from ros2_avloc.model.engines.graphs import Array
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.processor import processor_name

_TYPES = {'fp32': torch.float32, 'fp16': torch.float16}
_PRECISIONS = {of_library: precision for precision, of_library in _TYPES.items()}

_PRODUCTS = ('Conv', 'Gemm', 'MatMul')

_WARM_UPS = 3
"""Runs before a CUDA graph is captured, in which cuDNN chooses its kernels."""


def load(bundle: Bundle, precision: str, options: EngineOptions) -> TorchEngine:
    """Load the float32 graphs of a bundle, with weights of a precision.

    On a CPU it uses as many threads as this process has cores. They sleep between two layers, unless the
    environment says otherwise: by default they spin, and take the cores from the node's callbacks.

    Raises
    ------
    EngineError
        If there is no CUDA device and torch was not asked for by name, this precision is not computed in, or
        a graph has an operator that this engine does not know.
    """
    device = _device(options.asked, precision)
    torch.backends.cudnn.allow_tf32 = False  # what is called float32 has its 24 bits
    torch.backends.cudnn.benchmark = True
    vision = _Network(bundle.graph('vision'), _TYPES[precision], device)
    sound = _Network(bundle.graph('sound'), _TYPES[precision], device)
    head = _Network(bundle.graph('head'), torch.float32, device)
    return TorchEngine(device, precision, vision, sound, head)


def _device(asked: str, precision: str) -> torch.device:
    cuda = torch.cuda.is_available()
    if not cuda and asked != 'torch':
        raise EngineUnavailableError('it finds no CUDA device, and is not the fastest on a CPU')
    if precision not in (('fp32', 'fp16') if cuda else ('fp32',)):
        raise EngineError(f'it computes in fp32, on CUDA also in fp16, not in {precision}')
    return torch.device('cuda' if cuda else 'cpu')


class TorchEngine:
    """Runs the towers and the head of AVOL-Net. Used by one thread at a time.

    Parameters
    ----------
    device
        That holds the networks.
    precision
        That was asked for.
    vision, sound, head
        The networks.
    """

    def __init__(self, device: torch.device, precision: str,
                 vision: _Network, sound: _Network, head: _Network) -> None:
        self._device = device
        self._inputs = {'image': _Input((1, 3, 224, 224), device),
                        'spectrogram': _Input((1, 1, 257, 200), device)}
        self._compared = torch.zeros((1, 128), device=device)
        image, spectrogram = (self._inputs[name].tensor for name in ('image', 'spectrogram'))
        layers = vision.layers(image) + sound.layers(spectrogram) + head.layers(vision(image), self._compared)
        self._identity = identify('torch', torch.__version__, _name(device), precision, layers)
        cuda = device.type == 'cuda'
        self._done = torch.cuda.Event(blocking=True) if cuda else None  # type: ignore[no-untyped-call]
        prepare = _capture if cuda else _as_it_is
        self._run = {'sound': prepare(lambda: sound(spectrogram).float()),
                     'vision': prepare(lambda: head(vision(image).float(), self._compared))}

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._identity

    def embed_sound(self, spectrogram: Array) -> Tensor:
        """Embed float32 ``(257, 200)``.

        Raises
        ------
        DeviceLostError
            If the device fails.
        EngineError
            If the input has another shape, or the engine was closed.
        """
        with self._running('sound'):
            self._inputs['spectrogram'].set(spectrogram[None, None])
            return self._run['sound']().clone()

    def look(self, image: Array) -> Comparison:
        """Keep an image: one launch does all that is to be done with it, once its sound is there."""
        return partial(self.localize, image)

    def localize(self, image: Array, sound: Tensor) -> Array:
        """Return float32 ``(14, 14)`` logits; errors as of `embed_sound`."""
        with self._running('vision'):
            self._wait()  # for the sound
            self._inputs['image'].set(image)
            self._compared.copy_(sound)
            result = self._run['vision']()
            self._wait()
            logits: Array = result.cpu().numpy()
            return logits.reshape(logits.shape[-2:]).copy()

    def close(self) -> None:
        """Free all that the engine holds."""
        self._run.clear()
        self._inputs.clear()
        self._compared = torch.empty(0)

    def _wait(self) -> None:
        """Sleep until the device is done: a wait in a copy spins, and keeps the core from callbacks."""
        if self._done is not None:
            self._done.record()
            self._done.synchronize()

    @contextmanager
    def _running(self, graph: str) -> Iterator[None]:
        if not self._run:
            raise EngineError('torch was closed; open an engine again.')
        try:
            with torch.inference_mode():
                yield
        except Exception as error:  # torch raises what it likes
            sentence = ' '.join(str(error).split())
            if _is_lost(self._device):
                raise DeviceLostError(f'torch has lost its device: {sentence}') from error
            raise EngineError(f'torch failed in the {graph} graph: {sentence}') from error


def _name(device: torch.device) -> str:
    if device.type == 'cuda':
        return f'{torch.cuda.get_device_name(device)} (CUDA {torch.version.cuda})'
    return f'CPU ({processor_name()})'


def _is_lost(device: torch.device) -> bool:
    """Whether a device fails by itself, unlike work that asked too much of it, as of its memory."""
    if device.type == 'cpu':
        return False
    try:
        torch.cuda.synchronize(device)
    except Exception:  # torch raises what it likes
        return True
    return False


class _Input:
    """A tensor on the device that is always the same, filled by way of pinned memory."""

    def __init__(self, shape: tuple[int, ...], device: torch.device) -> None:
        self._host = torch.zeros(shape, pin_memory=device.type == 'cuda')
        self.tensor = torch.zeros(shape, device=device)

    def set(self, array: Array) -> None:
        if array.shape != tuple(self._host.shape):
            raise EngineError(f'the input has the shape {array.shape}, not {tuple(self._host.shape)}')
        self._host.copy_(torch.from_numpy(np.ascontiguousarray(array, np.float32)))
        # after a copy that does not wait, torch asks the device before it frees pinned memory: the process
        # ends there if the device is lost
        self.tensor.copy_(self._host)


def _as_it_is(work: Callable[[], Tensor]) -> Callable[[], Tensor]:
    return work


def _capture(work: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Capture work as a CUDA graph; its output is overwritten by each run."""
    with torch.inference_mode():
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = work()

    def run() -> Tensor:
        graph.replay()
        return output

    return run


class _Network:
    """An ONNX file as calls of torch, its weights on a device in a precision."""

    def __init__(self, path: Path, dtype: torch.dtype, device: torch.device) -> None:
        graph = onnx.load(str(path)).graph
        self._dtype = dtype
        self._inputs = [entry.name for entry in graph.input]
        self._output = graph.output[0].name
        constants = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        constants |= {node.output[0]: numpy_helper.to_array(_attributes(node)['value'])
                      for node in graph.node if node.op_type == 'Constant'}
        self._weights = {name: _weight(value, dtype, device) for name, value in constants.items()}
        self._steps = [(_call(node, constants), _tensors(node), node.output[0])
                       for node in graph.node if node.op_type != 'Constant']
        self._products = [node.output[0] for node in graph.node if node.op_type in _PRODUCTS]

    def __call__(self, *inputs: Tensor) -> Tensor:
        return self._compute(inputs)[self._output]

    def layers(self, *inputs: Tensor) -> Counter[str]:
        """Count the convolutions and matrix products by the precision of what they give."""
        known = self._compute(inputs)
        return Counter(_PRECISIONS[known[name].dtype] for name in self._products)

    def _compute(self, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return every tensor of the graph by its name."""
        with torch.inference_mode():
            known = self._weights | {name: value.to(self._dtype)
                                     for name, value in zip(self._inputs, inputs, strict=True)}
            for call, names, output in self._steps:
                known[output] = call(*(known[name] for name in names))
        return known


def _weight(value: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(np.array(value)).to(device)
    if not tensor.is_floating_point():
        return tensor
    order = torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
    return tensor.to(dtype).contiguous(memory_format=order)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def _tensors(node: onnx.NodeProto) -> list[str]:
    """Return the inputs that a call takes as tensors; a shape is settled when the graph is loaded."""
    return list(node.input[:1] if node.op_type == 'Reshape' else node.input)


def _call(node: onnx.NodeProto, constants: dict[str, Any]) -> Callable[..., Tensor]:
    attributes = _attributes(node)
    if node.op_type == 'Reshape':
        return partial(torch.reshape, shape=[int(size) for size in constants[node.input[1]]])
    if node.op_type not in _OPERATORS:
        raise EngineError(f'it does not know the operator {node.op_type}')
    return _OPERATORS[node.op_type](attributes)


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _conv(attributes: dict[str, Any]) -> Callable[..., Tensor]:
    return partial(functional.conv2d, stride=attributes.get('strides', 1), padding=_padding(attributes),
                   dilation=attributes.get('dilations', 1), groups=attributes.get('group', 1))


def _max_pool(attributes: dict[str, Any]) -> Callable[..., Tensor]:
    return partial(functional.max_pool2d, kernel_size=attributes['kernel_shape'],
                   stride=attributes.get('strides', 1), padding=_padding(attributes),
                   dilation=attributes.get('dilations', 1), ceil_mode=bool(attributes.get('ceil_mode', 0)))


def _padding(attributes: dict[str, Any]) -> list[int]:
    pads = list(attributes.get('pads', (0, 0, 0, 0)))
    if pads[:2] != pads[2:] or attributes.get('auto_pad', b'NOTSET') != b'NOTSET':
        raise EngineError('it pads both sides alike, and the graph does not')
    return pads[:2]


def _gemm(attributes: dict[str, Any]) -> Callable[..., Tensor]:
    turned = [bool(attributes.get(name, 0)) for name in ('transA', 'transB')]
    alpha, beta = (float(attributes.get(name, 1.0)) for name in ('alpha', 'beta'))

    def multiply(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        left, right = (matrix.T if turn else matrix for matrix, turn in zip((a, b), turned, strict=True))
        product = alpha * (left @ right)
        return product if c is None else product + beta * c

    return multiply


def _flatten(attributes: dict[str, Any]) -> Callable[..., Tensor]:
    axis = attributes.get('axis', 1)
    return lambda tensor: tensor.reshape(math.prod(tensor.shape[:axis]), -1)


_OPERATORS: dict[str, Callable[[dict[str, Any]], Callable[..., Tensor]]] = {
    'Add': lambda _: torch.add,
    'Cast': lambda _: _same,  # weights are stored in half precision; here all have the network's
    'Conv': _conv,
    'Flatten': _flatten,
    'Gemm': _gemm,
    'GlobalMaxPool': lambda _: partial(torch.amax, dim=(2, 3), keepdim=True),
    'MatMul': lambda _: torch.matmul,
    'MaxPool': _max_pool,
    'Mul': lambda _: torch.mul,
    'Relu': lambda _: torch.relu,
}
