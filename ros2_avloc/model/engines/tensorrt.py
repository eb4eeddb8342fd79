"""TensorRT 10.3 to 11 on a CUDA device: float16 or float32."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorrt as trt

from ros2_avloc.errors import DeviceLostError, EngineError
from ros2_avloc.model.bundle import Bundle
from ros2_avloc.model.engines.base import Comparison, EngineIdentity
from ros2_avloc.model.engines.build import LOG, build
from ros2_avloc.model.engines.cuda import Array, DeviceArray, Gpu, PinnedArray, Stream, find_gpu
from ros2_avloc.model.engines.layers import count_products
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.model.engines.plans import PlanCache, PlanKey, cache_directory
from ros2_avloc.model.engines.trial import check_survives

PRECISIONS = ('fp16', 'fp32')

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    'vision': {'image': (1, 3, 224, 224), 'cells': (1, 128, 14, 14)},
    'sound': {'spectrogram': (1, 1, 257, 200), 'sound': (1, 128)},
    'head': {'cells': (1, 128, 14, 14), 'sound': (1, 128), 'logits': (1, 1, 14, 14)},
}
"""Tensors of each graph; all float32, whatever is computed in between."""

SOUNDS = 3
"""Embeddings that have a place from the start; a node holds that of the last hop, and the next."""


def load(bundle: Bundle, precision: str, options: EngineOptions) -> TensorRtEngine:
    """Load the plans of a bundle from the cache, or build them.

    Parameters
    ----------
    bundle
        The model.
    precision
        ``'fp16'`` or ``'fp32'``, of the towers. The head is always computed in float32.
    options
        Where plans are kept, how they are built, and who is told.

    Raises
    ------
    EngineError
        If there is no GPU that can be used, the bundle has no graphs of this precision, or TensorRT refuses.
    """
    if precision not in PRECISIONS:
        raise EngineError(f'it computes in fp16 or fp32, not in {precision}')
    if not bundle.has_precision(precision):
        raise EngineError(f'{bundle.path} has no graphs in {precision}')
    gpu = find_gpu()  # first of all: TensorRT takes the process down where there is none
    cache = PlanCache(cache_directory(options.cache_dir), options.warn)
    check_survives(cache, f'TensorRT {trt.__version__}, driver for CUDA {gpu.driver}, {gpu.name}',
                   options)
    runtime = trt.Runtime(LOG)
    try:
        with cache.locked(options.cancelled, options.progress):
            networks = {graph: _network(runtime, bundle, _key(bundle, graph, precision, gpu), cache, options)
                        for graph in SHAPES}
    finally:
        for warning in LOG.warnings():
            options.warn(f'TensorRT warns: {warning}')
    device = f'{gpu.name} (compute capability {gpu.capability})'
    products = sum((network.products for network in networks.values()), Counter())
    layers = ', '.join(f'{one}: {count}' for one, count in sorted(products.items()))
    identity = EngineIdentity('tensorrt', trt.__version__, device, precision, layers)
    return TensorRtEngine(identity, networks, options.warn)


def _key(bundle: Bundle, graph: str, precision: str, gpu: Gpu) -> PlanKey:
    computes = 'fp32' if graph == 'head' else precision
    return PlanKey(bundle.sha256, graph, computes, trt.__version__, gpu.name, gpu.capability, gpu.processors)


def _network(runtime: Any, bundle: Bundle, key: PlanKey, cache: PlanCache, options: EngineOptions) -> Network:
    """Return the network of a stored plan, or of a new one.

    A plan that TensorRT can read is never built again, whatever the network is refused for: it would be the
    same, after minutes, at every start.
    """
    engine = _stored(runtime, key, cache, options)
    if engine is None:
        engine = _built(runtime, bundle, key, cache, options)
    return Network(engine, key.graph, key.precision)


def _stored(runtime: Any, key: PlanKey, cache: PlanCache, options: EngineOptions) -> Any:
    plan = cache.load(key)
    if plan is None:
        return None
    try:
        return read_plan(runtime, plan, key.graph)
    except EngineError as error:
        options.warn(f'The plan {key.name} is built again: {error}.')
        return None


def _built(runtime: Any, bundle: Bundle, key: PlanKey, cache: PlanCache, options: EngineOptions) -> Any:
    began = time.monotonic()
    plan = build(bundle.graph(key.graph, key.precision), key, cache, options)
    seconds = round(time.monotonic() - began, 1)
    engine = read_plan(runtime, plan, key.graph)
    cache.store(key, plan, seconds=seconds)
    return engine


def read_plan(runtime: Any, plan: bytes, graph: str) -> Any:
    """Return what TensorRT makes of the plan of a graph; raise EngineError if it refuses that."""
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise EngineError(f'TensorRT refuses the plan of the {graph} graph ({LOG.quote()})')
    return engine


class Network:
    """A plan that TensorRT has read, ready to run once every tensor has an address.

    Attributes
    ----------
    products
        How many convolutions and matrix products it computes in which precision, as far as TensorRT tells.

    Raises
    ------
    EngineError
        If it has other tensors than the graph has, or tells another precision, or cannot be made ready.
    """

    def __init__(self, engine: Any, graph: str, precision: str) -> None:
        self._graph = graph
        self._engine = engine
        self._check_tensors()
        self.products = self._count_products(precision)
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError(f'the {graph} graph cannot be made ready ({LOG.quote()})')

    def connect(self, **tensors: DeviceArray) -> None:
        """Say where each tensor lies."""
        for name, array in tensors.items():
            if not self._context.set_tensor_address(name, array.address):
                raise EngineError(f'the tensor {name} of the {self._graph} graph cannot lie there')

    def queue(self, stream: Stream) -> None:
        """Queue a run."""
        if not self._context.execute_async_v3(stream.handle):
            raise EngineError(f'the {self._graph} graph cannot be run ({LOG.quote()})')

    def _check_tensors(self) -> None:
        engine = self._engine
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        shapes = {name: tuple(engine.get_tensor_shape(name)) for name in names}
        types = {engine.get_tensor_dtype(name) for name in names}
        if shapes != SHAPES[self._graph] or types != {trt.DataType.FLOAT}:
            raise EngineError(f'the {self._graph} graph needs float32 tensors of {SHAPES[self._graph]}, '
                              f'and has {shapes}')

    def _count_products(self, precision: str) -> Counter[str]:
        inspector = self._engine.create_engine_inspector()
        products = count_products(inspector.get_engine_information(trt.LayerInformationFormat.JSON))
        if products and precision != min(products):  # 'fp16' is the lower one
            raise EngineError(f'the {self._graph} graph is computed in {min(products)}, not in {precision}')
        return products


class Program:
    """Work for the stream that is always the same: done once to warm up, then captured as a CUDA graph.

    Where it cannot be captured it is queued piece by piece.
    """

    def __init__(self, stream: Stream, queue: Callable[[], None], warn: Callable[[str], None]) -> None:
        queue()
        stream.synchronize()
        self.run = queue
        self.close: Callable[[], None] = lambda: None
        try:
            graph = stream.capture(queue)
        except EngineError as error:
            warn(f'TensorRT runs without CUDA graphs: {error}.')
        else:
            self.run, self.close = graph.launch, graph.close


@dataclass(frozen=True)
class Embedding:
    """A sound's embedding, where it was computed."""

    array: DeviceArray


class TensorRtEngine:
    """Runs the towers and the head of AVOL-Net on a CUDA device. Used by one thread at a time.

    Memory is allocated once; a frame costs a copy there, the launch of one CUDA graph, and a copy back. The
    embedding of a sound stays on the device.

    Parameters
    ----------
    identity
        What runs, as the library says it.
    networks
        By graph.
    warn
        Told if CUDA graphs cannot be used.
    """

    def __init__(self, identity: EngineIdentity, networks: dict[str, Network],
                 warn: Callable[[str], None]) -> None:
        self._identity = identity
        self._networks = networks
        self._sounds: list[DeviceArray] = []  # all that were ever given out
        self._spare: list[DeviceArray] = []  # those of them that nobody holds any more
        with ExitStack() as stack:
            stack.callback(self._free_sounds)
            self._stream = stack.enter_context(closing(Stream()))
            self._allocate(stack)
            self._spare += [self._new_sound() for _ in range(SOUNDS)]
            stack.callback(self._networks.clear)
            self._connect()
            self._programs = {
                'sound': stack.enter_context(closing(Program(self._stream, self._queue_sound, warn))),
                'vision': stack.enter_context(closing(Program(self._stream, self._queue_vision, warn)))}
            self._held: ExitStack | None = stack.pop_all()

    @property
    def identity(self) -> EngineIdentity:
        """What runs."""
        return self._identity

    def embed_sound(self, spectrogram: Array) -> Embedding:
        """Embed float32 ``(257, 200)``.

        Raises
        ------
        DeviceLostError
            If the device fails.
        EngineError
            If the input has another shape, the device's memory is full, or the engine was closed.
        """
        with self._running('sound'):
            self._stream.synchronize()  # the last sound may still be on its way from where this one goes
            self._give('spectrogram', spectrogram[None, None])
            self._programs['sound'].run()
            array = self._spare.pop() if self._spare else self._new_sound()
            self._stream.move(self._device['embedded'], array)
        embedding = Embedding(array)
        weakref.finalize(embedding, self._spare.append, array).atexit = False
        return embedding

    def look(self, image: Array) -> Comparison:
        """Keep an image: one launch does all that is to be done with it, once its sound is there."""
        return partial(self.localize, image)

    def localize(self, image: Array, sound: Embedding) -> Array:
        """Return float32 ``(14, 14)`` logits; errors as of `embed_sound`."""
        with self._running('vision'):
            self._give('image', image)
            self._stream.move(sound.array, self._device['compared'])
            self._programs['vision'].run()
            self._stream.synchronize()
            logits: Array = self._host['logits'].array[0, 0].copy()
            return logits

    def close(self) -> None:
        """Free what the engine holds, on a lost device too."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _allocate(self, stack: ExitStack) -> None:
        names = ('image', 'cells', 'spectrogram', 'embedded', 'compared', 'logits')
        self._device = {name: stack.enter_context(closing(DeviceArray(_shape(name)))) for name in names}
        self._host = {name: stack.enter_context(closing(PinnedArray(_shape(name))))
                      for name in ('image', 'spectrogram', 'logits')}

    def _new_sound(self) -> DeviceArray:
        array = DeviceArray(_shape('sound'))
        self._sounds.append(array)
        return array

    def _free_sounds(self) -> None:
        for array in self._sounds:
            array.close()

    def _connect(self) -> None:
        device = self._device
        self._networks['sound'].connect(spectrogram=device['spectrogram'], sound=device['embedded'])
        self._networks['vision'].connect(image=device['image'], cells=device['cells'])
        self._networks['head'].connect(cells=device['cells'], sound=device['compared'],
                                       logits=device['logits'])

    def _queue_sound(self) -> None:
        self._stream.upload(self._host['spectrogram'], self._device['spectrogram'])
        self._networks['sound'].queue(self._stream)

    def _queue_vision(self) -> None:
        self._stream.upload(self._host['image'], self._device['image'])
        self._networks['vision'].queue(self._stream)
        self._networks['head'].queue(self._stream)
        self._stream.download(self._device['logits'], self._host['logits'])

    def _give(self, name: str, array: Array) -> None:
        place = self._host[name].array
        if array.shape != place.shape:
            raise EngineError(f'the {name} has the shape {array.shape}, not {place.shape}')
        place[...] = array

    @contextmanager
    def _running(self, graph: str) -> Iterator[None]:
        if self._held is None:
            raise EngineError('tensorrt was closed; open an engine again.')
        try:
            yield
        except EngineError as error:
            if self._stream.broken:
                raise DeviceLostError(f'tensorrt has lost {self._identity.device}: {error}') from error
            raise EngineError(f'tensorrt failed in the {graph} graph: {error}') from error


def _shape(name: str) -> tuple[int, ...]:
    name = 'sound' if name in ('embedded', 'compared') else name
    return next(tensors[name] for tensors in SHAPES.values() if name in tensors)
